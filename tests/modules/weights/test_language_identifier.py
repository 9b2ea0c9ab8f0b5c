from types import SimpleNamespace

import numpy as np
import pytest
import torch

from ctl.data.datamodule import NERDataModule
from ctl.errors import CTLError
from ctl.modules import LanguageIdentifier
from ctl.modules.weights.language_identifier import orthogonality

RANDOM = torch.Generator().manual_seed(0)


def make(family, **more):
    module = LanguageIdentifier(str(family / "encoder"), ["a2", "b1"], **more)
    module.configure_model()
    return module


def batch_of(family, sentences):
    data = NERDataModule(sources=["a2"], target="a1", root=str(family), backbone=str(family / "encoder"))
    data.setup("fit")
    return next(iter(data.whole(data.training[0].head(sentences))))


def sentences(batch):
    """Subword ids of each sentence."""
    return batch.subwords.ids.split(batch.subwords.sizes.tolist())


@pytest.mark.parametrize(("side", "gram"), [("features", lambda d: d.T @ d), ("languages", lambda d: d @ d.T)])
def test_orthogonality_by_its_definition(side, gram):
    languages = torch.randn(3, 10, generator=RANDOM)
    expected = (gram(languages) - torch.eye(len(gram(languages)))).square().sum()
    assert float(orthogonality(languages, side)) == pytest.approx(float(expected), rel=1e-5)


def test_both_sides_train_alike_and_one_has_a_floor():
    gradients = []
    for side in ("features", "languages"):
        languages = torch.randn(3, 10, generator=torch.Generator().manual_seed(1)).requires_grad_()
        orthogonality(languages, side).backward()
        gradients.append(languages.grad)
    torch.testing.assert_close(*gradients)
    orthonormal = torch.eye(3, 10)
    assert float(orthogonality(orthonormal, "languages")) == 0
    assert float(orthogonality(orthonormal, "features")) == 7


def test_logits_are_the_bilinear_form(family):
    """g(u) = (U f + b) . (V mu + c), against numpy."""
    module = make(family, rank=5)
    torch.nn.init.normal_(module.languages, generator=RANDOM)
    features = torch.randn(4, module.languages.shape[1], generator=RANDOM)
    u, b, v, c, mu = (
        tensor.detach().numpy()
        for tensor in (
            module.of_sentence.weight, module.of_sentence.bias, module.of_language.weight, module.of_language.bias,
            module.languages,
        )
    )  # fmt: skip
    expected = [[(u @ f + b) @ (v @ m + c) for m in mu] for f in features.numpy()]
    np.testing.assert_allclose(module(features).detach().numpy(), expected, rtol=1e-4, atol=1e-4)


def test_features_of_a_sentence(family):
    batch = batch_of(family, 5)
    for feature in ("mean", "cls"):
        module = make(family, features=feature)
        found = module.features(batch)
        alone = [module.encoder(input_ids=ids[None]).last_hidden_state[0] for ids in sentences(batch)]
        expected = torch.stack([hidden.mean(0) if feature == "mean" else hidden[0] for hidden in alone])
        torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)


def test_a_pooler_with_random_weights_is_refused(family, tmp_path):
    """The tiny encoder is saved without a pooler; transformers would make one up."""
    with pytest.raises(CTLError, match="no pooler that was trained"):
        make(family, features="pooler")
    from transformers import AutoConfig, AutoTokenizer, BertModel

    BertModel(AutoConfig.from_pretrained(family / "encoder")).save_pretrained(tmp_path)
    AutoTokenizer.from_pretrained(family / "encoder").save_pretrained(tmp_path)
    module = LanguageIdentifier(str(tmp_path), ["a2", "b1"], features="pooler")
    module.configure_model()
    batch = batch_of(family, 3)
    expected = torch.cat([module.encoder(input_ids=ids[None]).pooler_output for ids in sentences(batch)])
    torch.testing.assert_close(module.features(batch), expected, rtol=1e-4, atol=1e-5)


def test_one_language_is_not_enough(command, family, tmp_path, capsys):
    assert command("fit", "LanguageIdentifier", family, tmp_path) == 2
    assert "telling languages apart needs two or more sources" in capsys.readouterr().err


@pytest.mark.parametrize(("schedule", "rates"), [("constant", [0.5] * 4), ("linear", [0.375, 0.25, 0.125, 0.0])])
def test_the_rate_stays_or_falls_to_zero(schedule, rates):
    """Four steps; a falling rate has its first step behind it before anything is learned, and ends at zero."""
    module = LanguageIdentifier("encoder", ["a", "b"], lr=0.5, schedule=schedule)
    module.layer = torch.nn.Linear(1, 1)
    module._trainer = SimpleNamespace(estimated_stepping_batches=4)
    made = module.configure_optimizers()
    optimizer, taken = (made["optimizer"], []) if isinstance(made, dict) else (made, [])
    for _ in rates:
        taken.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        if isinstance(made, dict):
            made["lr_scheduler"]["scheduler"].step()
    assert taken == rates
