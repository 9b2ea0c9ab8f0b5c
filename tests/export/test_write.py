import json
import shutil

import numpy as np
import pytest
import torch
import yaml
from safetensors.torch import load_file

import ctl
from ctl.data.readers import read_conll
from ctl.export.check import SENTENCES, check_network, sample
from ctl.export.token_classifier import to_transformers
from ctl.export.write import export
from ctl.main import main
from ctl.modules import Student, Teacher
from ctl.tagging.text_tagger import TextTagger
from ctl.tagging.trained import load_trained

SMALL = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 64}
ARCHITECTURES = {
    "bert": {"max_position_embeddings": 128},
    "xlm-roberta": {"max_position_embeddings": 130},
    "modernbert": {"max_position_embeddings": 128, "norm_bias": True, "classifier_bias": True},
    "distilbert": {"dim": 32, "hidden_dim": 64, "n_heads": 4, "n_layers": 2, "max_position_embeddings": 128},
    "qwen3": {"num_key_value_heads": 2, "head_dim": 8, "max_position_embeddings": 128},
}


def make_checkpoint(folder, family, architecture, **settings):
    """The checkpoint of a tagger with this backbone, as a fit leaves it, with random weights, norms included."""
    from transformers import AutoConfig, AutoModel, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(family / "encoder")
    special = {f"{name}_token_id": getattr(tokenizer, f"{name}_token_id") for name in ("pad", "cls", "sep")}
    special |= {"bos_token_id": tokenizer.cls_token_id, "eos_token_id": tokenizer.sep_token_id}
    config = AutoConfig.for_model(
        architecture, vocab_size=len(tokenizer), **{**SMALL, **special, **ARCHITECTURES[architecture]}
    )
    torch.manual_seed(3)
    backbone = folder / "backbone"
    AutoModel.from_config(config).save_pretrained(backbone)
    tokenizer.save_pretrained(backbone)
    kind = Teacher if "taught_by" not in settings else Student
    settings.pop("taught_by", None)
    tagger = kind(backbone=str(backbone), types=["PER", "ORG", "LOC"], **settings)
    tagger.configure_model()
    with torch.no_grad():
        for parameter in tagger.parameters():  # far from where models begin, where norms do nothing
            parameter.add_(torch.randn_like(parameter) * (0.3 if parameter.ndim == 1 else 0.1))
    tagger.sources = ("a2",)
    checkpoint = {"hyper_parameters": dict(tagger.hparams), "state_dict": tagger.state_dict()}
    tagger.on_save_checkpoint(checkpoint)
    path = folder / "checkpoints" / "last.ckpt"
    path.parent.mkdir()
    torch.save(checkpoint, path)
    return path


def load(run):
    return ctl.load_tagger(run, device="cpu", precision="32")


def entities(tagged):
    return [(span.type, span.start, span.end) for span in tagged.spans]


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_a_pipeline_finds_the_same_entities(family, tmp_path, architecture):
    from transformers import pipeline

    make_checkpoint(tmp_path, family, architecture, pooling="first")
    exported = export(tmp_path, tmp_path / "exported")
    assert (exported.same, exported.entities > 100) == (SENTENCES, True)
    assert exported.difference < 1e-4
    find = pipeline("token-classification", model=str(tmp_path / "exported"), aggregation_strategy="first")
    corpus = read_conll(family / "a1" / "test.txt", "a1/test")
    sentences = [corpus.sentence(index) for index in range(30)]
    ours, again = (load(run)(sentences) for run in (tmp_path, tmp_path / "exported"))
    for mine, same in zip(ours, again, strict=True):
        theirs = find(mine.text)
        assert [(found["entity_group"], found["start"], found["end"]) for found in theirs] == entities(mine)
        np.testing.assert_allclose(
            [found["score"] for found in theirs], [span.confidence for span in mine.spans], atol=1e-4
        )
        np.testing.assert_allclose(mine.probabilities, same.probabilities, atol=1e-4)
    assert sum(len(mine.spans) for mine in ours) > 30


def test_a_head_with_other_layers_is_refused(family, tmp_path):
    """As ModernBERT's own head would be, were it not opened."""
    make_checkpoint(tmp_path, family, "modernbert")
    trained = load_trained(tmp_path)
    tagger, model = TextTagger(trained, device="cpu", precision="32"), to_transformers(trained)
    assert check_network(tagger, model, sample(tagger)) < 1e-4
    torch.nn.init.normal_(model.head.dense.weight)
    with pytest.raises(ctl.errors.CTLError, match="its classifier has more layers"):
        check_network(tagger, model, sample(tagger))


@pytest.mark.parametrize(
    "architecture, settings",
    [("bert", {"lora_rank": 4}), ("qwen3", {"lora_rank": 4, "pooling": "first", "attention": "full"})],
)
def test_adapters_are_merged(family, tmp_path, architecture, settings):
    make_checkpoint(tmp_path, family, architecture, **settings)
    exported = export(tmp_path, tmp_path / "exported")
    assert exported.same == SENTENCES and exported.difference < 1e-4
    assert not any("lora" in name for name in load_file(tmp_path / "exported" / "model.safetensors"))
    ours, theirs = (load(run)([["a", "b"]])[0].probabilities for run in (tmp_path, tmp_path / "exported"))
    np.testing.assert_allclose(ours, theirs, atol=1e-4)


