"""Files of every form as people have them: each gives the words and tags that were meant, or says what is wrong."""

import json
import os
import re
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from reading import read, sentences

from ctl.data.reading.form import Form
from ctl.data.reading.formats import READERS
from ctl.data.reading.splits import read_split
from ctl.errors import CTLError

SOME = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
CASES = Path(os.environ.get("CTL_CASES", "/nowhere"))  # a folder of NAME and NAME.expected.json
EXPECTED = sorted(CASES.glob("*.expected.json"))


@pytest.mark.skipif(not EXPECTED, reason="CTL_CASES names no folder of cases")
@pytest.mark.parametrize("path", EXPECTED, ids=lambda path: path.name)
def test_cases(tmp_path, path):
    expected = json.loads(path.read_text(encoding="utf-8"))
    (tmp_path / "xx").mkdir()
    for name in expected["files"]:
        shutil.copy(CASES / name, tmp_path / "xx" / f"train{Path(name).suffix}")
    form = Form(**expected.get("options", {}))
    if "error" in expected:
        with pytest.raises(CTLError, match=expected["error"]):
            read_split("xx", "train", root=tmp_path, form=form)
    else:
        assert sentences(read_split("xx", "train", root=tmp_path, form=form)) == expected["sentences"]


TWO = ["Ida/B-PER Noor/I-PER sang/O", "In/O Oslo/B-LOC"]
FORMS = {
    "index from 0": (".txt", "0\tIda\tB-PER\n1\tNoor\tI-PER\n2\tsang\tO\n\n0\tIn\tO\n1\tOslo\tB-LOC\n"),
    "index and marker": (
        ".tsv",
        "0\t-DOCSTART-\tO\n\n0\tIda\tB-PER\n1\tNoor\tI-PER\n2\tsang\tO\n0\t-DOCSTART-\tO\n0\tIn\tO\n1\tOslo\tB-LOC\n",
    ),
    "index through the file": (".txt", "1 Ida B-PER\n2 Noor I-PER\n3 sang O\n\n4 In O\n5 Oslo B-LOC\n"),
    "index and two columns of tags": (
        ".tsv",
        "1\tIda\tB-PER\tO\n2\tNoor\tI-PER\tO\n3\tsang\tO\tO\n\n1\tIn\tO\tO\n2\tOslo\tB-LOC\tO\n",
    ),
    "index and part of speech": (
        ".txt",
        "1 Ida NNP B-PER\n2 Noor NNP I-PER\n3 sang VB O\n\n1 In IN O\n2 Oslo NNP B-LOC\n",
    ),
    "name= of CoNLL-U": (
        ".conllu",
        "".join(
            f"{number}\t{word}" + "\t_" * 7 + f"\t{misc}\n" + end
            for number, word, misc, end in (
                (1, "Ida", "name=B-PER", ""), (2, "Noor", "SpaceAfter=No|name=I-PER", ""), (3, "sang", "name=O", "\n"),
                (1, "In", "name=O|x=y", ""), (2, "Oslo", "name=B-LOC", ""),
            )
        ),
    ),
    "tags in column ten": (
        ".conllu",
        "".join(
            f"{number}\t{word}" + "\t_" * 7 + f"\t{tag}\n" + end
            for number, word, tag, end in (
                (1, "Ida", "B-PER", ""), (2, "Noor", "I-PER", ""), (3, "sang", "O", "\n"),
                (1, "In", "O", ""), (2, "Oslo", "B-LOC", ""),
            )
        ),
    ),
    "IO": (".txt", "Ida PER\nNoor PER\nsang O\n\nIn O\nOslo LOC\n"),
    "IO, 0 for O": (".txt", "Ida PER\nNoor PER\nsang 0\n\nIn 0\nOslo LOC\n"),
    "BMES": (".txt", "Ida B-PER\nNoor E-PER\nsang O\n\nIn O\nOslo S-LOC\n"),
    "underscores": (".txt", "Ida B_PER\nNoor I_PER\nsang O\n\nIn O\nOslo B_LOC\n"),
    "underscore for O": (".txt", "Ida B-PER\nNoor I-PER\nsang _\n\nIn _\nOslo B-LOC\n"),
    "names of columns": (".tsv", "TOKEN\tNE\n# id = 1\nIda\tB-PER\nNoor\tI-PER\nsang\tO\n\nIn\tO\nOslo\tB-LOC\n"),
    "a named column in the middle": (
        ".tsv",
        "word\tner_tags\tpos_tags\nIda\tB-PER\tN\nNoor\tI-PER\tN\nsang\tO\tV\n\nIn\tO\tP\nOslo\tB-LOC\tN\n",
    ),
    "a table with numbers of sentences": (
        ".csv",
        "Sentence #,Word,POS,Tag\nSentence: 1,Ida,N,B-PER\n,Noor,N,I-PER\n,sang,V,O\n"
        "Sentence: 2,In,P,O\n,Oslo,N,B-LOC\n",
    ),
    "semicolons and quotes": (".csv", '"Ida";B-PER\nNoor;I-PER\nsang;O\n\nIn;O\n"Oslo";B-LOC\n'),
    "marks of the byte order": (".txt", "\ufeff\ufeffIda B-PER\nNoor I-PER\nsang O\n\n\ufeffIn O\nOslo B-LOC\n"),
    "a list after empty lines": (
        ".json",
        '\n\n[{"tokens": ["Ida", "Noor", "sang"], "ner_tags": ["B-PER", "I-PER", "O"]},\n'
        ' {"tokens": ["In", "Oslo"], "ner_tags": ["O", "B-LOC"]}]',
    ),
    "carriage returns": (".txt", "Ida\tB-PER\rNoor\tI-PER\rsang\tO\r\rIn\tO\rOslo\tB-LOC"),
    "carriage returns of all kinds": (".txt", "Ida B-PER\r\r\nNoor I-PER\rsang O\r\n\nIn O\nOslo B-LOC\r\n"),
    "tabs, spaces and both": (".txt", "Ida \tB-PER \nNoor   I-PER\nsang\tO\t\n\nIn O\nOslo \t B-LOC\n"),
    "a comment of one word": (".txt", "##Annals\n\nIda B-PER\nNoor I-PER\nsang O\n\n#newdoc\nIn O\nOslo B-LOC\n"),
    "a comment that ends like a tag": (
        ".txt",
        "# text = Route I-95\nIda\t_\tB-PER\nNoor\t_\tI-PER\nsang\t_\tO\n\n# x B-52\nIn\t_\tO\nOslo\t_\tB-LOC\n",
    ),
    "markers alone": (".txt", '"-DOCSTART-"\nIda B-PER\nNoor I-PER\nsang O\n -DOCSTART- -X-\nIn O\nOslo B-LOC\n'),
    "words and tags": (
        ".jsonl",
        '{"words": ["Ida", "Noor", "sang"], "tags": ["B-PER", "I-PER", "O"]}\n\n'
        '{"words": ["In", "Oslo"], "tags": ["O", "B-LOC"]}\n{"words": [], "tags": []}\n',
    ),
    "text and lists": (
        ".jsonl",
        '{"text": "Ida Noor sang", "entities": [[0, 8, "PER"]]}\n{"text": "In Oslo", "entities": [[3, 7, "LOC"]]}\n',
    ),
    "text and objects": (
        ".json",
        '[{"text": "Ida Noor sang", "spans": [{"start": 0, "end": 8, "label": "PER"}]},\n'
        ' {"text": "In Oslo", "spans": [{"span": [3, 7], "type": "LOC"}]}]',
    ),
    "text and offsets": (
        ".ndjson",
        '{"text": "Ida Noor sang\\nIn Oslo", "label": [{"start_offset": 0, "end_offset": 8, "label": "PER"},'
        ' {"start": 17, "end": 21, "labels": ["LOC"]}]}',
    ),
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_every_form_gives_the_same(tmp_path, form):
    """And the same words where the tags are not read."""
    ending, text = FORMS[form]
    corpus, raw = read(tmp_path, {ending: text}), read(tmp_path, {ending: text}, tags=False)
    assert [" ".join("/".join(pair) for pair in sentence) for sentence in sentences(corpus)] == TWO
    assert raw.tags is None and raw.fingerprint == corpus.fingerprint
    if corpus.notes or "0 for O" in form:
        assert all(note.startswith("xx/train: ") for note in corpus.notes)


def test_what_is_repaired_is_said(tmp_path):
    (note, other) = read(tmp_path, {".txt": "Ida PER\nsang 0\n"}).notes
    assert note == "xx/train: '0' (1 words) read as O" and "IO tags" in other
    (note,) = read(tmp_path, {".txt": "Zoe\u0308 B-PER\nBer\u00adgen B-LOC\n"}).notes
    assert "composed and soft hyphens left out (NFC) in 2 distinct words" in note
    assert read(tmp_path, {".txt": "Zoe\u0308 B-PER\n"}, Form(normalization="none")).words == ["Zoe\u0308"]
    assert read(tmp_path, {".txt": "ﬁn\u00ad B-PER\n"}, Form(normalization="NFKC")).words == ["fin"]


@pytest.mark.parametrize(
    ("data", "encoding", "said"),
    [
        ("Zoë B-PER\n“ O\n".encode("cp1252"), "latin-1", [r"control characters in 1 distinct words, '\x93' say"]),
        ("Zoë B-PER\nÅs O\n".encode(), "cp1252", ["all letters would be UTF-8, too: is cp1252 the encoding"]),
        ("Zoë B-PER\n".encode("latin-1"), "latin-1", []),
        ("Ida\u200b B-PER\n\u200b O\n".encode(), "utf-8", [r"unseen characters in 2 distinct words, 'Ida\u200b' say"]),
        ("می\u200cرود O\nمی B-PER\n".encode(), "UTF_8", []),
        (b"Ida B-PER O\nsang O O\n", "utf-8", ["column 3 is read as tags, and column 2 looks like tags, too"]),
        (b"Ida B-NP I-PER\nsang B-VP O\n", "utf-8", ["IOB1 tags"]),
    ],
)  # fmt: skip
def test_what_is_hardly_meant_is_said(tmp_path, data, encoding, said):
    notes = read(tmp_path, {".txt": data}, Form(encoding=encoding)).notes
    assert len(notes) == len(said) and all(part in note for part, note in zip(said, notes, strict=True))


def test_a_folder_in_place_of_a_file_is_seen(tmp_path):
    (tmp_path / "xx" / "train.txt").mkdir(parents=True)
    with pytest.raises(CTLError, match=r"xx: no train split \(such as train.txt\); there is train.txt/;"):
        read_split("xx", "train", root=tmp_path)


def test_types_of_one_letter_are_types(tmp_path):
    assert sentences(read(tmp_path, {".txt": "Ida P\nsang O\nOslo L\n"})) == [
        [["Ida", "B-P"], ["sang", "O"], ["Oslo", "B-L"]]
    ]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"tag_column": 2}, [["Ida", "B-PER"], ["sang", "O"]]),
        ({"word_column": "lemma", "tag_column": "gold"}, [["ida", "B-PER"], ["sing", "O"]]),
        ({"word_column": 4, "tag_column": 3}, [["ida", "B-ORG"], ["sing", "O"]]),
    ],
)
def test_columns_by_number_and_name(tmp_path, options, expected):
    text = "form\tgold\tsilver\tlemma\nIda\tB-PER\tB-ORG\tida\nsang\tO\tO\tsing\n"
    header = any(isinstance(value, str) for value in options.values())
    corpus = read(tmp_path, {".tsv": text if header else text.partition("\n")[2]}, Form(**options))
    assert sentences(corpus) == [expected]


