from types import SimpleNamespace

import pytest
from lightning.pytorch.callbacks import ModelCheckpoint

from ctl.callbacks.written import written

FILES = (
    "checkpoints/best.ckpt", "checkpoints/tokenizer/x", "results.json", "weights.json",
    "soft_labels/train/manifest.json",
    "soft_labels/test/manifest.json", "en/soft_labels/train/manifest.json", "logs/validate/metrics.csv", "other.txt",
)  # fmt: skip


@pytest.mark.parametrize(
    ("command", "splits", "names"),
    [
        ("fit", (), ["checkpoints/best.ckpt"]),
        ("test", (), ["results.json"]),
        ("validate", (), ["logs/validate/metrics.csv"]),
        ("predict", ("train",), ["soft_labels/train", "en/soft_labels/train", "weights.json"]),
    ],
)
def test_what_each_command_leaves(command, splits, names, tmp_path):
    for name in FILES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    keep = ModelCheckpoint(dirpath=tmp_path / "checkpoints")
    trainer = SimpleNamespace(default_root_dir=str(tmp_path), checkpoint_callbacks=[keep, object()])
    assert written(trainer, command, splits) == [tmp_path / name for name in names]
