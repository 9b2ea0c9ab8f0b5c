"""Stored labels in a transfer: how they are told from taggers, and the stage that takes them in."""

import pytest

from ctl.commands.transfer import parse
from ctl.errors import CTLError
from ctl.transfer.plan import Plan
from ctl.transfer.planner import Planner, Split
from ctl.transfer.teachers.ready import read_taggers
from ctl.transfer.teachers.stored import StoredLabels


@pytest.fixture
def store(tmp_path):
    """The folder of stored labels of the train split, of which only the name is read."""
    manifest = tmp_path / "crowd" / "soft_labels" / "train" / "manifest.json"
    manifest.parent.mkdir(parents=True)
    manifest.write_text("{}")
    return tmp_path / "crowd"


def test_stored_labels_are_told_from_taggers(store):
    for path in (store, store / "soft_labels" / "train"):
        (labels,) = read_taggers({"crowd": str(path)}, "--teachers").values()
        assert labels == StoredLabels("crowd", str(path)) and list(labels.splits) == ["train"]
    with pytest.raises(CTLError, match="renames its types"):
        read_taggers({"crowd": {"model": str(store), "type_map": {"X": "PER"}}}, "--teachers")
    with pytest.raises(CTLError, match=r"--silver fr: .*labels no other text"):
        read_taggers({"fr": str(store)}, "--silver")


def test_stored_labels_are_copied_in_a_stage_of_the_splits_that_they_have(store):
    transfer = parse([
        "--backbone", "encoder", "--target", "de", "--trainer.accelerator", "cpu", "--trainer.precision", "32-true",
        "--teachers", f"{{crowd: {store}}}", "--sources", "[en]",
    ])  # fmt: skip
    splits = {f"{name}/{split}": Split(10, name) for name in ("en", "de") for split in ("train", "validation", "test")}
    plan = Plan(transfer.methods, Planner(transfer.settings, "context", splits))
    assert [str(test.title) for test in plan.tests] == [
        "score direct:en",
        "score student:uniform",
        "score student:truth",
    ]
    (copy,) = [stage for stage in plan if stage.config["model"]["class_path"] == "Imported"]
    assert copy.outputs == ("soft_labels/train/manifest.json",) and copy.folder.parts[-2:] == ("teachers", "crowd")
    assert "model.store" not in copy.settings
