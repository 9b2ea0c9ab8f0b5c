"""Frames of an inspection, against numbers computed here from the stores."""

import numpy as np
import pandas as pd
import pytest
from made_up_run import SCHEMA, stored
from scipy.spatial.distance import jensenshannon
from scipy.stats import entropy

from ctl.errors import CTLError
from ctl.inspection.frames import Inspection
from ctl.inspection.labellers import MEAN


def test_words_have_their_entropy_and_their_teachers_disagreement(run):
    frame = Inspection.open(run).words()
    mixture = stored(run, "ensembles/learned")
    teachers = [stored(run, f"teachers/{language}") for language in ("en", "es", "nl")]
    assert np.allclose(frame["entropy"], entropy(mixture, axis=-1), atol=1e-5)
    assert (frame["tag"] == np.array(SCHEMA.tags)[mixture.argmax(-1)]).all()
    expected = entropy(np.mean(teachers, 0), axis=-1) - np.mean([entropy(probs, axis=-1) for probs in teachers], 0)
    assert np.allclose(frame["disagreement"], expected, atol=1e-5)
    assert "gold" not in frame and "wrong" not in frame


def test_departure_is_from_what_taught_the_student(run):
    inspection = Inspection.open(run)
    apart = jensenshannon(stored(run, "students/learned"), stored(run, "ensembles/learned"), axis=-1) ** 2
    assert np.allclose(inspection.words()["departure"], apart, atol=1e-5)
    alone = Inspection.open(run / "students", *(run / "teachers" / language for language in ("en", "nl", "es")))
    mean = np.mean([stored(run, f"teachers/{language}") for language in ("en", "nl", "es")], 0)
    apart = jensenshannon(stored(run, "students/learned"), mean, axis=-1) ** 2
    assert alone.default.name == MEAN and np.allclose(alone.departure(), apart, atol=1e-5)


def test_gold_is_read_only_where_it_is_asked_for(run):
    assert Inspection.open(run).corpus.tags is None
    with pytest.raises(CTLError, match="no wrong here: it needs gold=True"):
        Inspection.open(run).most("wrong")
    inspection = Inspection.open(run, gold=True)
    wrong = stored(run, "ensembles/learned").argmax(-1) != inspection.corpus.tags
    assert 0 < wrong.sum() == inspection.words()["wrong"].sum() == inspection.sentences()["wrong"].sum()
    assert (
        inspection.most("wrong", 1)["wrong"].iloc[0]
        == pd.Series(wrong).groupby(inspection.words()["sentence"]).sum().max()
    )


def test_the_most_disputed_sentences_come_first_with_all_answers(run):
    inspection = Inspection.open(run)
    found = inspection.most("disagreement", 5)
    most = inspection.words().groupby("sentence")["disagreement"].max()
    assert found["disagreement"].tolist() == sorted(most, reverse=True)[:5]
    assert list(found.columns[-5:]) == ["direct:en", "direct:es", "direct:nl", "ensemble:learned", "student:learned"]
    assert inspection.weights().iloc[0].to_dict() == pytest.approx(
        {"direct:en": 0.5, "direct:nl": 0.3, "direct:es": 0.2}
    )


def test_distributions_of_a_sentence_are_the_stores(run):
    inspection = Inspection.open(run)
    begin, end = inspection.corpus.offsets[7:9]
    for stage, name in (("teachers/nl", "direct:nl"), ("students/learned", "student:learned")):
        assert np.allclose(inspection.distributions(7).loc[name], stored(run, stage)[begin:end], atol=1e-6)


def test_the_default_is_a_mixture_then_a_student_then_a_teacher(run):
    assert Inspection.open(run).default.name == "ensemble:learned"
    assert Inspection.open(run / "students", run / "teachers" / "en").default.name == "student:learned"
    assert Inspection.open(run / "teachers" / "en").default.name == "direct:en"
    with pytest.raises(CTLError, match="no soft labels of nobody"):
        Inspection.open(run)["nobody"]


def test_measures_that_need_a_student_or_a_mixture_say_so(run):
    teacher = Inspection.open(run / "teachers" / "en")
    with pytest.raises(CTLError, match="no soft labels of a student here"):
        teacher.departure()
    with pytest.raises(CTLError, match="direct:en is no mixture"):
        teacher.weights()
    assert teacher.disagreement.max() == 0


def test_the_package_hands_on_what_notebooks_use():
    from ctl import inspection

    assert inspection.Inspection is Inspection and callable(inspection.spread)
    with pytest.raises(AttributeError, match=r"module 'ctl\.inspection' has no attribute 'nothing'"):
        _ = inspection.nothing


def test_a_word_without_an_answer_counts_in_no_measure(partly):
    run, silent = partly
    inspection = Inspection.open(run, gold=True)
    en, nl = (stored(run, f"teachers/{language}") for language in ("en", "nl"))
    apart = jensenshannon(en, nl, axis=-1) ** 2
    assert np.allclose(inspection.disagreement[silent], apart[silent], atol=1e-5)
    frame = inspection.words("direct:es")
    assert (frame["tag"] == "no answer").tolist() == silent.tolist()
    for measure in ("probability", "entropy"):
        assert frame[measure].isna().tolist() == silent.tolist()
    assert not frame["wrong"][silent].any() and frame["wrong"][~silent].any()
    rows = inspection.distributions(0)
    assert rows.loc["direct:es"].isna().all(axis=None) and rows.loc["direct:en"].notna().all(axis=None)


def test_a_sentence_without_an_answer_says_so(partly):
    run, silent = partly
    inspection = Inspection.open(run)
    answered = np.logical_or.reduceat(~silent, inspection.corpus.offsets[:-1])
    texts = inspection.sentences("direct:es")["text"]
    assert (texts == "no answer").tolist() == (~answered).tolist() and not answered[0]
    most = inspection.most("disagreement", len(answered))
    assert (most["direct:es"] == "no answer").sum() == (~answered).sum() and "no answer" not in most[
        "direct:en"
    ].tolist()
    assert inspection.most("entropy", 90, by="direct:es")["entropy"].isna().sum() == (~answered).sum()


def test_where_a_teacher_gives_no_answer_the_others_share_its_weight(partly):
    weights = Inspection.open(partly[0]).weights()
    assert weights.iloc[0].to_dict() == pytest.approx(
        {"direct:en": 0.5 / 0.8, "direct:nl": 0.3 / 0.8, "direct:es": 0.0}
    )
    assert np.allclose(weights.sum(axis=1), 1) and 0 < weights["direct:es"].mean() < 0.2


def test_a_notebook_shows_who_labels_and_how(run):
    inspection = Inspection.open(run)
    assert repr(inspection).startswith("<Inspection of xx/train: 90 sentences, labels of direct:en, ")
    shown = inspection._repr_html_()
    weights = "en 0.50, nl 0.30, es 0.20"
    assert shown.count("<tr>") == 1 + len(inspection.labellers) and weights in shown
    share = 100 * (inspection["direct:en"].tags > 0).mean()
    assert inspection.compare(3).count("<tr>") == 1 + len(inspection.labellers)
    assert f">{share:.1f}<" in shown and f">{inspection['direct:en'].entropy.mean():.3f}<" in shown
