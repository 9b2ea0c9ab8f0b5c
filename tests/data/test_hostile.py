"""Whatever is in a file: an error that says where, or every word kept as it was."""

import json
import time

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from ctl.backbones.loading import load_tokenizer
from ctl.data.collation import Collator, windows
from ctl.data.corpus import Corpus
from ctl.data.encoding import WordEncoder
from ctl.data.reading.conll import read_conll
from ctl.data.reading.form import Form
from ctl.data.soft_labels import SoftLabelStore, StoreWriter
from ctl.data.tags import TagSchema
from ctl.data.words import plain
from ctl.errors import CTLError

SOME = settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
ODD = "\u200b\u200d\u202e\u0301\u0007\u00a0\u3000\u2028\ufeff\x85\x1c\u0661\u05d0\u0639\U0001f468\U0001f3fd"
WORDS = st.text(
    st.one_of(st.sampled_from(ODD), st.characters(exclude_categories=["Cs"])), min_size=1, max_size=12
).filter(lambda word: not set(word) & set(" \t\n\r") and not word.startswith(("#", "-DOCSTART-", "\ufeff")))
TAGS = st.sampled_from(["O", "B-PER", "I-PER", "B-LOC"])
SENTENCES = st.lists(st.lists(st.tuples(WORDS, TAGS), min_size=1, max_size=8), min_size=1, max_size=5)


@pytest.fixture(scope="module")
def encoder(family):
    return WordEncoder(load_tokenizer(str(family / "encoder")), 16)


@SOME
@given(data=st.binary(max_size=300))
def test_random_bytes_are_read_or_refused(tmp_path, data):
    path = tmp_path / "x.txt"
    path.write_bytes(data)
    for encoding in ("utf-8", "latin-1", "utf-16"):
        try:
            corpus = read_conll(path, "xx/train", Form(encoding))
        except CTLError as error:
            assert str(path) in str(error) and "\n" not in str(error)
        else:
            assert len(corpus.words) == corpus.offsets[-1] and (np.diff(corpus.offsets) > 0).all()


@SOME
@given(sentences=SENTENCES, separator=st.sampled_from([" ", "\t"]), end=st.sampled_from(["\n", "\r\n"]))
def test_every_word_comes_back_as_it_was_written(tmp_path, sentences, separator, end):
    """Through the reader in memory, on disk, and the cache, whatever letters the words are made of."""
    path, folder = tmp_path / "x.txt", tmp_path / "folder"
    folder.mkdir(exist_ok=True)
    text = (end * 2).join(end.join(f"{word}{separator}{tag}" for word, tag in sentence) for sentence in sentences)
    path.write_bytes(text.encode())
    written = [word for sentence in sentences for word, _ in sentence]
    if all(word.startswith("en:") for word in written) or "\0" in text:
        return
    form = Form(normalization="none")
    memory, disk = read_conll(path, "xx/train", form), read_conll(path, "xx/train", form, folder)
    assert list(memory.words) == list(disk.words) == written
    assert memory.offsets.tolist() == disk.offsets.tolist() == np.cumsum([0, *map(len, sentences)]).tolist()
    assert memory.tags.tolist() == disk.tags.tolist() and memory.fingerprint == disk.fingerprint
    assert list(read_conll(path, "xx/train").words) == list(map(plain, written))
    assert (memory.tags > 0).tolist() == [tag != "O" for sentence in sentences for _, tag in sentence]


@SOME
@given(sentences=st.lists(st.lists(WORDS, min_size=1, max_size=40), min_size=1, max_size=4))
def test_every_word_has_one_place_in_the_batch(encoder, sentences):
    """And at that place stands its own first subword, windows or not."""
    corpus = Corpus("xx/train", [word for s in sentences for word in s], np.cumsum([0, *map(len, sentences)]))
    encoded = encoder.encode(corpus)
    assume(not encoded.joined)  # words of unspaced scripts may share subwords: tests/data/test_running_text.py
    batch = Collator(encoder)([encoded.example(number) for number in range(len(sentences))])
    assert batch.words.tolist() == list(range(len(corpus.words)))
    assert len(set(batch.first.tolist())) == len(corpus.words)
    subwords = encoder.subwords(corpus.words)
    ids, windows = batch.subwords.ids, batch.subwords.windows
    for first, last, pieces in zip(batch.first.tolist(), batch.last.tolist(), subwords, strict=True):
        assert ids[first : last + 1].tolist() == pieces and windows[first] == windows[last]
    sizes = Collator(encoder).sizes(encoded.lengths)
    assert len(ids) <= sizes.sum()


