"""Mixtures of stored and of loaded teachers, whose weights are known."""

import json
import shutil

import numpy as np
import pytest
import torch

from ctl.data.datamodule import NERDataModule
from ctl.data.soft_labels import SoftLabelStore, StoreWriter
from ctl.mixing.answers import read_answers
from ctl.mixing.inference import fit_truth
from ctl.modules.ensemble import Ensemble
from ctl.weighting import write_sentence_weights


def f1(output):
    (record,) = json.loads((output / "results.json").read_text())
    return record["f1"]


def test_live_and_stored_teachers_are_mixed_alike(command, teachers, family, tmp_path):
    live = [str(teachers / language / "best.ckpt") for language in ("a2", "b1")]
    stored = [str(teachers / language / "soft_labels" / "test") for language in ("a2", "b1")]
    scores = []
    for number, members in enumerate((live, stored, [live[0], stored[1]])):
        output = tmp_path / str(number)
        assert command("test", "Ensemble", family, output, "--model.teachers", json.dumps(members)) == 0
        scores.append(f1(output))
    assert scores[0] == pytest.approx(scores[1], abs=0.5) and scores[0] == pytest.approx(scores[2], abs=0.5)


def test_equal_teachers_are_one(command, teachers, family, tmp_path):
    stored = str(teachers / "a2" / "soft_labels" / "test")
    assert command("test", "Ensemble", family, tmp_path, "--model.teachers", json.dumps([stored] * 3)) == 0
    assert f1(tmp_path) == pytest.approx(f1(teachers / "a2"), abs=0.5)


def test_weights_decide(command, teachers, family, tmp_path):
    stored = json.dumps([str(teachers / language / "soft_labels" / "test") for language in ("a2", "b1")])
    (tmp_path / "weights.json").write_text('{"fixed": {"b1": 0.0, "a2": 3.0}}')
    weighting = ["--model.weighting", "fixed", "--model.weights", str(tmp_path / "weights.json")]
    predict = {"predict_splits": "[test]"}
    assert command("predict", "Ensemble", family, tmp_path, "--model.teachers", stored, *weighting, data=predict) == 0
    mixed = SoftLabelStore(tmp_path / "soft_labels" / "test")
    alone = SoftLabelStore(teachers / "a2" / "soft_labels" / "test")
    assert (mixed.probs[:] == alone.probs[:]).mean() > 0.99
    card = mixed.manifest["teacher"]
    assert card["method"] == "ensemble:fixed" and card["sources"] == ["a2", "b1"] and card["weights"] == [1.0, 0.0]
    assert card["weights_entropy"] == 0
    (tmp_path / "weights.json").write_text('{"fixed": {"a2": 1}}')
    assert command("test", "Ensemble", family, tmp_path, "--model.teachers", stored, *weighting) == 2


def test_each_sentence_has_its_own_weights(command, teachers, family, tmp_path):
    """All weight to a2 in even sentences and to b1 in odd ones."""
    data = NERDataModule(target="a1", root=str(family), backbone=str(family / "encoder"))
    corpus = data.target_text("test")
    weights = np.eye(2, dtype=np.float32)[np.arange(len(corpus)) % 2]
    write_sentence_weights(tmp_path / "test.safetensors", {"learned": weights}, ["a2", "b1"], corpus)
    stored = [str(teachers / language / "soft_labels" / "test") for language in ("a2", "b1")]
    more = ["--model.weighting", "learned-sentence", "--model.weights", str(tmp_path / "test.safetensors")]
    predict = {"predict_splits": "[test]"}
    members = ["--model.teachers", json.dumps(stored)]
    assert command("predict", "Ensemble", family, tmp_path, *members, *more, data=predict) == 0
    mixed, *alone = (SoftLabelStore(path).probs for path in (tmp_path / "soft_labels" / "test", *stored))
    for sentence in range(len(corpus)):
        words = slice(corpus.offsets[sentence], corpus.offsets[sentence + 1])
        np.testing.assert_allclose(mixed[words], alone[sentence % 2][words], atol=2e-3)