def test_attention_that_a_pipeline_has_not_is_refused(family, tmp_path):
    make_checkpoint(tmp_path, family, "qwen3", pooling="first", attention="last:1")
    with pytest.raises(ctl.errors.CTLError, match="reads in another way"):
        export(tmp_path, tmp_path / "exported")
    assert not (tmp_path / "exported").exists()


def test_the_temperature_of_a_calibrated_teacher_is_kept(family, tmp_path):
    path = make_checkpoint(tmp_path, family, "bert", calibrate=True)
    checkpoint = torch.load(path, weights_only=True)
    checkpoint["state_dict"]["temperature"] = torch.tensor(3.0)
    torch.save(checkpoint, path)
    export(tmp_path, tmp_path / "exported")
    hot, same = (load(run)([["a", "b"]])[0].probabilities for run in (tmp_path, tmp_path / "exported"))
    np.testing.assert_allclose(hot, same, atol=1e-5)
    checkpoint["state_dict"]["temperature"] = torch.tensor(1.0)
    torch.save(checkpoint, path)
    assert np.abs(load(tmp_path)([["a", "b"]])[0].probabilities - hot).max() > 0.01


def test_onnx_gives_the_same_distributions(family, tmp_path):
    make_checkpoint(tmp_path, family, "bert")
    exported = export(tmp_path, tmp_path / "exported", onnx=True, int8=True)
    _, onnx, int8 = exported.networks.values()
    assert onnx.difference < 1e-5 and onnx.changed == 0
    assert 0 < int8.difference < 0.2 and int8.megabytes < onnx.megabytes
    card = (tmp_path / "exported" / "README.md").read_text()
    assert f"| model_int8.onnx | {int8.megabytes:.1f} |" in card and "| model.onnx |" in card
    words = [["a"], ["b"] * 300, ["c", "d"]]  # other shapes, a long sentence among them
    ours, theirs = (load(run)(words) for run in (tmp_path, tmp_path / "exported" / "model.onnx"))
    for mine, its in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(mine.probabilities, its.probabilities, atol=1e-5)


def test_the_card_says_what_is_known(family, tmp_path):
    make_checkpoint(tmp_path, family, "bert")
    score = {"precision": 71.0, "recall": 62.0, "f1": 66.2}
    record = {
        "method": "direct:a2", "sources": ["a2"], "target": "de", "seed": 7, "split": "test", **score,
        "per_type": {"PER": score}, "train_seconds": 1.0,
        "provenance": {
            "versions": {"ctl": "0", "torch": "1", "transformers": "2"}, "git_commit": "abc",
            "data": {"de/test": "f00"}, "config": {"data": {"hub": {"*": {"path": "unimelb-nlp/wikiann"}}}},
        },
    }  # fmt: skip
    (tmp_path / "results.json").write_text(json.dumps([record]))
    export(tmp_path, tmp_path / "exported")
    _, head, body = (tmp_path / "exported" / "README.md").read_text().split("---\n", 2)
    assert yaml.safe_load(head)["language"] == ["de"] and "license" not in yaml.safe_load(head)
    assert "| all | 71.0 | 62.0 | **66.2** |" in body and "Seed: 7" in body and "Licence of this model" in body
    assert "unimelb-nlp/wikiann; fingerprint of the scored text: de/test f00" in body
    assert str(tmp_path) not in body


def test_mistakes_are_said_in_one_line(family, tmp_path, capsys):
    path = make_checkpoint(tmp_path, family, "bert", pooling="mean")
    for arguments, told in {
        ("--model", str(tmp_path), str(tmp_path / "new")): "train with pooling `first`",
        ("--model", str(tmp_path), str(tmp_path)): "is there already",
        ("--model", str(tmp_path / "nowhere"), str(tmp_path / "new")): "no such run",
        ("--model", str(tmp_path / "broken.ckpt"), str(tmp_path / "new")): "not a checkpoint that can be read",
    }.items():
        (tmp_path / "broken.ckpt").write_bytes(b"nothing")
        assert main(["export", *arguments]) == 2
        assert told in capsys.readouterr().err
        assert not (tmp_path / "new").exists()
    shutil.move(path.parent.parent / "backbone", tmp_path / "moved")
    assert main(["export", "--model", str(tmp_path), "--method", "x", str(tmp_path / "new")]) == 2


def test_an_upload_without_network_says_so_and_keeps_the_folder(family, tmp_path, capsys):
    make_checkpoint(tmp_path, family, "bert")
    arguments = ["--model", str(tmp_path), str(tmp_path / "exported"), "--push_to_hub", "nobody/nothing"]
    assert main(["export", *arguments]) == 2  # HF_HUB_OFFLINE is set
    assert "nobody/nothing: not uploaded" in capsys.readouterr().err
    assert (tmp_path / "exported" / "README.md").is_file()
