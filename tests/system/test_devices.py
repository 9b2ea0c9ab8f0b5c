import pytest
import torch

from ctl.errors import CTLError
from ctl.system.devices import best_device, best_precision, has_bf16, open_device


def test_every_cpu_computes_in_float32():
    assert best_precision("cpu") == "32-true" and not has_bf16(torch.device("cpu"))


@pytest.mark.parametrize(("bf16", "expected"), [(True, "bf16-mixed"), (False, "32-true")])
def test_a_gpu_computes_in_bf16_where_it_has_it(monkeypatch, bf16, expected):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: bf16)
    assert best_precision("auto") == expected and best_precision("cpu") == "32-true"
    assert best_device() == "cuda" and has_bf16(torch.device("cuda")) is bf16


def test_a_device_that_is_not_here_is_told():
    assert open_device("cpu") == torch.device("cpu")
    for name in ("tpu9", "cuda:99"):
        with pytest.raises(CTLError, match=f"device {name}: there is none here"):
            open_device(name)