def test_sharper_weights_and_the_heaviest_of_them(command, teachers, family, tmp_path):
    """Weights of 3/4 and 1/4 are 9/10 and 1/10 at sharpness 2; the heaviest alone is its teacher."""
    stored = [str(teachers / language / "soft_labels" / "test") for language in ("a2", "b1")]
    given = ["--model.teachers", json.dumps(stored), "--model.weighting", "fixed", "--model.weights", "{a2: 3, b1: 1}"]
    cards = []
    for name, more in (("sharp", ["--model.sharpness", "2"]), ("top", ["--model.top", "1", "--model.sharpness", "2"])):
        run, data = tmp_path / name, {"predict_splits": "[test]"}
        assert command("predict", "Ensemble", family, run, *given, *more, data=data) == 0
        cards.append(SoftLabelStore(run / "soft_labels" / "test"))
    assert [card.manifest["teacher"]["weights"] for card in cards] == [[0.9, 0.1], [1.0, 0.0]]
    assert cards[0].manifest["teacher"]["sharpness"] == 2
    assert (cards[1].probs[:] == SoftLabelStore(stored[0]).probs[:]).mean() > 0.99


def test_where_all_teachers_agree(command, teachers, family, tmp_path):
    """``mark`` says where, and ``replace`` makes their tag certain there and changes nothing else."""
    stored = [str(teachers / language / "soft_labels" / "test") for language in ("a2", "b1")]
    stores = {}
    for unanimous in ("mix", "mark", "replace"):
        more = ["--model.teachers", json.dumps(stored), "--model.unanimous", unanimous]
        output = tmp_path / unanimous
        assert command("predict", "Ensemble", family, output, *more, data={"predict_splits": "[test]"}) == 0
        stores[unanimous] = SoftLabelStore(output / "soft_labels" / "test")
    first, second = (SoftLabelStore(path).probs[:].argmax(-1) for path in stored)
    agreed = first == second
    assert 0 < agreed.mean() < 1
    assert stores["mix"].unanimous is None and (stores["mark"].unanimous[:] == agreed).all()
    replaced, mixed = stores["replace"].probs[:], stores["mix"].probs[:]
    assert (replaced[agreed] == np.eye(7)[first[agreed]]).all()
    assert (replaced[~agreed] == mixed[~agreed]).all() and (stores["mark"].probs[:] == mixed).all()


def test_agreement_is_weighed_on_the_train_split_also_when_the_test_split_is_scored(command, family, tmp_path, capsys):
    """Three made-up teachers: on the train split the first two agree, on the test split the last two."""
    agree = {"train": (0, 0, 1), "test": (0, 1, 1)}
    paths = []
    for number in range(3):
        for split in ("test", "train"):
            data = NERDataModule(target="a1", root=str(family), backbone=str(family / "encoder"))
            corpus, path = data.target_text(split), tmp_path / str(number) / "soft_labels" / split
            tags = 1 + (np.arange(len(corpus.words)) + agree[split][number]) % 6
            writer = StoreWriter(path)
            writer.add(np.arange(len(tags)), np.eye(7, dtype=np.float32)[tags])
            writer.close()
            identity = {"method": f"direct:{number}", "sources": [str(number)], "train_seconds": 0.0}
            StoreWriter.join(path, corpus, data.schema, identity)
        paths.append(path.parent)

    def weights(split, name, *more):
        members = ["--model.teachers", json.dumps([str(path / split) for path in paths])]
        output = tmp_path / name
        agreement = ["--model.weighting", "agreement"]
        assert command(name, "Ensemble", family, output, *members, *agreement, data={"predict_splits": "[train]"}) == 0
        if name == "test":
            return json.loads((output / "results.json").read_text())[0]["provenance"]["weights"]
        return SoftLabelStore(output / "soft_labels" / "train").manifest["teacher"]["weights"]

    assert weights("test", "test") == weights("train", "predict") == [0.5, 0.5, 0.0]
    shutil.rmtree(paths[1] / "train")
    assert weights("test", "test") == [0.0, 0.5, 0.5]
    assert "agreement is weighed on the text at hand" in capsys.readouterr().err


