"""A run of ``ctl transfer`` as far as its soft labels go, made up of random numbers."""

import numpy as np
import yaml

from ctl.data.corpus import Corpus
from ctl.data.soft_labels import SoftLabelStore, StoreWriter
from ctl.data.tags import TagSchema
from ctl.inspection.stores import read_text

SCHEMA = TagSchema(("PER", "ORG", "LOC"))
LEARNED = [0.5, 0.3, 0.2]  # the weights of the mixture


def make_run(folder, sentences=90):
    """Writes three teachers, their mixture and its student, for sentences with gold tags; returns the folder."""
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

    def labels(noise):
        odds = np.exp(rng.normal(0, noise, (len(words), 7)) + 6 * (np.arange(7) == gold[:, None]))
        return (odds / odds.sum(-1, keepdims=True)).astype(np.float32)

    teachers = {language: labels(noise) for language, noise in (("en", 1.5), ("nl", 2.0), ("es", 3.0))}
    for language, probs in teachers.items():
        identity = {
            "method": f"direct:{language}",
            "sources": [language],
            "train_seconds": 1.0,
            "fingerprint": language,
        }
        write(folder, f"teachers/{language}", corpus, probs, identity)
    mixture = sum(weight * probs for weight, probs in zip(LEARNED, teachers.values(), strict=True))
    identity = {
        "method": "ensemble:learned",
        "sources": list(teachers),
        "weights": LEARNED,
        "teachers": list(teachers),
        "fingerprint": "m",
        "train_seconds": 3.0,
    }
    write(folder, "ensembles/learned", corpus, mixture, identity)
    taught = {
        "method": "student:learned",
        "sources": list(teachers),
        "taught_by": identity,
        "fingerprint": "s",
        "train_seconds": 4.0,
    }
    write(folder, "students/learned", corpus, labels(1.0), taught)
    return folder


def silence(run, stage, silent):
    """Takes the answers of a stage on some words (W) away."""
    store = SoftLabelStore(run / stage / "soft_labels" / "train")
    probs = np.where(silent[:, None], 1 / len(SCHEMA), store.rows(slice(None)))
    write(run, stage, read_text([store], {}, gold=False), probs, store.manifest["teacher"], labelled=~silent)


def write(folder, stage, corpus, probs, identity, **marks):
    """Writes a store as ``ctl predict`` does, with the settings of its data beside it."""
    store = folder / stage / "soft_labels" / "train"
    writer = StoreWriter(store)
    writer.add(np.arange(len(probs)), probs, **marks)
    writer.close()
    StoreWriter.join(store, corpus, SCHEMA, identity)
    settings = {"data": {"root": str(folder / "data"), "target": "xx", "backbone": "none"}}
    (folder / stage / "config.predict.yaml").write_text(yaml.safe_dump(settings))


def stored(run, stage):
    """The distributions of a stage's store (W, C), read by hand."""
    probs = np.load(run / stage / "soft_labels" / "train" / "probs.npy").astype(np.float64)
    return probs / probs.sum(-1, keepdims=True)
