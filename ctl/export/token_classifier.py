"""A trained tagger as a token classifier of `transformers`: the same network under other names."""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import nn

from ctl.backbones.rows import whole_state
from ctl.data.tags import TagSchema
from ctl.errors import CTLError
from ctl.modules import Teacher
from ctl.modules.tagger import Tagger
from ctl.tagging.trained import Trained


def to_transformers(trained: Trained) -> Any:  # noqa: ANN401  (transformers' classes are untyped)
    """Builds the token classifier and fills it.

    Raises:
        CTLError: this model can't be written as one; says why.
    """
    tagger = _exportable(trained)
    assert tagger.network is not None
    encoder: Any = merge_adapters(copy.deepcopy(tagger.network.encoder))
    model = _empty(encoder.config, trained)
    base = getattr(model, model.base_model_prefix)
    wanted = base.state_dict()
    base.load_state_dict({key: value for key, value in whole_state(encoder).items() if key in wanted})  # no pooler
    if model.config.model_type == "modernbert":
        _open_modernbert(model)
    head = _classifier(model)
    scale = tagger.temperature if isinstance(tagger, Teacher) and tagger.calibrate else torch.ones(())
    with torch.no_grad():
        head.weight.copy_(tagger.network.head.weight / scale)
        head.bias.copy_(tagger.network.head.bias / scale)
    return model.eval().requires_grad_(False)


def merge_adapters(encoder: nn.Module) -> nn.Module:
    """Adds low-rank adapters to the weights that they change, and takes the adapters out; does nothing without any."""
    from peft.tuners.tuners_utils import BaseTunerLayer

    for name, layer in list(encoder.named_modules()):
        if isinstance(layer, BaseTunerLayer):
            layer.merge(safe_merge=True)
            encoder.set_submodule(name, layer.get_base_layer())
    return encoder


def _exportable(trained: Trained) -> Tagger:
    """The tagger of a trained model, if a token classifier can be made from it."""
    tagger = trained.model
    if not isinstance(tagger, Tagger) or tagger.network is None:
        raise CTLError(f"{trained.path}: export needs a run or a checkpoint; this is exported already")
    if tagger.network.pooling != "first":
        raise CTLError(
            f"{trained.path}: its words are read at the {tagger.network.pooling} of their subwords, and pipelines of "
            "transformers read the first: `ctl tag` can use it; to export, train with pooling `first`"
        )
    return tagger


def _empty(config: Any, trained: Trained) -> Any:  # noqa: ANN401
    """Makes a token classifier for this backbone and these tags, with random weights."""
    from transformers import AutoModelForTokenClassification

    config, tags = copy.deepcopy(config), TagSchema(trained.types).tags
    config.id2label, config.label2id = dict(enumerate(tags)), {tag: number for number, tag in enumerate(tags)}
    config.dtype = torch.float32
    if config.model_type == "modernbert":
        config.classifier_activation = "linear"  # see `_open_modernbert`
    try:
        return AutoModelForTokenClassification.from_config(config)  # type: ignore[no-untyped-call]
    except ValueError as error:
        raise CTLError(f"{trained.path}: transformers has no token classifier for {config.model_type}") from error


def _classifier(model: nn.Module) -> nn.Linear:
    """The last layer, which models like BERT call ``classifier`` and decoders ``score``."""
    head = getattr(model, "classifier", None) or getattr(model, "score", None)
    if not isinstance(head, nn.Linear) or head.bias is None:
        raise CTLError(f"{type(model).__name__}: its classifier is not one linear layer with a bias, as ctl's is")
    return head


def _open_modernbert(model: Any) -> None:  # noqa: ANN401
    """Makes ModernBERT's prediction head (dense layer, activation, norm) pass on what it is given.

    The dense layer becomes the identity, and the activation linear. The norm can't become an identity, but it can take
    the place of the encoder's last norm, whose scale and shift move here. Without them the last norm gives vectors of
    mean zero and variance one. A second normalisation does not change these, except for ``norm_eps``, 1e-5.
    """
    last, norm, dense = model.model.final_norm, model.head.norm, model.head.dense
    with torch.no_grad():
        nn.init.eye_(dense.weight)
        if dense.bias is not None:
            dense.bias.zero_()
        norm.weight.copy_(last.weight)
        last.weight.fill_(1.0)
        if last.bias is not None:
            norm.bias.copy_(last.bias)
            last.bias.zero_()