@pytest.fixture(scope="module")
def annotators(family, tmp_path_factory):
    """Soft labels of a1 by three made-up teachers: the first two are mostly right on made-up tags, the third is not."""
    root, rng = tmp_path_factory.mktemp("annotators"), np.random.default_rng(0)
    for split in ("train", "test"):
        data = NERDataModule(target="a1", root=str(family), backbone=str(family / "encoder"))
        corpus = data.target_text(split)
        truth = rng.choice([0, 1, 3, 5], len(corpus.words), p=[0.7, 0.1, 0.1, 0.1])
        for name, right in (("x", 0.9), ("y", 0.8), ("z", 0.3)):
            wrong = rng.choice([0, 1, 3, 5], len(truth))
            tags = np.where(rng.random(len(truth)) < right, truth, wrong)
            writer = StoreWriter(root / name / split)
            writer.add(np.arange(len(tags)), np.eye(7, dtype=np.float32)[tags])
            writer.close()
            identity = {"method": f"direct:{name}", "sources": [name], "train_seconds": 0.0, "fingerprint": name}
            StoreWriter.join(root / name / split, corpus, data.schema, identity)
    return root


def test_the_truth_is_inferred_on_the_train_split_and_also_scored_on_the_test_split(
    command, annotators, family, tmp_path
):
    settings = ["--model.weighting", "truth"]
    for name, split in (("test", "test"), ("predict", "train")):
        members = ["--model.teachers", json.dumps([str(annotators / teacher / split) for teacher in "xyz"])]
        assert command(name, "Ensemble", family, tmp_path / name, *members, *settings) == 0
    stores = [SoftLabelStore(annotators / teacher / "train") for teacher in "xyz"]
    truth = fit_truth(lambda: read_answers(stores))
    (every,) = read_answers(stores)
    mixed = SoftLabelStore(tmp_path / "predict" / "soft_labels" / "train")
    np.testing.assert_allclose(mixed.probs[:], truth.posterior(every), atol=1e-3)
    identity = mixed.manifest["teacher"]
    np.testing.assert_allclose(identity["weights"], truth.shares(), atol=1e-4)
    assert identity["method"] == "ensemble:truth" and np.argmin(identity["weights"]) == 2
    right = [list(identity["reliability"][teacher].values()) for teacher in "xyz"]
    np.testing.assert_allclose(right, truth.recall_of_types(), atol=1e-4)
    assert min(right[0]) > max(right[2])
    records = [json.loads((tmp_path / name / "truth.json").read_text()) for name in ("test", "predict")]
    assert records[0] == records[1]
    table = records[0]["teachers"]["y"]["answers_by_true_tag"]
    assert table["B-ORG"]["B-LOC"] == pytest.approx(truth.confusions[1, 3, 5], abs=1e-4)
    (record,) = json.loads((tmp_path / "test" / "results.json").read_text())
    assert record["provenance"]["reliability"] == identity["reliability"]


def test_of_the_truth_the_teachers_that_tell_most_may_be_kept(command, annotators, family, tmp_path):
    members = ["--model.teachers", json.dumps([str(annotators / teacher / "train") for teacher in "xyz"])]
    more = ["--model.weighting", "truth", "--model.top", "2"]
    assert command("predict", "Ensemble", family, tmp_path, *members, *more) == 0
    two = [SoftLabelStore(annotators / teacher / "train") for teacher in "xy"]
    truth = fit_truth(lambda: read_answers(two))
    mixed = SoftLabelStore(tmp_path / "soft_labels" / "train")
    np.testing.assert_allclose(mixed.probs[:], truth.posterior(next(read_answers(two))), atol=1e-3)
    np.testing.assert_allclose(mixed.manifest["teacher"]["weights"], [*truth.shares(), 0], atol=1e-4)
    assert set(mixed.manifest["teacher"]["reliability"]) == {"x", "y"}


