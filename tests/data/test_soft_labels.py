import json
import shutil

import numpy as np
import pytest

from ctl.data.corpus import Corpus
from ctl.data.soft_labels import SoftLabelStore, StoreWriter
from ctl.data.tags import TagSchema
from ctl.errors import CTLError
from ctl.system.files import checksum

SCHEMA = TagSchema(("PER", "LOC"))
CORPUS = Corpus("xx/train", [f"w{i}" for i in range(10)], np.array([0, 3, 3, 10]))
PROBS = np.random.default_rng(0).dirichlet(np.ones(5), size=10).astype(np.float32)


@pytest.fixture
def store(tmp_path):
    """Written by two processes, in any order of words."""
    order = np.random.default_rng(1).permutation(10)
    for rank, share in enumerate((order[:4], order[4:])):
        writer = StoreWriter(tmp_path / "store", rank)
        for words in np.array_split(share, 2):
            writer.add(words, PROBS[words])
        writer.close()
    return StoreWriter.join(tmp_path / "store", CORPUS, SCHEMA, {"method": "direct:yy"}, world_size=2)


def test_round_trip(store):
    again = SoftLabelStore(store.path)
    np.testing.assert_allclose(again.rows(slice(0, 10)), PROBS, atol=1e-3)
    np.testing.assert_allclose(again.rows(np.array([7, 2])), PROBS[[7, 2]], atol=1e-3)
    np.testing.assert_allclose(again.rows(slice(0, 10)).sum(-1), 1, atol=1e-6)
    assert again.offsets.tolist() == [0, 3, 3, 10]
    assert again.manifest["teacher"] == {"method": "direct:yy"}
    assert repr(again).endswith("store: direct:yy for xx/train, 3 sentences, 10 words, types PER, LOC)")
    assert isinstance(again.probs.base, np.memmap)
    assert not store.path.with_name("store.partial").exists()


def test_size_is_two_bytes_a_tag(store):
    assert (store.path / "probs.npy").stat().st_size == 128 + 2 * 10 * len(SCHEMA)


def test_matching_text_and_tags_pass(store):
    store.check(CORPUS, SCHEMA)


@pytest.mark.parametrize(
    ("corpus", "schema", "said"),
    [
        (CORPUS.head(2), SCHEMA, r"sentences is 3 in the store, 2 here; words is 10 in the store, 3 here"),
        (Corpus("xx/train", ["v", *CORPUS.words[1:]], CORPUS.offsets), SCHEMA, "fingerprint is"),
        (Corpus("xx/test", CORPUS.words, CORPUS.offsets), SCHEMA, "name is xx/train in the store, xx/test here"),
        (CORPUS, TagSchema(("LOC", "PER")), r"types are \['PER', 'LOC'\] in the store, \['LOC', 'PER'\] here"),
    ],
)
def test_what_differs_is_said(store, corpus, schema, said):
    with pytest.raises(CTLError, match=said):
        store.check(corpus, schema)


def test_a_word_without_distribution_is_noticed(tmp_path):
    writer = StoreWriter(tmp_path / "store")
    writer.add(np.arange(9), PROBS[:9])
    writer.close()
    with pytest.raises(RuntimeError, match="1 of 10 words"):
        StoreWriter.join(tmp_path / "store", CORPUS, SCHEMA, {})
    with pytest.raises(CTLError, match="no soft labels here"):
        SoftLabelStore(tmp_path / "store")


