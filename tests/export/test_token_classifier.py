"""The same network as a token classifier of transformers."""

import numpy as np
import pytest
import torch
from made_up_tagger import load, make_checkpoint

from ctl.errors import CTLError
from ctl.export.token_classifier import merge_adapters, to_transformers
from ctl.export.write import export
from ctl.tagging.trained import load_trained


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


def test_the_classifier_has_the_tags_and_the_weights(family, tmp_path):
    make_checkpoint(tmp_path, family, "bert")
    trained = load_trained(tmp_path, module=True)
    model = to_transformers(trained)
    assert model.config.id2label[1] == "B-PER" and model.config.label2id["I-LOC"] == 6
    torch.testing.assert_close(model.classifier.weight, trained.model.network.head.weight)
    assert not any(parameter.requires_grad for parameter in model.parameters())


def test_other_poolings_are_refused(family, tmp_path):
    make_checkpoint(tmp_path, family, "bert", pooling="mean")
    with pytest.raises(CTLError, match="train with pooling `first`"):
        to_transformers(load_trained(tmp_path, module=True))


def test_a_network_without_adapters_is_left_alone():
    layer = torch.nn.Linear(2, 2)
    before = layer.weight.clone()
    assert merge_adapters(layer) is layer and torch.equal(layer.weight, before)