def test_a_teacher_without_a_type_abstains_on_it():
    """Two teachers of equal weight, the first of a source without LOC: half of its 0.8 on O is LOC for the other."""
    each = torch.tensor([[[0.8, 0.2, 0.0, 0.0, 0.0]], [[0.3, 0.4, 0.0, 0.3, 0.0]]])
    ensemble = Ensemble(teachers=["a", "b"], types=["PER", "LOC"], abstain=True)
    ensemble.weights, ensemble.lacks = torch.tensor([0.5, 0.5]), torch.tensor([[False, True], [False, False]])
    mixed = ensemble._mix(None, each, None)
    torch.testing.assert_close(mixed["probs"], torch.tensor([[0.35, 0.3, 0.0, 0.35, 0.0]]))


def test_mistakes_are_said_in_one_line(command, teachers, family, tmp_path, capsys):
    members = ["--model.teachers", json.dumps([str(teachers / "a2" / "soft_labels" / "test")])]
    live = ["--model.teachers", json.dumps([str(teachers / "a2" / "best.ckpt")])]
    two_live = ["--model.teachers", json.dumps([str(teachers / name / "best.ckpt") for name in ("a2", "b1")])]
    cases = [
        (("fit", *members), "not trained"),
        (("predict", *members), "name is a1/test in the store, a1/train here"),
        (("test", "--model.teachers", "[nowhere]"), "neither a checkpoint nor a soft-label store"),
        (("test", "--model.teachers", "[]"), "needs teachers"),
        (("test", *members, "--model.weighting", "l2"), "needs model.weights"),
        (("test", *live, "--model.weighting", "agreement"), "agreement weights need soft labels"),
        (("test", *two_live, "--model.weighting", "truth"), "truth weights need soft labels"),
        (("test", *two_live, "--model.weighting", "truth", "--model.abstain", "true"), "leave +abstain out"),
    ]
    for (name, *more), message in cases:
        assert command(name, "Ensemble", family, tmp_path, *more) == 2, message
        printed = capsys.readouterr().err
        assert message in printed and "Traceback" not in printed


def test_a_teacher_without_a_label_has_no_weight_there(tmp_path):
    """Two teachers of weights 3/4 and 1/4: both label the first word, one the second, and none the third."""
    each = torch.tensor([[[0.8, 0.2, 0.0], [1 / 3] * 3, [1 / 3] * 3], [[0.4, 0.6, 0.0], [0.0, 1.0, 0.0], [1 / 3] * 3]])
    labelled = torch.tensor([[True, False, False], [True, True, False]])
    ensemble = Ensemble(teachers=["a", "b"], types=["PER"])
    ensemble.weights = torch.tensor([0.75, 0.25])
    mixed = ensemble._mix(None, each, labelled)
    torch.testing.assert_close(mixed["probs"], torch.tensor([[0.7, 0.3, 0.0], [0.0, 1.0, 0.0], [1 / 3] * 3]))
    assert mixed["labelled"].tolist() == [True, True, False] and mixed["unanimous"].tolist() == [False] * 3
    ensemble.weights = torch.tensor([1.0, 0.0])
    assert ensemble._mix(None, each, labelled)["labelled"].tolist() == [True, False, False]


def test_a_pooled_teacher_counts_as_the_mean_of_the_others():
    """Weights 3 to 1 and their mean, 2: a half, a sixth and a third; one that is given a number has that."""
    sources = ["en", "nl", "en,nl"]
    ensemble = Ensemble(teachers=["a"], weighting="fixed", weights={"en": 3.0, "nl": 1.0})
    np.testing.assert_allclose(ensemble._weights(sources), [1 / 2, 1 / 6, 1 / 3], rtol=1e-6)
    ensemble.given = {"en": 3.0, "nl": 1.0, "en,nl": 6.0}
    np.testing.assert_allclose(ensemble._weights(sources), [0.3, 0.1, 0.6], rtol=1e-6)
    for weighting in ("uniform", "pooled"):
        np.testing.assert_allclose(Ensemble(["a"], weighting=weighting)._weights(sources), [1 / 3] * 3, rtol=1e-6)