def test_text_of_one_column_needs_no_names(tmp_path):
    """Raw text beside sources whose columns are named."""
    form = Form(word_column="form", tag_column="gold")
    assert read(tmp_path, {".txt": "Ida\nsang\n"}, form, tags=False).words == ["Ida", "sang"]
    assert read(tmp_path, {".txt": "form\tpos\nIda\tN\n"}, form, tags=False).words == ["Ida"]


@pytest.mark.parametrize(
    ("files", "said"),
    [
        (
            {".txt": "Ida B-PER x\nsang O y\n"},
            r"train.txt:1: unknown tag 'x'.*column 2 looks like tags: --data.tag_col",
        ),
        ({".txt": "Ida N\nsang V\n"}, r"train.txt:1: unknown tag 'N'"),
        ({".txt": "Ida O\nNoor PER-B\n"}, r"train.txt:2: unknown tag 'PER-B'"),
        ({".txt": "Ida B:PER\nNoor I:PER\nsang O\n"}, r"train.txt:1: unknown tag 'B:PER'"),
        ({".txt": "Ida PER.B\nsang O\n"}, r"train.txt:1: unknown tag 'PER.B'"),
        ({".txt": "Ida B\nNoor I\nsang O\n"}, r"train.txt:1: unknown tag 'B'"),
        (
            {".tsv": "t_1\tIda\tB-PER\nt_2\tsang\tO\nt_3\t.\tO\n"},
            r"which column holds the words\? The first, t_1 .*word_c",
        ),
        ({".tsv": "0\tIda\tB-PER\n0\tsang\tO\n1\tOslo\tB-LOC\n"}, r"which column holds the words\? The first, 0 and"),
        ({".txt": "a/b 0 Ida O\na/b 1 Noor O\na/b 2 sang O\n"}, r"which column holds the words\? The first, a/b and"),
        ({".txt": "Ida O\nNoor b-per\n"}, r"train.txt:2: unknown tag 'b-per'"),
        ({".txt": "Ida B-PER\nNoor O\nx _\n"}, r"train.txt:3: unknown tag '_'"),
        ({".txt": "Ida B-PER\nNo\0or O\n"}, r"train.txt:2: a nul.*--data.encoding utf-16"),
        ({".txt": "Ida B-PER\n".encode("utf-32")}, r"train.txt:1: not utf-8.*--data.encoding utf-32"),
        ({".txt": "Zoë B-PER\n“ O\n".encode("cp1252")}, r"train.txt:1: not utf-8.*--data.encoding windows-1252"),
        ({".txt": "Ida B-PER\n".encode("utf-16")}, r"train.txt:1: not utf-8.*--data.encoding utf-16"),
        ({".tsv": "word\tner-fine\tner-coarse\tx\nIda\tB-A\tB-B\ty\n"}, r"which column.*ner-fine, ner-coarse"),
        ({".ann": "T1\tPER 0 3\tIda"}, r"train.ann: the text that it is for, train.txt, is not there"),
        ({".txt": "Ida", ".ann": "T1\tPER 0 4\n"}, r"train.ann:1: an entity from 0 to 4 is outside.* 3 characters"),
        ({".txt": "Ida", ".ann": "\nT1\tPER 0 2\tIda"}, r"train.ann:2: at 0 2 the text has 'Id', not 'Ida'"),
        ({".txt": "Ida", ".ann": "T1 PER 0 3 Ida"}, r"train.ann:1: .* is no entity of brat's"),
        ({".jsonl": '{"text": "Ida", "label": [[0, 9, "PER"]]}'}, r"train.jsonl:1: .* 0 to 9 is outside"),
        ({".jsonl": '{"text": "Ida", "label": [["a", 9, "PER"]]}'}, r"train.jsonl:1: .*is no entity"),
        ({".jsonl": '{"text": "Ida", "label": []}\n{"text": "Ida"}'}, r"train.jsonl:2: no tags"),
        (
            {".jsonl": '{"text": "a"}\n{"text": "Ida", "label": [[0, 3, "PER"]]}'},
            r"train.jsonl:2: tags \(label\), which the",
        ),
        (
            {".jsonl": '{"tokens": ["a"], "ner_tags": null}\n{"tokens": ["a"], "ner_tags": ["O"]}'},
            r"train.jsonl:2: tags \(ner_t",
        ),
        ({".jsonl": '{"tokens": ["Ida"], "ner_tags": [1]}'}, r"train.jsonl:1: 1 for a tag; write tags as text"),
        ({".jsonl": '{"tokens": ["Ida"], "ner_tags": []}'}, r"train.jsonl:1: 1 words but 0 tags"),
        ({".jsonl": '{"tokens": ["Ida"], "ner_tags": ["X-X"]}'}, r"train.jsonl:1: unknown tag 'X-X'"),
        ({".jsonl": '{"a": 1}'}, r"train.jsonl:1: no words and no text; its keys are a"),
        ({".jsonl": "{"}, r"train.jsonl:1: not JSON"),
        ({".json": "[1]"}, r"train.json: object 1: no JSON object"),
        ({".jsonl": "[" * 100_000}, r"train.jsonl: not JSON"),
        ({".csv": 'a,"b'}, r"train.csv"),
        ({".txt": "Ida B-PER\n", ".jsonl": "{}"}, r"which is the train split\?"),
        ({".spacy": b"x"}, r"train.spacy: (reading it needs spaCy|spaCy can't read it)"),
    ],
)
def test_mistakes_are_named(tmp_path, files, said):
    with pytest.raises(CTLError) as caught:
        read(tmp_path, files)
    assert re.search(said, str(caught.value)) and "\n" not in str(caught.value)


