"""Pre-trained backbones, encoders and decoders, and their tokenizers: the only caller of ``from_pretrained``.

A folder of a model is data: no code of it runs, and nobody is asked whether it may. A Hub name may end in
``@revision``: a branch, a tag or a commit.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import torch
from torch import nn

from ctl.backbones.adapters import Base, base_arguments
from ctl.backbones.attention import open_layers, set_attention, unmask_last
from ctl.backbones.packing import packs
from ctl.errors import CTLError, first_line
from ctl.system.files import read_object

LAYER = re.compile(r"(?:^|\.)(?:layers?|h|blocks?)\.(\d+)\.")  # in names of parameters; h in GPT-2
EMBEDDINGS = re.compile(r"embed|(?:^|\.)w[tp]e\.")  # wte and wpe in GPT-2
TOKENIZERS = ("tokenizer.json", "vocab*", "*.model", "tekken.json", "*.tiktoken")


def load_config(name: str) -> Any:  # noqa: ANN401  (transformers' classes are untyped)
    """The configuration of a backbone by Hub name or folder."""
    from transformers import AutoConfig

    return _harmless(_load(AutoConfig, name), name)


def load_tokenizer(name: str) -> Any:  # noqa: ANN401
    """The fast tokenizer of a backbone; byte-level ones read every word with the space before it.

    Raises:
        CTLError: there is none, or only a slow one.
    """
    from transformers import AutoTokenizer

    folder = Path(name)
    if folder.is_dir() and not any(path for pattern in TOKENIZERS for path in folder.glob(pattern)):
        raise CTLError(f"backbone {name}: the folder has no tokenizer (looked for {', '.join(TOKENIZERS)})")
    tokenizer = _load(AutoTokenizer, name)
    if not tokenizer.is_fast:
        raise CTLError(f"backbone {name}: it has no fast tokenizer (tokenizer.json), and word alignment needs one")
    if len(tokenizer) <= len(tokenizer.all_special_ids):  # transformers makes one up where the files are missing
        raise CTLError(f"backbone {name}: its tokenizer has no vocabulary; is tokenizer.json missing?")
    backend = tokenizer.backend_tokenizer
    if "ByteLevel" in type(backend.pre_tokenizer).__name__ and not backend.pre_tokenizer.add_prefix_space:
        backend.pre_tokenizer.add_prefix_space = True
    return tokenizer


def load_encoder(name: str, pooler: bool = False, attention: str | None = None, base: Base = "float32") -> Any:  # noqa: ANN401
    """A backbone in training mode, an encoder or a decoder without its language-model head.

    Args:
        name: Hub name or folder.
        pooler: its pooler will be used.
        attention: of a decoder, see `ctl.backbones.attention.set_attention`.
        base: its numbers; other than float32 only where they will be frozen.

    Raises:
        CTLError: it can't be had; says why and what to do. Or its pooler has random weights, or it has none.
    """
    from transformers import AutoModel

    config = set_attention(load_config(name), attention)
    model, report = _load(AutoModel, name, config=config, output_loading_info=True, **base_arguments(base))
    if pooler and (not hasattr(model, "pooler") or any("pooler" in key for key in report["missing_keys"])):
        raise CTLError(f"backbone {name}: it has no pooler that was trained; set features to mean or cls")
    return _opened(model, attention).train()  # from_pretrained leaves it in eval mode, and Lightning keeps it so


def load_language_model(name: str, causal: bool, base: Base = "float32") -> Any:  # noqa: ANN401
    """A backbone with its language-model head, in training mode.

    Args:
        name: Hub name or folder.
        causal: predict the next subword; otherwise those that are masked.
        base: its numbers; other than float32 only where they will be frozen.
    """
    from transformers import AutoModelForCausalLM, AutoModelForMaskedLM

    auto_class = AutoModelForCausalLM if causal else AutoModelForMaskedLM
    return _load(auto_class, name, config=load_config(name), **base_arguments(base)).train()


def load_token_classifier(name: str) -> Any:  # noqa: ANN401
    """A token classifier of `transformers` in float32 and evaluation mode, by Hub name or folder.

    Raises:
        CTLError: it can't be had, or some of its weights would be random or not be used.
    """
    from transformers import AutoModelForTokenClassification

    config = load_config(name)
    model, report = _load(
        AutoModelForTokenClassification,
        name,
        config=config,
        dtype=torch.float32,
        output_loading_info=True,
        use_safetensors=True,
    )
    strange = [key for key in report["unexpected_keys"] if LAYER.search(key)]  # a pooler may be left out
    if wrong := sorted([*report["missing_keys"], *strange]):
        raise CTLError(
            f"backbone {name}: its weights are not those of its config.json: {len(wrong)} are missing or too many, "
            f"{wrong[0]} for one; it is no token classifier, or export it anew"
        )
    return model.eval()


def build_encoder(config: dict[str, Any], attention: str | None = None) -> Any:  # noqa: ANN401
    """A backbone of this configuration with random weights, to be filled from a checkpoint."""
    from transformers import AutoModel

    full_config = set_attention(config_of(config), attention)
    return _opened(AutoModel.from_config(full_config, trust_remote_code=False), attention)  # type: ignore[no-untyped-call]


def build_language_model(config: dict[str, Any]) -> Any:  # noqa: ANN401
    """A causal language model of this configuration with random weights, to be filled from a checkpoint."""
    from transformers import AutoModelForCausalLM

    return AutoModelForCausalLM.from_config(config_of(config), trust_remote_code=False)  # type: ignore[no-untyped-call]


def config_of(values: dict[str, Any]) -> Any:  # noqa: ANN401
    """Makes a configuration of the plain values in a checkpoint.

    Raises:
        CTLError: they are of no model that transformers has, or ask for code from elsewhere.
    """
    from transformers import AutoConfig

    try:
        config = AutoConfig.for_model(**values)
    except Exception as error:  # whatever transformers may say of such values
        raise CTLError(f"the checkpoint's backbone: {first_line(error)}") from error
    return _harmless(config, "of the checkpoint")


def _harmless(config: Any, name: str) -> Any:  # noqa: ANN401
    """The configuration, if it asks for no code of the Hub to compute with.

    Raises:
        CTLError: it does; it names a kernel, ``owner/name``.
    """
    for key in ("_attn_implementation", "_experts_implementation"):
        kernel = getattr(config, key, None)
        if kernel is not None and not str(kernel).replace("_", "").isalnum():
            raise CTLError(f"backbone {name}: its configuration asks for a kernel, code of the Hub ({kernel}); refused")
    return config


def _opened(model: Any, attention: str | None) -> Any:  # noqa: ANN401
    """The model without the causal mask where only some layers are to lose it."""
    layers = model.config.num_hidden_layers
    if 0 < (opened := open_layers(attention, layers)) < layers:
        unmask_last(model, opened)
    packs(model)  # is tried here, before anything waits for it
    return model


def freeze(model: nn.Module, embeddings: bool, layers: int) -> None:
    """Freezes the embeddings and the bottom layers: no gradient, no optimiser state, no autograd below the rest.

    Wu et al. (ACL 2020) freeze the embeddings and three layers of mBERT, in teachers and students alike. A pooler, of
    which no word is made, is frozen always: several processes wait for the gradient of whatever is not.
    """
    for name, parameter in model.named_parameters():
        layer = LAYER.search(name)
        embedded = embeddings and EMBEDDINGS.search(name)
        if "pooler" in name or embedded or (layer and int(layer[1]) < layers):
            parameter.requires_grad = False


def count_layers(model: nn.Module) -> int:
    """Counts the layers of a backbone that can be frozen; 0 where all of them are one, as in ALBERT."""
    numbers = {int(layer[1]) for name, _ in model.named_parameters() if (layer := LAYER.search(name))}
    return len(numbers)


def recompute_activations(model: Any) -> None:  # noqa: ANN401
    """Holds only what goes into each layer, and computes the rest again in the backward pass."""
    if hasattr(model, "activation_checkpointing_enable"):
        model.activation_checkpointing_enable()
    else:  # its name in earlier versions
        model.gradient_checkpointing_enable({"use_reentrant": False})


def split_revision(name: str) -> tuple[str, str | None]:
    """Splits ``owner/name@revision`` into the name and the revision; the name of a folder stays whole."""
    repository, _, revision = (name, "", "") if Path(name).is_dir() else name.partition("@")
    return repository, revision or None


def _load(auto_class: Any, name: str, **kwargs: Any) -> Any:  # noqa: ANN401
    from transformers.utils import logging

    logging.set_verbosity_error()  # type: ignore[no-untyped-call]  # a report of the language-model head that is left out helps nobody
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    repository, revision = split_revision(name)
    at = {"revision": revision} if revision else {}
    try:
        _stays_at_home(repository, revision)
        return auto_class.from_pretrained(repository, trust_remote_code=False, **at, **kwargs)
    except Exception as error:  # whatever a folder or the Hub may answer
        if "trust_remote_code" in str(error):
            raise CTLError(
                f"backbone {name}: it brings code of its own, which ctl does not run; take another"
            ) from error
        raise CTLError(f"backbone {name}: {_reason(error)}; {_hint(Path(name))}") from error


def _reason(error: Exception) -> str:
    """Says in a few words what `transformers` says in many; PyTorch's advice to read pickles is left out."""
    if "weights_only" in str(error):
        return "its weights are damaged, or hold more than tensors, so they were not read"
    if "ignore_mismatched_sizes" in str(error):
        return "its weights are of other sizes than its config.json says"
    return first_line(error).rstrip(".:")


