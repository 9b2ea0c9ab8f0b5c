"""Mixtures of a split that has the teachers' labels alone."""

import json
import shutil

import numpy as np
import pytest
from made_up_run import LEARNED, make_run

from ctl.inspection.frames import Inspection


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    """The run, and its teachers' and its student's labels of another split with the same text."""
    run = make_run(tmp_path_factory.mktemp("both"), sentences=12)
    shutil.copy(run / "data" / "xx" / "train.txt", run / "data" / "xx" / "test.txt")
    for stage in [*(run / "teachers").iterdir(), run / "students" / "learned"]:
        shutil.copytree(stage / "soft_labels" / "train", stage / "soft_labels" / "test")
        path = stage / "soft_labels" / "test" / "manifest.json"
        manifest = json.loads(path.read_text())
        manifest["corpus"]["name"] = "xx/test"
        path.write_text(json.dumps(manifest))
    return run


def test_the_weights_are_the_runs(both):
    mixed = Inspection.open(both, split="test")
    assert list(mixed.labellers) == ["direct:en", "direct:es", "direct:nl", "ensemble:learned", "student:learned"]
    assert mixed.weights().iloc[0].to_dict() == pytest.approx(
        dict(zip(("direct:en", "direct:nl", "direct:es"), LEARNED, strict=True))
    )
    stored = Inspection.open(both)["ensemble:learned"]
    np.testing.assert_allclose(mixed["ensemble:learned"].probs, stored.probs, atol=1e-3)


def test_a_mixture_of_another_kind_is_not_made_up(both, tmp_path):
    """Of +abstain, weights alone do not say what the mixture was."""
    run = shutil.copytree(both, tmp_path / "run")
    path = run / "ensembles" / "learned" / "soft_labels" / "train" / "manifest.json"
    path.write_text(path.read_text().replace("ensemble:learned", "ensemble:learned+abstain"))
    assert Inspection.open(run, split="test").default.name == "mean of teachers"