@SOME
@given(
    data=st.binary(max_size=200)
    | st.text(alphabet='{}[]":,0 1\tTtextlabelPER#BIO-_\n\r', max_size=200).map(str.encode),
    ending=st.sampled_from(sorted(set(READERS) - {""})),
    form=st.builds(
        Form,
        encoding=st.sampled_from(["utf-8", "latin-1", "utf-16"]),
        word_column=st.sampled_from([None, 1, 3, "text"]),
        tag_column=st.sampled_from([None, 2, "label"]),
    ),
    tags=st.booleans(),
)
@example(data=b"#\t\x00", ending=".bio", form=Form(), tags=False)  # columns, and no word that is no comment
def test_anything_is_read_or_refused_in_one_line(tmp_path, data, ending, form, tags):
    for file in (tmp_path / "xx").glob("*"):
        file.unlink()
    files = {ending: data} if ending != ".ann" else {".ann": data, ".txt": data[::-1]}
    try:
        corpus = read(tmp_path, files, form, tags)
    except CTLError as error:
        assert "train" in str(error) and "\n" not in str(error)
    else:
        assert len(corpus.words) == corpus.offsets[-1] and all(corpus.words)
        assert corpus.tags is None or (tags and len(corpus.tags) == len(corpus.words))


@SOME
@given(
    text=st.text(alphabet="ab .\n\u0301-!ß中", min_size=1, max_size=60),
    spans=st.lists(st.tuples(st.integers(0, 59), st.integers(1, 9), st.sampled_from("XY")), max_size=6),
)
def test_offsets_tag_the_words_that_they_touch(tmp_path, text, spans):
    """The same from JSON as from brat, and no word without an entity over it has a tag."""
    inside = [(start, start + size, kind) for start, size, kind in spans if start + size <= len(text)]
    record = json.dumps({"text": text, "label": inside})
    ann = "\n".join(f"T{number}\t{kind} {start} {end}" for number, (start, end, kind) in enumerate(inside))
    for file in (tmp_path / "xx").glob("*"):
        file.unlink()
    if not text.strip():
        return
    by_json = read(tmp_path, {".jsonl": record})
    (tmp_path / "xx" / "train.jsonl").unlink()
    by_brat = read(tmp_path, {".txt": text, ".ann": ann})
    assert sentences(by_json) == sentences(by_brat) and by_json.notes == by_brat.notes
    if len(inside) == 1 and text[slice(*inside[0][:2])].strip():
        assert any(tag == f"B-{inside[0][2]}" for sentence in sentences(by_json) for _, tag in sentence)
    if not inside:
        assert not by_json.tags.any()
