"""Models of a few labelled sentences say so, and read them only where that was asked for."""

from types import SimpleNamespace

import numpy as np
import pytest

from ctl.data.corpus import Corpus
from ctl.errors import CTLError
from ctl.modules.baselines.few_shot import FewShot

TEXT = Corpus("de/few", ["a", "b"], np.array([0, 1, 2]), np.array([0, 1], dtype=np.int16))
STUDENT = {"method": "student:truth+kl", "sources": ["en", "nl"], "train_seconds": 9.0, "taught_by": {"method": "x"}}


def with_data(**settings):
    model = FewShot(backbone="unused")
    model._trainer = SimpleNamespace(datamodule=SimpleNamespace(target="de", sources=(), **settings))
    return model


def test_it_counts_the_sentences_that_it_learns_from():
    model = with_data(few="mine.conll", training=[TEXT])
    model.setup("fit")
    assert (model.sources, model.sentences, model.source_types) == (("de",), 2, ("PER",))


def test_it_does_not_learn_from_the_target_unasked():
    with pytest.raises(CTLError, match=r"set data\.few"):
        with_data(few=None, training=[TEXT]).setup("fit")


def test_rows_of_the_word_embedding_that_it_does_not_read_stay_the_students():
    """Those of a trimmed embedding, and those that a teacher's checkpoint leaves out, are the backbone's."""
    assert not FewShot(backbone="unused", start="x").trim_embeddings and FewShot(backbone="unused").trim_embeddings
    assert not FewShot.needs_backbone and FewShot.__mro__[1].needs_backbone


@pytest.mark.parametrize(("student", "method", "sources", "seconds"), [
    ({}, "few", ["de"], 2.0), (STUDENT, "student:truth+kl+few", ["en", "nl"], 11.0),
])  # fmt: skip
def test_it_says_what_it_saw(monkeypatch, student, method, sources, seconds):
    monkeypatch.setattr(FewShot, "family", "")
    model = FewShot(backbone="unused")
    model.restore_extra({"sources": ["de"], "source_types": ["PER"], "student": student, "sentences": 5})
    model.train_seconds = 2.0
    identity = model.identity()
    told = {name: identity[name] for name in ("method", "sources", "train_seconds", "few")}
    assert told == {"method": method, "sources": sources, "train_seconds": seconds, "few": 5}
    assert model.checkpoint_extra()["sentences"] == 5
