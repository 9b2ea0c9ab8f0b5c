"""Labellers and their measures, by hand."""

import numpy as np
import pytest
from made_up_run import SCHEMA, make_run, stored, write

from ctl.data.corpus import Corpus
from ctl.errors import CTLError
from ctl.inspection.labellers import MEAN, Labels, divergence, entropy, mean_of, read_labellers, spread, with_mean
from ctl.inspection.stores import find_stores, read_text


def test_entropy_by_hand():
    probs = np.array([[1, 0, 0, 0], [0.5, 0.5, 0, 0], [0.25] * 4], dtype=np.float32)
    assert np.allclose(entropy(probs), [0, np.log(2), np.log(4)], atol=1e-6)
    labels = Labels("direct:en", "teacher", probs, {})
    assert labels.tags.tolist() == [0, 0, 0] and np.allclose(labels.entropy, entropy(probs))


def test_spread_of_the_same_is_zero_and_of_opposites_log_k():
    certain = np.eye(4, dtype=np.float32)
    assert np.allclose(spread([certain, certain]), 0, atol=1e-6)
    assert np.allclose(spread([certain[[k]] for k in range(4)]), np.log(4), atol=1e-6)
    assert np.allclose(spread([certain]), 0, atol=1e-6)
    with pytest.raises(CTLError, match="a disagreement needs some"):
        spread([])


def test_labellers_come_in_their_order_with_what_the_stores_hold(run):
    stores = find_stores([run / "students", run / "ensembles", run / "teachers"], "train")
    labellers = read_labellers(stores, read_text(stores, {}, gold=False), limit=10)
    assert list(labellers) == ["direct:en", "direct:es", "direct:nl", "ensemble:learned", "student:learned"]
    words = len(labellers["direct:en"].probs)
    assert 0 < words < len(stored(run, "teachers/en"))
    assert np.allclose(labellers["direct:nl"].probs, stored(run, "teachers/nl")[:words], atol=1e-6)
    assert np.allclose(labellers["ensemble:learned"].weights, [[0.5, 0.3, 0.2]])


def test_teachers_without_a_mixture_have_their_mean(run):
    stores = find_stores([run / "teachers"], "train")
    labellers = with_mean(read_labellers(stores, read_text(stores, {}, gold=False), limit=None))
    mean = np.mean([stored(run, f"teachers/{language}") for language in ("en", "es", "nl")], 0)
    assert list(labellers)[-1] == MEAN and labellers[MEAN].role == "mixture"
    assert np.allclose(labellers[MEAN].probs, mean, atol=1e-6)
    assert np.allclose(labellers[MEAN].weights, 1 / 3)


def test_labellers_of_one_name_are_numbered(tmp_path):
    make_run(tmp_path, sentences=5)
    store = find_stores([tmp_path / "teachers" / "en"], "train")[0]
    name = store.manifest["corpus"]["name"]
    words = (tmp_path / "data" / "xx" / "train.txt").read_text().split()[::2]
    corpus = Corpus(name, words, np.asarray(store.offsets))
    identity = {"method": "direct:en", "sources": ["en"], "train_seconds": 1.0, "fingerprint": "another"}
    write(tmp_path, "teachers/again", corpus, np.full((len(words), len(SCHEMA)), 1 / 7, dtype=np.float32), identity)
    stores = find_stores([tmp_path / "teachers"], "train")
    names = list(read_labellers(stores, corpus, None))
    assert {"direct:en", "direct:en (2)"} <= set(names)


def test_a_labeller_counts_where_it_gave_an_answer():
    certain = np.eye(2, dtype=np.float32)
    three = [certain[[0, 0, 0]], certain[[1, 1, 0]], np.full((3, 2), 0.5, dtype=np.float32)]
    answered = [np.array([True, True, False]), np.array([True, False, False]), np.array([False, False, False])]
    assert np.allclose(spread(three, answered), [np.log(2), 0, 0], atol=1e-6)
    teachers = [
        Labels(
            f"direct:{number}", "teacher", probs, {"sources": [str(number)], "fingerprint": str(number)}, None, marks
        )
        for number, (probs, marks) in enumerate(zip(three, answered, strict=True))
    ]
    assert np.allclose(divergence(teachers), [np.log(2), 0, 0], atol=1e-6)
    mean = mean_of(teachers)
    assert np.allclose(mean.probs, [[0.5, 0.5], [1, 0], [0.5, 0.5]]) and mean.answered.tolist() == [True, True, False]
    assert np.isnan(mean.entropy).tolist() == [False, False, True] and mean.tags[2] == 0
    assert np.isnan(mean.rows(slice(1, 3))).tolist() == [[False, False], [True, True]]
