import contextlib
import json
import pickle
import shutil

import pytest
import torch
from torch import nn
from transformers import AutoModelForTokenClassification

from ctl.backbones.loading import (
    count_layers,
    freeze,
    load_config,
    load_encoder,
    load_language_model,
    load_token_classifier,
    load_tokenizer,
    split_revision,
)
from ctl.errors import CTLError


def test_what_is_frozen():
    model = nn.ModuleDict({"embeddings": nn.Embedding(3, 2), "pooler": nn.Linear(2, 2)})
    model["layer"] = nn.ModuleList([nn.Linear(2, 2) for _ in range(12)])
    freeze(model, embeddings=True, layers=2)
    free = {name for name, parameter in model.named_parameters() if parameter.requires_grad}
    assert free == {f"layer.{number}.{part}" for number in range(2, 12) for part in ("weight", "bias")}


def test_layers_and_embeddings_of_gpt2_are_frozen_too(language_models):
    """Its parameters are called h.0 and wte."""
    model = load_encoder(str(language_models["gpt2"]))
    freeze(model, embeddings=True, layers=1)
    free = {name.partition(".")[2][:1] for name, each in model.named_parameters() if each.requires_grad}
    named = {name.split(".")[0] for name, each in model.named_parameters() if each.requires_grad}
    assert named == {"h", "ln_f"} and free == {"1", "w", "b"}


def test_layers_are_counted(family, language_models):
    for folder in (family / "encoder", language_models["gpt2"], language_models["llama"]):
        assert count_layers(load_encoder(str(folder))) == 2


def test_it_is_loaded_to_be_trained(family):
    """`from_pretrained` leaves a model in evaluation mode, in which nothing is dropped out."""
    encoder = load_encoder(str(family / "encoder"))
    assert all(part.training for part in encoder.modules()) and encoder.dtype == torch.float32


EVIL = "from pathlib import Path\nPath(__file__).with_name('ran').touch()\nclass Evil: pass\n"


@pytest.fixture
def stranger(family, tmp_path, monkeypatch):
    """Writes a copy of a backbone with other settings and code beside them; whoever asks for an answer gets a yes."""
    asked = []
    monkeypatch.setattr("builtins.input", lambda *question: asked.append(question) or "y")

    def write(file, settings):
        folder = tmp_path / "stranger"
        shutil.copytree(family / "encoder", folder)
        (folder / "evil.py").write_text(EVIL)
        before = json.loads((folder / file).read_text()) if (folder / file).is_file() else {}
        (folder / file).write_text(json.dumps({**before, **settings}))
        return folder

    yield write
    assert not asked and not list(tmp_path.rglob("ran"))


@pytest.mark.parametrize("load", [load_config, load_encoder, load_token_classifier])
def test_a_model_that_brings_code_is_refused_at_once(stranger, load):
    names = ("AutoConfig", "AutoModel", "AutoModelForTokenClassification")
    folder = stranger("config.json", {"model_type": "evil", "auto_map": dict.fromkeys(names, "evil.Evil")})
    with pytest.raises(CTLError, match="it brings code of its own, which ctl does not run"):
        load(str(folder))


def test_code_beside_a_known_model_is_left_alone(stranger):
    names = ("AutoConfig", "AutoModel", "AutoModelForMaskedLM", "AutoModelForTokenClassification")
    folder = stranger("config.json", {"auto_map": dict.fromkeys(names, "evil.Evil")})
    assert load_encoder(str(folder)).config.model_type == "bert"
    assert load_encoder(str(folder)) and load_language_model(str(folder), causal=False)


def test_code_of_a_tokenizer_does_not_run(stranger):
    folder = stranger(
        "tokenizer_config.json", {"tokenizer_class": "Evil", "auto_map": {"AutoTokenizer": [None, "evil.Evil"]}}
    )
    with contextlib.suppress(CTLError):
        assert load_tokenizer(str(folder)).is_fast  # in place of it, transformers takes the tokenizer of the model


def test_adapters_are_refused(stranger):
    """Their settings name a base elsewhere, and a module to import."""
    folder = stranger(
        "adapter_config.json", {"peft_type": "LORA", "base_model_name_or_path": "x/y", "megatron_core": "evil"}
    )
    with pytest.raises(CTLError, match="it holds adapters"):
        load_encoder(str(folder))


@pytest.mark.parametrize("key", ["attn_implementation", "_attn_implementation"])
def test_a_kernel_of_the_hub_is_not_fetched(stranger, key):
    folder = stranger("config.json", {key: "kernels-community/evil"})
    try:
        assert load_encoder(str(folder)).config._attn_implementation == "sdpa"
    except CTLError as error:
        assert "asks for a kernel, code of the Hub" in str(error)


def test_weights_elsewhere_are_not_read(stranger):
    folder = stranger("model.safetensors.index.json", {"weight_map": {"a": "../other.safetensors"}})
    with pytest.raises(CTLError, match=r"names a file elsewhere \(\.\./other\.safetensors\)"):
        load_encoder(str(folder))


def test_weights_that_hold_more_than_tensors_are_told_without_the_advice_to_read_them(family, tmp_path):
    folder = shutil.copytree(family / "encoder", tmp_path / "pickled")
    (folder / "model.safetensors").unlink()
    for content in (b"garbage", pickle.dumps(contextlib.suppress)):
        (folder / "pytorch_model.bin").write_bytes(content)
        with pytest.raises(CTLError, match=r"its weights .*; is the folder whole\?") as told:
            load_encoder(str(folder))
        assert "weights_only" not in str(told.value) and "\n" not in str(told.value)


@pytest.fixture
def classifier(family, tmp_path):
    """A token classifier of two layers, and its configuration."""
    config = load_config(str(family / "encoder"))
    config.num_labels = 3
    AutoModelForTokenClassification.from_config(config).save_pretrained(tmp_path)
    return tmp_path


def test_a_classifier_that_would_answer_at_random_is_refused(family, classifier):
    assert load_token_classifier(str(classifier))
    shutil.copy(family / "encoder" / "model.safetensors", classifier)
    with pytest.raises(CTLError, match=r"its weights are not those of its config\.json: 2 are missing or too many"):
        load_token_classifier(str(classifier))


@pytest.mark.parametrize(
    ("setting", "value", "message"),
    [
        ("num_hidden_layers", 1, "are missing or too many"),
        ("num_hidden_layers", 3, "are missing or too many"),
        ("intermediate_size", 8, "of other sizes than its config.json says; is the folder whole?"),
    ],
)
def test_a_classifier_whose_configuration_is_another_is_refused(classifier, setting, value, message):
    config = json.loads((classifier / "config.json").read_text())
    (classifier / "config.json").write_text(json.dumps({**config, setting: value}))
    with pytest.raises(CTLError, match=message):
        load_token_classifier(str(classifier))


def test_a_hub_name_has_a_revision_and_a_folder_none(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "model@home").mkdir()
    assert split_revision("owner/name@v1") == ("owner/name", "v1")
    assert split_revision("owner/name") == split_revision("owner/name@") == ("owner/name", None)
    assert split_revision("model@home") == ("model@home", None)


@pytest.mark.parametrize(
    ("version", "hint"), [("99.0.1", "saved by transformers 99.0.1, and"), ("4.9", "the folder whole")]
)
def test_a_model_of_a_later_transformers_says_so(tmp_path, version, hint):
    settings = {"model_type": "bert", "hidden_size": "wide", "transformers_version": version}
    (tmp_path / "config.json").write_text(json.dumps(settings))
    with pytest.raises(CTLError, match=hint):
        load_config(str(tmp_path))