def rewritten(store, folder, manifest=None, **arrays):
    """A store with other arrays, whose checksums are right."""
    shutil.copytree(store.path, folder)
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array)
    record = json.loads((folder / "manifest.json").read_text()) | (manifest or {})
    if "sha256" not in (manifest or {}):
        record["sha256"] = {f"{name}.npy": checksum(folder / f"{name}.npy") for name in ("probs", "offsets")}
    (folder / "manifest.json").write_text(json.dumps(record))
    return folder


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({"probs": PROBS[:9].astype(np.float16)}, r"probs.npy is \(9, 5\) of float16, but its manifest says \(10, 5\)"),
        ({"probs": PROBS[:, :3].astype(np.float16)}, r"probs.npy is \(10, 3\)"),
        ({"probs": np.ones((10, 5), dtype=np.int64)}, "of int64"),
        ({"probs": np.zeros((10, 5), dtype=np.float16)}, "soft label of word 0 is no distribution"),
        ({"probs": np.where(PROBS[3, 1] == PROBS, np.nan, PROBS).astype(np.float16)}, "word 3 is no distribution"),
        ({"probs": np.where(PROBS[4, 0] == PROBS, -1, PROBS).astype(np.float16)}, "word 4 is no distribution"),
        ({"offsets": np.array([0, 3, 10])}, "offsets.npy is"),
        ({"offsets": np.array([0, 7, 3, 10])}, "does not divide 10 words"),
        ({"offsets": np.array([0, 3, 3, 11])}, "does not divide 10 words"),
    ],
)
def test_arrays_that_are_not_what_the_manifest_says_are_refused(store, tmp_path, arrays, said):
    folder = rewritten(store, tmp_path / "other", **arrays)
    with pytest.raises(CTLError, match=said):
        SoftLabelStore(folder)


@pytest.mark.parametrize(
    "manifest",
    [
        {"teacher": None}, {"types": "PER"}, {"corpus": {}}, {"sha256": {}}, {"sha256": [1]}, {"unanimous": "no"},
        {"sha256": {"probs.npy": "x", "offsets.npy": "x", "/etc/passwd": "x"}}, {"format": None}, {"types": [1, 2, 3]},
        {"corpus": {"name": "xx/train", "sentences": "many", "words": 10, "fingerprint": "x"}},
    ],
)  # fmt: skip
def test_a_manifest_that_is_not_ours_is_refused(store, tmp_path, manifest):
    with pytest.raises(CTLError, match="write it anew"):
        SoftLabelStore(rewritten(store, tmp_path / "other", manifest))


def test_a_manifest_that_is_nested_too_deep(tmp_path):
    (tmp_path / "manifest.json").write_text("[" * 100_000)
    with pytest.raises(CTLError, match=r"manifest\.json: not readable .*write it anew"):
        SoftLabelStore(tmp_path)


def test_a_file_that_is_no_array_is_refused(store, tmp_path):
    folder = rewritten(store, tmp_path / "other")
    (folder / "probs.npy").write_bytes(b"\x80\x04K\x01.")  # a pickle
    with pytest.raises(CTLError, match="not readable") as told:
        SoftLabelStore(folder, verify=False)
    assert "allow_pickle" not in str(told.value)


def test_damage_is_noticed(store, tmp_path):
    def copy(name):
        return shutil.copytree(store.path, tmp_path / name)

    for file in ("probs", "offsets"):
        flipped = copy(f"flipped {file}") / f"{file}.npy"
        data = bytearray(flipped.read_bytes())
        data[-1] ^= 1
        flipped.write_bytes(data)
    short = copy("short") / "probs.npy"
    short.write_bytes(short.read_bytes()[:-2])
    (copy("gone") / "probs.npy").unlink()
    (copy("old") / "manifest.json").write_text(json.dumps({"format": 0}))
    (copy("torn") / "manifest.json").write_text("{")
    flips = {"flipped probs": "probs.npy .*checksum", "flipped offsets": "offsets.npy .*checksum"}
    reasons = flips | {"short": "checksum", "gone": "missing", "old": "format 0", "torn": "not readable"}
    for name, said in reasons.items():
        with pytest.raises(CTLError, match=said):
            SoftLabelStore(tmp_path / name)


def test_words_without_a_label_are_marked(tmp_path):
    """The mark is read back."""
    writer = StoreWriter(tmp_path / "store")
    labelled = np.arange(10) % 3 > 0
    writer.add(np.arange(10), PROBS, labelled=labelled)
    writer.close()
    store = StoreWriter.join(tmp_path / "store", CORPUS, SCHEMA, {"method": "llm-prompted"})
    again = SoftLabelStore(store.path)
    assert again.labelled.tolist() == labelled.tolist() and again.unanimous is None
    assert again.manifest["labelled"] is True and "labelled.npy" in again.manifest["sha256"]
    assert again.share_of_o() == (PROBS.argmax(-1) == 0)[labelled].mean()


def test_a_store_with_all_labels_has_no_such_mark(store):
    assert "labelled" not in store.manifest and store.labelled is None
