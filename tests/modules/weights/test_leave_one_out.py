import json

import numpy as np
import pytest

from ctl.data.datamodule import NERDataModule
from ctl.data.soft_labels import StoreWriter

SOURCES = ["a2", "a3", "b1"]


@pytest.fixture(scope="module")
def teachers(family, tmp_path_factory):
    """Made-up teachers: a2's is right on every other language, the others take everything for O."""
    root, data = tmp_path_factory.mktemp("left_out"), NERDataModule(sources=SOURCES, root=str(family))
    for left_out in SOURCES:
        corpus = data.gold(left_out, "validation")
        for teacher in SOURCES:
            tags = corpus.tags if teacher == "a2" else np.zeros(len(corpus.words), dtype=np.int64)
            if teacher == left_out:
                continue
            store = root / teacher / "soft_labels" / left_out / "validation"
            writer = StoreWriter(store)
            writer.add(np.arange(len(tags)), np.eye(7, dtype=np.float32)[tags])
            writer.close()
            StoreWriter.join(store, corpus, data.schema, {"method": f"direct:{teacher}", "sources": [teacher]})
    return root


def trial(command, family, teachers, output, weights):
    """Leaves each source out, with the weights of a2 and of the other source where that is not a2."""
    files = {}
    for left_out in SOURCES:
        first, second = (source for source in SOURCES if source != left_out)
        path = output / f"{left_out}.json"
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps({"learned": {first: weights[0], second: weights[1]}}))
        files[left_out] = [str(path)]
    splits = ",".join(f"{source}/validation" for source in SOURCES)
    data = {"sources": "[a2,a3,b1]", "target": "a1", "predict_splits": f"[{splits}]"}
    more = ["--model.teachers", json.dumps([str(teachers / source) for source in SOURCES])]
    more += ["--model.weights", json.dumps(files)]
    status = command("predict", "LeaveOneOut", family, output, *more, data=data)
    return status, output / "leave_one_out.json"


def test_the_table_by_hand(command, family, teachers, tmp_path):
    """Where a2 is left out both others are wrong alike; where it is not, it is right and the other finds nothing."""
    status, path = trial(command, family, teachers, tmp_path / "right", (0.6, 0.4))
    assert status == 0
    table = json.loads(path.read_text())
    assert table["scores"] == {
        "a2": {"direct:a3": 0, "direct:b1": 0},
        "a3": {"direct:a2": 100, "direct:b1": 0},
        "b1": {"direct:a2": 100, "direct:a3": 0},
    }
    learned, uniform = (table["weightings"][name] for name in ("learned", "uniform"))
    assert learned["spearman"] == 1 and learned["ndcg"] == pytest.approx(1) and learned["lost"] == 0
    assert uniform["spearman"] is None and uniform["lost"] == pytest.approx((0 + 50 + 50) / 3, abs=1e-3)
    assert learned["sharpness"] == 32  # the sharper, the better
    scores = {tried["sharpness"]: tried["f1"] for tried in learned["mixtures"]}
    assert scores[1] == scores[32] == pytest.approx(200 / 3, abs=0.01)


def test_weights_that_favour_the_wrong_teacher_are_best_when_flat(command, family, teachers, tmp_path):
    """With weights w of the teacher that is right, 1 - w is the error of a word of an entity in each of two tags."""
    status, path = trial(command, family, teachers, tmp_path / "wrong", (0.3, 0.7))
    learned = json.loads(path.read_text())["weightings"]["learned"]
    assert status == 0 and learned["sharpness"] == 0 and learned["spearman"] == -1
    assert learned["lost"] == pytest.approx(200 / 3, abs=1e-3)
    data = NERDataModule(sources=SOURCES, root=str(family))
    shares = [(data.gold(source, "validation").tags > 0).mean() for source in SOURCES]
    errors = {tried["sharpness"]: tried["error"] for tried in learned["mixtures"]}
    for sharpness, wrong in ((0, 0.5), (1, 0.7)):
        expected = np.mean([2 * weight**2 / 7 * share for weight, share in zip((1, wrong, wrong), shares, strict=True)])
        assert errors[sharpness] == pytest.approx(expected, abs=2e-4)


def test_two_sources_are_too_few(command, family, teachers, tmp_path, capsys):
    data = {"sources": "[a2,a3]", "target": "a1", "predict_splits": "[a2/validation]"}
    more = ["--model.teachers", f"[{teachers / 'a2'}]", "--model.weights", "{}"]
    assert command("predict", "LeaveOneOut", family, tmp_path, *more, data=data) == 2
    assert "needs three or more" in capsys.readouterr().err