@SOME
@given(
    rows=st.lists(
        st.lists(st.floats(0, 1, width=16), min_size=3, max_size=3).filter(lambda p: sum(p) > 0.1),
        min_size=1,
        max_size=20,
    ),
    shares=st.integers(1, 3),
    data=st.data(),
)
def test_a_store_gives_back_every_distribution(tmp_path, rows, shares, data):
    corpus = Corpus("xx/train", ["w"] * len(rows), np.array([0, len(rows)]))
    order = np.array(data.draw(st.permutations(range(len(rows)))))
    probs = np.array(rows, dtype=np.float32)
    probs /= probs.sum(1, keepdims=True)
    for rank, words in enumerate(np.array_split(order, shares)):
        writer = StoreWriter(tmp_path / "store", rank)
        writer.add(words, probs[words], unanimous=words % 2 == 0)
        writer.close()
    StoreWriter.join(tmp_path / "store", corpus, TagSchema(("PER",)), {}, world_size=shares)
    store = SoftLabelStore(tmp_path / "store")
    np.testing.assert_array_equal(store.probs, probs.astype(np.float16))
    assert store.unanimous.tolist() == [word % 2 == 0 for word in range(len(rows))]
    for file in ("probs", "offsets", "unanimous"):  # no bit of any file can change unnoticed
        path = tmp_path / "store" / f"{file}.npy"
        whole = path.read_bytes()
        place = data.draw(st.integers(0, 8 * len(whole) - 1))
        spoilt = bytearray(whole)
        spoilt[place // 8] ^= 1 << place % 8
        path.write_bytes(spoilt)
        with pytest.raises(CTLError, match=rf"{file}.npy is not what was written"):
            SoftLabelStore(tmp_path / "store")
        path.write_bytes(whole)


@SOME
@given(
    name=st.sampled_from(["format", "types", "corpus", "teacher", "unanimous", "labelled", "sha256"]),
    value=st.recursive(
        st.one_of(st.none(), st.booleans(), st.integers(-3, 3), st.sampled_from(["", "PER", "../x", "probs.npy"])),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["name", "words", "sentences", "fingerprint", "probs.npy"]), inner)
        ),
        max_leaves=6,
    ),
)
def test_any_manifest_opens_a_store_of_distributions_or_is_refused_in_one_line(tmp_path, name, value):
    folder = tmp_path / "store"
    if not folder.exists():
        writer = StoreWriter(folder)
        writer.add(np.arange(2), np.full((2, 3), 1 / 3, dtype=np.float32))
        writer.close()
        StoreWriter.join(folder, Corpus("xx/train", ["a", "b"], np.array([0, 2])), TagSchema(("PER",)), {})
        (folder / "manifest.json").rename(tmp_path / "manifest.json")
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps({**manifest, name: value}))
    try:
        store = SoftLabelStore(folder)
    except CTLError as error:
        assert str(folder) in str(error) and "\n" not in str(error)
    else:
        np.testing.assert_allclose(store.rows(slice(None)), 1 / 3, atol=1e-3)


def test_a_sentence_of_100_000_words_is_cut_in_no_time():
    """In time that grows with its length: ten times as long takes less than thirty times as long."""
    took = []
    for size in (100_000, 1_000_000):
        counts = np.random.default_rng(0).integers(1, 5, size=size)
        began = time.process_time()
        cut = windows(counts, 254)
        took.append(time.process_time() - began)
        assert sum(len(window.words) for window in cut) == size
    assert took[1] < 30 * max(took[0], 0.01)


def test_a_million_empty_lines(tmp_path):
    path = tmp_path / "x.txt"
    path.write_text("Rhine B-LOC\n" + "\n" * 1_000_000 + "Basel B-LOC\n")
    corpus = read_conll(path, "xx/train")
    assert list(corpus.words) == ["Rhine", "Basel"] and corpus.offsets.tolist() == [0, 1, 2]
    path.write_text("\n" * 1_000_000)
    with pytest.raises(CTLError, match="no sentences"):
        read_conll(path, "xx/train")
