"""spaCy's files, read by spaCy where it is there."""

import pytest
from reading import read, sentences

from ctl.errors import CTLError


def test_spacy(tmp_path):
    spacy = pytest.importorskip("spacy")
    from spacy.tokens import Doc, DocBin

    vocab = spacy.blank("en").vocab
    doc = Doc(vocab, words=["Ida", "PERSON", "\n", "sang", ".", "In", "case"], ents=["B-PERSON", "I-PERSON", *"OOOOO"])
    DocBin(docs=[doc]).to_disk(tmp_path / "x.spacy")
    corpus = read(tmp_path, {".spacy": (tmp_path / "x.spacy").read_bytes()})
    assert sentences(corpus) == [
        [["Ida", "B-PERSON"], ["PERSON", "I-PERSON"], ["sang", "O"], [".", "O"]], [["In", "O"], ["case", "O"]],
    ]  # fmt: skip


def test_documents_without_entities_are_no_documents_of_o(tmp_path):
    spacy = pytest.importorskip("spacy")
    from spacy.tokens import Doc, DocBin

    vocab = spacy.blank("en").vocab
    docs = [Doc(vocab, words=["Ida"], ents=["B-PER"]), Doc(vocab, words=["Oslo"])]
    for order, said in ((docs, "document 2 has no annotation of entities"), (docs[::-1], "document 2 has one")):
        DocBin(docs=order).to_disk(tmp_path / "x.spacy")
        with pytest.raises(CTLError, match=f"train.spacy: {said}"):
            read(tmp_path, {".spacy": (tmp_path / "x.spacy").read_bytes()})


def test_without_spacy_the_remedy_is_named(tmp_path, monkeypatch):
    def absent(name):
        raise ImportError(name)

    monkeypatch.setattr("ctl.data.reading.docbin.import_module", absent)
    with pytest.raises(CTLError, match="reading it needs spaCy: pip install spacy"):
        read(tmp_path, {".spacy": b"x"})