def _hint(folder: Path) -> str:
    """Says what may be wrong with a model that can't be loaded."""
    from transformers import __version__ as here

    if not folder.is_dir():
        return "it is neither a folder here nor a model that the Hub could give"
    saved = str(read_object(folder / "config.json").get("transformers_version", ""))
    if _release(saved) > _release(here):
        return f"it was saved by transformers {saved}, and {here} is installed: pip install --upgrade transformers"
    return "is the folder whole?"


def _release(version: str) -> list[int]:
    """The numbers of a version, for comparison: 5.16.1 comes before 5.23.0."""
    return [int(number) for number in re.findall(r"\d{1,9}", version)[:3]]


def _stays_at_home(name: str, revision: str | None) -> None:
    """Refuses adapters, whose settings name a base elsewhere and modules to import, and weights outside the folder."""
    from transformers.utils.peft_utils import find_adapter_config_file

    if find_adapter_config_file(name, revision=revision) is not None:
        raise ValueError(
            "it holds adapters (adapter_config.json), which name a base elsewhere; merge them into a model"
        )
    for index in Path(name).glob("*.index.json"):
        parts = json.loads(index.read_text(encoding="utf-8"))["weight_map"].values()
        if strange := [part for part in parts if Path(part).name != part]:
            raise ValueError(f"{index.name} names a file elsewhere ({strange[0]})")
