import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ctl.data.reading.conll import read_conll
from ctl.data.reading.form import Form
from ctl.data.words import plain
from ctl.errors import CTLError


def read(tmp_path, text, name="train.txt", encoding="utf-8", declared="utf-8"):
    path = tmp_path / name
    path.write_bytes(text.encode(encoding) if isinstance(text, str) else text)
    return read_conll(path, "xx/train", Form(declared))


def shown(corpus):
    """Sentences as ``word/TAG`` strings."""
    tags = [""] * len(corpus.words) if corpus.tags is None else ["/" + corpus.schema.tags[tag] for tag in corpus.tags]
    pairs = [word + tag for word, tag in zip(corpus.words, tags, strict=True)]
    return [" ".join(pairs[a:b]) for a, b in zip(corpus.offsets, corpus.offsets[1:], strict=False)]


def conllu(number, word, misc):
    return "\t".join([number, word, *"_______", misc]) + "\n"


TWO = ["Ada/B-PER Lovelace/I-PER sang/O", "In/O Bonn/B-LOC"]
LAYOUTS = {
    "two columns": "Ada B-PER\nLovelace I-PER\nsang O\n\nIn O\nBonn B-LOC\n",
    "tabs": "Ada\tB-PER\nLovelace\tI-PER\nsang\tO\n\nIn\tO\nBonn\tB-LOC\n",
    "no blank line at the end": "Ada B-PER\nLovelace I-PER\nsang O\n\nIn O\nBonn B-LOC",
    "CRLF and BOM": "\ufeffAda B-PER\r\nLovelace I-PER\r\nsang O\r\n\r\nIn O\r\nBonn B-LOC\r\n",
    "four columns, IOB1": "Ada NNP I-NP I-PER\nLovelace NNP I-NP I-PER\nsang VB I-VP O\n\n"
    "In IN I-PP O\nBonn NNP I-NP I-LOC\n",
    "docstart, many blanks": "-DOCSTART- -X- O O\n\nAda B-PER\nLovelace I-PER\nsang O\n\n\n \t\nIn O\nBonn B-LOC\n\n\n",
    "comments": "# id 7\tdomain=x\nAda _ _ B-PER\nLovelace _ _ I-PER\nsang _ _ O\n\n"
    "# id 8 x\nIn _ _ O\nBonn _ _ B-LOC\n",
    "spaces at the ends": "Ada  B-PER \nLovelace   I-PER\nsang O\n\nIn O  \nBonn B-LOC\n",
    "language prefix": "en:Ada\tB-PER\nen:Lovelace\tI-PER\nen:sang\tO\n\nen:In\tO\nen:Bonn\tB-LOC\n",
    "iob2": "# sent_id = 1\n1\tAda\tB-PER\t-\tme\n2\tLovelace\tI-PER\t-\tme\n3\tsang\tO\t-\tme\n\n"
    "# text = x\n1\tIn\tO\t-\tme\n2\tBonn\tB-LOC\t-\tme\n",
    "conllu": "# sent_id = 1\n"
    + "".join(conllu(*row) for row in (("1", "Ada", "NER=B-PER"), ("2", "Lovelace", "SpaceAfter=No|NER=I-PER")))
    + "".join(conllu(*row) for row in (("3-4", "sangit", "_"), ("3", "sang", "_"), ("3.1", "x", "_")))
    + "\n# text\n"
    + "".join(conllu(*row) for row in (("1", "In", "_"), ("2", "Bonn", "ner=B-LOC"))),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_layouts(tmp_path, layout):
    assert shown(read(tmp_path, LAYOUTS[layout], "train.conllu" if layout == "conllu" else "train.txt")) == TWO


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1996 CD I-NP O\nBonn NNP I-NP I-LOC\n", ["1996/O Bonn/B-LOC"]),
        ("1 CD I-NP O\n\nBonn NNP I-NP I-LOC\n", ["1/O", "Bonn/B-LOC"]),
        ("# O\n1 O\n", ["#/O 1/O"]),
        ("a\u00a0b\tO\nc\u2028d\tB-LOC\n", ["a\u00a0b/O c\u2028d/B-LOC"]),
        ("Bonn\nam\n\n#\nRhein\n", ["Bonn am", "# Rhein"]),
        ("en:\tO\nBonn\tB-LOC\n", ["en:/O Bonn/B-LOC"]),
    ],
)
def test_details(tmp_path, text, expected):
    assert shown(read(tmp_path, text)) == expected


