from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctl.data.readers import HubDataset, find_split, read_conll, read_split
from ctl.errors import CTLError

WIKIANN = Path(__file__).parents[3] / "shared/data/wikiann"


def read(tmp_path, text, name="train.txt", encoding="utf-8", declared="utf-8"):
    path = tmp_path / name
    path.write_bytes(text.encode(encoding) if isinstance(text, str) else text)
    return read_conll(path, "xx/train", declared)


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


words = st.text(st.characters(exclude_characters="\n\t\r ", exclude_categories=["Cs"]), min_size=1, max_size=6)


@given(st.lists(st.lists(st.tuples(words, st.sampled_from(["O", "B-X", "B-Y"])), min_size=1, max_size=5), min_size=1))
def test_what_is_written_is_read(tmp_path_factory, sentences):
    text = "\n".join("".join(f"{word}\t{tag}\n" for word, tag in sentence) for sentence in sentences)
    if text.startswith(("\ufeff", "-DOCSTART-")) or all(w.startswith("en:") for s in sentences for w, _ in s):
        return
    corpus = read(tmp_path_factory.mktemp("any"), text)
    assert corpus.words == [word for sentence in sentences for word, _ in sentence]
    assert np.diff(corpus.offsets).tolist() == [len(sentence) for sentence in sentences]
    assert [corpus.schema.tags[tag] for tag in corpus.tags] == [tag for sentence in sentences for _, tag in sentence]


def test_splits_are_found_by_their_usual_names(tmp_path):
    (tmp_path / "de").mkdir()
    for name in ("train.conll", "testa.txt", "testb.iob2"):
        (tmp_path / "de" / name).write_text("Bonn B-LOC\n")
    names = [find_split(tmp_path, "de", split).name for split in ("train", "validation", "test")]
    assert names == ["train.conll", "testa.txt", "testb.iob2"]


def test_missing_input_says_what_there_is(tmp_path):
    with pytest.raises(CTLError, match="where is de"):
        read_split("de", "train", root=None)
    with pytest.raises(CTLError, match="no such folder"):
        read_split("de", "train", root=tmp_path / "nowhere")
    (tmp_path / "nl").mkdir()
    with pytest.raises(CTLError, match=r"unknown language nll: .* has nl; did you mean nl\?"):
        read_split("nll", "train", root=tmp_path)
    (tmp_path / "nl" / "test.txt").write_text("Bonn B-LOC\n")
    with pytest.raises(CTLError, match=r"no train split \(such as train.txt\); there is test.txt"):
        read_split("nl", "train", root=tmp_path)
    (tmp_path / "nl" / "test.conll").write_text("Bonn B-LOC\n")
    with pytest.raises(CTLError, match="which is the test split"):
        read_split("nl", "test", root=tmp_path)


def test_a_file_that_changed_is_read_again(tmp_path):
    (tmp_path / "nl").mkdir()
    path = tmp_path / "nl" / "test.txt"
    path.write_text("Bonn B-LOC\n")
    assert read_split("nl", "test", root=tmp_path) is read_split("nl", "test", root=tmp_path)
    path.write_text("Basel B-LOC\n")
    assert read_split("nl", "test", root=tmp_path).words == ["Basel"]


@pytest.mark.skipif(not WIKIANN.is_dir(), reason="the WikiANN files are not here")
def test_wikiann():
    corpus = read_split("de", "test", root=WIKIANN)
    assert len(corpus) == 10_000 and corpus.schema.types == ("LOC", "ORG", "PER") and not corpus.notes


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """A folder in the Hub's form: two configurations with class labels, and a folder of JSON lines with tag strings."""
    import datasets

    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    root = tmp_path / "hub"
    names = ["O", "B-LOC", "I-LOC", "B-PER", "I-PER"]
    features = datasets.Features(
        {"tokens": datasets.List(datasets.Value("string")), "ner_tags": datasets.List(datasets.ClassLabel(names=names))}
    )
    for language, town in (("de", "Bonn"), ("nl", "Breda")):
        rows = {"tokens": [["In", town], [], ["Ada"]], "ner_tags": [[0, 1], [], [3]]}
        for split in ("train", "validation", "test"):
            path = root / language / f"{split}-00000-of-00001.parquet"
            path.parent.mkdir(parents=True, exist_ok=True)
            datasets.Dataset.from_dict(rows, features=features).to_parquet(path)
    configs = "".join(
        f"- config_name: {lang}\n  data_files:\n"
        + "".join(f"  - split: {split}\n    path: {lang}/{split}-*\n" for split in ("train", "validation", "test"))
        for lang in ("de", "nl")
    )
    (root / "README.md").write_text(f"---\nconfigs:\n{configs}---\n")
    (root / "plain").mkdir()
    (root / "plain" / "train.jsonl").write_text('{"words": ["Bonn"], "tags": ["I-LOC"]}\n')
    return root


def test_hub_configurations_with_their_own_tag_order(hub):
    for language, town in (("de", "Bonn"), ("nl", "Breda")):
        corpus = read_split(language, "validation", root=None, hub={"*": HubDataset(str(hub), name="{lang}")})
        assert shown(corpus) == [f"In/O {town}/B-LOC", "Ada/B-PER"]


def test_hub_folder_with_tag_strings(hub):
    dataset = HubDataset(str(hub), data_dir="plain", tokens="words", tags="tags")
    assert shown(read_split("de", "train", root=None, hub={"de": dataset})) == ["Bonn/B-LOC"]
    with pytest.raises(CTLError, match="no test split; there is train"):
        read_split("de", "test", root=None, hub={"de": dataset})


def test_hub_mistakes(hub, tmp_path):
    with pytest.raises(CTLError, match=r"no column words; there is tokens, ner_tags"):
        read_split("de", "train", root=None, hub={"*": HubDataset(str(hub), name="{lang}", tokens="words")})
    with pytest.raises(CTLError, match="fr"):
        read_split("fr", "train", root=None, hub={"*": HubDataset(str(hub), name="{lang}")})
    with pytest.raises(CTLError, match="dataset"):
        read_split("fr", "train", root=None, hub={"*": HubDataset(str(tmp_path / "nowhere"))})
