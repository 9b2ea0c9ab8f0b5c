import json

import numpy as np
import pandas as pd
import pytest
import yaml
from scipy.spatial.distance import jensenshannon
from scipy.stats import entropy

from ctl.data.corpus import Corpus
from ctl.data.soft_labels import StoreWriter
from ctl.data.tags import TagSchema
from ctl.errors import CTLError
from ctl.inspection.frames import Inspection, spread
from ctl.inspection.labellers import MEAN

SCHEMA = TagSchema(("PER", "ORG", "LOC"))
LEARNED = [0.5, 0.3, 0.2]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Three teachers, their mixture and its student, of 90 sentences with gold tags."""
    return make_run(tmp_path_factory.mktemp("run"))


def make_run(folder, sentences=90):
    rng = np.random.default_rng(0)
    lengths = rng.integers(1, 12, sentences)
    words = [f"w{number}" for number in rng.integers(0, 40, lengths.sum())]
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    corpus = Corpus("xx/train", words, offsets)
    gold = rng.choice(7, len(words), p=[0.7, *[0.05] * 6])
    gold[offsets[:-1]] = rng.choice([0, 1, 3, 5], sentences)
    (folder / "data" / "xx").mkdir(parents=True)
    tagged = [f"{word} {SCHEMA.tags[tag]}" for word, tag in zip(words, gold, strict=True)]
    blocks = np.split(np.array(tagged), offsets[1:-1])
    (folder / "data" / "xx" / "train.txt").write_text("\n\n".join(map("\n".join, blocks)) + "\n")

    def answers(noise):
        odds = np.exp(rng.normal(0, noise, (len(words), 7)) + 6 * (np.arange(7) == gold[:, None]))
        return (odds / odds.sum(-1, keepdims=True)).astype(np.float32)

    teachers = {language: answers(noise) for language, noise in (("en", 1.5), ("nl", 2.0), ("es", 3.0))}
    for language, probs in teachers.items():
        card = {"method": f"direct:{language}", "sources": [language], "train_seconds": 1.0, "fingerprint": language}
        write(folder, f"teachers/{language}", corpus, probs, card)
    mixture = sum(weight * probs for weight, probs in zip(LEARNED, teachers.values(), strict=True))
    card = {
        "method": "ensemble:learned",
        "sources": list(teachers),
        "weights": LEARNED,
        "teachers": list(teachers),
        "fingerprint": "m",
        "train_seconds": 3.0,
    }
    write(folder, "ensembles/learned", corpus, mixture, card)
    taught = {
        "method": "student:learned",
        "sources": list(teachers),
        "taught_by": card,
        "fingerprint": "s",
        "train_seconds": 4.0,
    }
    write(folder, "students/learned", corpus, answers(1.0), taught)
    return folder


def write(folder, stage, corpus, probs, card):
    store = folder / stage / "soft_labels" / "train"
    writer = StoreWriter(store)
    writer.add(np.arange(len(probs)), probs)
    writer.close()
    StoreWriter.join(store, corpus, SCHEMA, card)
    settings = {"data": {"root": str(folder / "data"), "target": "xx", "backbone": "none"}}
    (folder / stage / "config.predict.yaml").write_text(yaml.safe_dump(settings))


def stored(run, stage):
    probs = np.load(run / stage / "soft_labels" / "train" / "probs.npy").astype(np.float64)
    return probs / probs.sum(-1, keepdims=True)


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
    assert alone.answer.name == MEAN and np.allclose(alone.departure(), apart, atol=1e-5)


def test_spread_of_the_same_is_zero_and_of_opposites_log_k():
    certain = np.eye(4, dtype=np.float32)
    assert np.allclose(spread([certain, certain]), 0, atol=1e-6)
    assert np.allclose(spread([certain[[k]] for k in range(4)]), np.log(4), atol=1e-6)


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


def test_what_can_not_be_inspected_is_said(run, tmp_path):
    with pytest.raises(CTLError, match=r"no soft labels of the test split here or below it"):
        Inspection.open(run, split="test")
    with pytest.raises(CTLError, match=r"--data.root says where else"):
        Inspection.open(run, data={"root": str(tmp_path)})
    (tmp_path / "xx").mkdir()
    (tmp_path / "xx" / "train.txt").write_text("other\nwords\n")
    with pytest.raises(CTLError, match="for something else"):
        Inspection.open(run, data={"root": str(tmp_path)})
    with pytest.raises(CTLError, match="no soft labels of nobody"):
        Inspection.open(run)["nobody"]
    lines = [line.split(" ")[0] for line in (run / "data" / "xx" / "train.txt").read_text().splitlines()]
    (tmp_path / "xx" / "train.txt").write_text("\n".join(lines) + "\n")
    with pytest.raises(CTLError, match="raw text"):
        Inspection.open(run, gold=True, data={"root": str(tmp_path)})
    manifest = run / "teachers" / "en" / "soft_labels" / "train" / "manifest.json"
    assert json.loads(manifest.read_text())["types"] == list(SCHEMA.types)
