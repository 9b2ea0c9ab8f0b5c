import json
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from ctl.callbacks.left_out import LeftOutWriter, fitting
from ctl.mixing.sharpness import SHARPNESS


def test_the_sharpness_with_the_smallest_error_or_the_papers():
    errors = [1.0] * len(SHARPNESS)
    assert fitting(errors) == 1
    errors[SHARPNESS.index(4)] = 0.5
    assert fitting(errors) == 4


def sums(teachers, errors, words):
    """The sums of a batch with one weighting; its mixture is the first teacher at every sharpness."""
    mixtures = torch.tensor(teachers[0]).expand(1, len(SHARPNESS), 3)
    numbers = torch.full((1, len(SHARPNESS)), errors)
    numbers[0, SHARPNESS.index(2)] = errors / 2
    return {
        "teachers": torch.tensor(teachers), "mixtures": mixtures, "errors": numbers, "words": torch.tensor(words),
    }  # fmt: skip


def test_batches_add_up_and_sources_count_alike(tmp_path):
    weights = {name: {"learned": np.array([0.75, 0.25], dtype=np.float32)} for name in ("en", "nl")}
    stores = {"en": {"direct:nl": None, "direct:es": None}, "nl": {"direct:en": None, "direct:es": None}}
    writer = LeftOutWriter(SimpleNamespace(stores=stores, weights=weights, left_out=["en", "nl"]))
    strategy = SimpleNamespace(reduce=lambda values, reduce_op: values)
    trainer = SimpleNamespace(strategy=strategy, is_global_zero=True, default_root_dir=str(tmp_path))
    for split in ("en/validation", "nl/validation"):
        writer.open(tmp_path, split, 0)
    writer.add("en/validation", None, sums([[1, 2, 2], [0, 1, 2]], 3.0, 10.0))
    writer.add("en/validation", None, sums([[1, 2, 2], [2, 2, 2]], 1.0, 10.0))  # together 2 of 4, 2 of 3
    writer.add("nl/validation", None, sums([[4, 4, 4], [1, 4, 4]], 40.0, 100.0))
    for split in ("en/validation", "nl/validation"):
        writer.close(trainer, split, None)
    table = json.loads((tmp_path / "leave_one_out.json").read_text())
    assert table["scores"] == {
        "en": {"direct:nl": 50.0, "direct:es": pytest.approx(57.14)}, "nl": {"direct:en": 100.0, "direct:es": 25.0},
    }  # fmt: skip
    learned = table["weightings"]["learned"]
    assert learned["sharpness"] == 2 and learned["spearman"] == 0  # -1 for en, +1 for nl
    assert learned["lost"] == pytest.approx(7.14 / 2, abs=1e-3)
    assert learned["weights"]["nl"] == {"direct:en": 0.75, "direct:es": 0.25}
    tried = {entry["sharpness"]: entry for entry in learned["mixtures"]}
    assert tried[1]["f1"] == 75 and tried[1]["error"] == pytest.approx((4 / 20 + 40 / 100) / 2)
