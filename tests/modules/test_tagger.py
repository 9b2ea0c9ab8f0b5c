"""What training does not pay for: frozen layers, and what `compile` leaves as it was."""

import pytest
import torch

from ctl.data.datamodule import NERDataModule
from ctl.modules import Teacher


@pytest.fixture(scope="module")
def batches(family):
    data = NERDataModule(root=str(family), sources=["a2"], target="a1", backbone=str(family / "encoder"))
    data.setup("fit")
    return list(data.train_dataloader())


def teacher(family, **settings):
    torch.manual_seed(0)
    model = Teacher(backbone=str(family / "encoder"), **settings)
    model.configure_model()
    return model


def kept_for_backward(model, batch):
    """Bytes that autograd keeps of a forward pass, each tensor once; parameters are not counted."""
    own = {parameter.data_ptr() for parameter in model.parameters()}
    kept = {}

    def pack(tensor):
        if tensor.data_ptr() not in own:
            kept[tensor.data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        model.loss(batch, model(batch)).backward()
    return sum(kept.values())


def test_frozen_layers_run_without_autograd(family, batches):
    """With the embeddings and a layer frozen, autograd begins above them and keeps far less."""
    free, frozen = teacher(family), teacher(family, freeze_embeddings=True, freeze_layers=1)
    needs_gradient = []
    for layer in frozen.network.encoder.encoder.layer:
        layer.register_forward_hook(lambda module, args, output: needs_gradient.append(output.requires_grad))
    assert kept_for_backward(frozen, batches[0]) < 0.6 * kept_for_backward(free, batches[0])
    assert needs_gradient == [False, True]
    untouched = [name for name, parameter in frozen.network.encoder.named_parameters() if parameter.grad is None]
    assert untouched and all(any(part in name for part in ("embed", "layer.0.", "pooler")) for name in untouched)


def test_attention_is_fused(family):
    assert teacher(family).network.encoder.config._attn_implementation == "sdpa"


def test_a_compiled_backbone_answers_alike_and_keeps_its_names(family, batches):
    plain, compiled = teacher(family, dropout=0.0), teacher(family, dropout=0.0, compile=True)
    assert list(plain.state_dict()) == list(compiled.state_dict())
    plain.eval(), compiled.eval()
    for batch in batches[:2]:  # of two shapes
        for model in (plain, compiled):
            model.loss(batch, model(batch)).backward()
        torch.testing.assert_close(compiled(batch), plain(batch), atol=1e-4, rtol=1e-4)
    gradients = zip(plain.named_parameters(), compiled.parameters(), strict=True)
    for (name, one), other in ((pair, other) for pair, other in gradients if pair[1].grad is not None):
        torch.testing.assert_close(one.grad, other.grad, atol=1e-4, rtol=1e-3, msg=name)