def test_notes(tmp_path):
    assert read(tmp_path, LAYOUTS["four columns, IOB1"]).notes == ("xx/train: IOB1 tags read as BIO2 (2 entities)",)
    assert read(tmp_path, LAYOUTS["language prefix"]).notes == ("xx/train: 'en:' before every word left out",)


ONE = "Ada B-PER\nsang O\n. O\n"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (ONE * 3, 9),  # no empty line
        ("-DOCSTART- O\n\n" + ONE + "Ada B-PER\n", 4),
        ("sang O\n" * 61, 61),  # no full stop either
        ("sang\n" * 500, 500),
        ("\u0928 O\n\u0964 O\n\u0928 O\n", 3),
        (ONE, 0), (ONE + "\n" + ONE, 0), ("sang O\n" * 60, 0), (ONE * 2 + "\n" + ONE, 0), ("Ada\n", 0),
    ],
)  # fmt: skip
def test_a_file_without_empty_lines_is_mentioned(tmp_path, text, words):
    note = f"xx/train: the file is one sentence of {words} words: is there no empty line after sentences?"
    assert read(tmp_path, text).notes == ((note,) if words else ())


def test_what_no_sentence_is_as_long_as_is_mentioned_once(tmp_path):
    (note,) = read(tmp_path, ONE * 200).notes
    assert "a sentence of 600 words" in note


def test_declared_encoding(tmp_path):
    assert read(tmp_path, "Málaga B-LOC\n", encoding="latin-1", declared="latin-1").words == ["Málaga"]
    assert read(tmp_path, "Málaga B-LOC\n", encoding="utf-16", declared="utf-16").words == ["Málaga"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Ada B-PER\nsang\n", r"train.txt:2: 1 of 2 columns \('sang'\)"),
        ("Ada\nBonn B-LOC\n", r"train.txt:2: 2 of 1 column "),
        ("Ada NN B-PER\n\nsang O\n", r"train.txt:3: 2 of 3 columns"),
        ("Ada B-PER\nBonn X-LOC\n", r"train.txt:2: unknown tag 'X-LOC': expected O"),
        ("Ada PER\n", r"train.txt:1: unknown tag 'PER'"),
        ("Ada\tB-PER\n\tO\n", r"train.txt:2: no word before the tag"),
        ("1\tAda\tB-PER\n2\tsang\tO\n\nx\ty\tO\n", r"train.txt:4: 'x' is no word number"),
        ("", r"train.txt: no sentences"),
        ("\n \n-DOCSTART- O\n\n", r"train.txt: no sentences"),
        ("Ada O\nMálaga B-LOC\n".encode("latin-1"), r"train.txt:2: not utf-8 \(byte 7\).*--data.encoding latin-1"),
    ],
)
def test_bad_files_name_the_line(tmp_path, text, said):
    with pytest.raises(CTLError, match=said):
        read(tmp_path, text)


def test_unknown_encoding(tmp_path):
    with pytest.raises(CTLError, match="'utf-99' is unknown"):
        read(tmp_path, "a O\n", declared="utf-99")


words = st.text(st.characters(exclude_characters="\n\t\r \0", exclude_categories=["Cs"]), min_size=1, max_size=6)


@settings(deadline=None)  # it is the answer that counts, on a busy machine too
@given(st.lists(st.lists(st.tuples(words, st.sampled_from(["O", "B-X", "B-Y"])), min_size=1, max_size=5), min_size=1))
def test_what_is_written_is_read(tmp_path_factory, sentences):
    text = "\n".join("".join(f"{word}\t{tag}\n" for word, tag in sentence) for sentence in sentences)
    if text.startswith(("\ufeff", "-DOCSTART-")) or all(w.startswith("en:") for s in sentences for w, _ in s):
        return
    corpus = read(tmp_path_factory.mktemp("any"), text)
    assert corpus.words == [plain(word) for sentence in sentences for word, _ in sentence]
    assert np.diff(corpus.offsets).tolist() == [len(sentence) for sentence in sentences]
    assert [corpus.schema.tags[tag] for tag in corpus.tags] == [tag for sentence in sentences for _, tag in sentence]
