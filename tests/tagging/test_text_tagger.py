import io
import json
import subprocess
import sys
from argparse import Namespace

import numpy as np
import pytest

import ctl
from ctl.commands.tag import as_conll, as_line, decode_lines, read_texts
from ctl.data.conll import read_conll, stream_conll
from ctl.errors import CTLError
from ctl.main import main
from ctl.tagging.sentences import split_sentences
from ctl.tagging.text_tagger import load_tagger

COMMAND = [sys.executable, "-m", "ctl"]


@pytest.fixture(scope="module")
def run(family, tmp_path_factory):
    """A transfer with a student of learned weights among others, trained well enough to find entities."""
    output = tmp_path_factory.mktemp("tagging") / "run"
    methods = "[direct, 'student:uniform', 'student:learned']"
    settings = [
        "--data.root", str(family), "--backbone", str(family / "encoder"), "--sources", "[a2,a3]", "--target", "a1",
        "--output", str(output), "--teacher_epochs", "6", "--student_epochs", "8", "--teacher.lr", "3e-3",
        "--student.lr", "3e-3", "--trainer.accelerator", "cpu", "--methods", methods, "--trainer.precision", "32-true",
    ]  # fmt: skip
    assert main(["transfer", *settings]) == 0
    return output


@pytest.fixture(scope="module")
def tagger(run):
    return load_tagger(run, device="cpu", precision="32")


@pytest.fixture
def test_split(family):
    return read_conll(family / "a1" / "test.txt", "a1/test")


@pytest.fixture
def tag(capsys, monkeypatch):
    """Runs ``ctl tag`` and gives the lines that it prints."""

    def run(*arguments, given=""):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(given.encode())))
        assert main(["tag", "--device", "cpu", "--precision", "32", *map(str, arguments)]) == 0
        return capsys.readouterr().out.splitlines()

    return run


def test_tags_are_those_that_were_scored(run, tagger, test_split):
    """The F1 of what the tagger finds is that of the run's record, and the tags are legal."""
    assert tagger.trained.method == "student:learned"
    results = tagger([test_split.sentence(index) for index in range(len(test_split))])
    gold, _, stop = test_split.tags, test_split.schema, test_split.offsets
    hits = found = 0
    names = test_split.schema.tags
    for index, result in enumerate(results):
        tags = [names[tag] for tag in gold[stop[index] : stop[index + 1]]]
        right = set(spans_by_hand(tags))
        ours = [(span.type, span.first_word, span.end_word) for span in result.spans]
        assert spans_by_hand(result.tags) == ours
        hits, found = hits + len(right & set(ours)), found + len(ours)
    entities = int((gold % 2 == 1).sum())
    assert found > 10
    assert tagger.trained.record()["f1"] == pytest.approx(200 * hits / (found + entities), abs=0.01)


def spans_by_hand(tags):
    """Entities of legal BIO2 tags."""
    found = []
    for place, name in enumerate([*tags, "O"]):
        if found and found[-1][2] is None and name[:1] != "I":
            found[-1] = (*found[-1][:2], place)
        if name[:1] == "B":
            found.append((name[2:], place, None))
    return found


def test_places_are_in_the_original_text(tagger, test_split):
    words = test_split.sentence(0)
    text = f"  {' '.join(words)}\t{' '.join(words)}  \n\n x"
    (result,) = tagger([text])
    assert result.text == text and len(result.sentences) > 2
    assert [text[start:end] for start, end in result.places] == result.words
    assert all(text[span.start : span.end] == span.text for span in result.spans)
    for span in result.spans:
        sure = result.probabilities[span.first_word : span.end_word].max(-1)
        assert span.confidence == pytest.approx(sure.mean(), abs=1e-6)


def test_company_in_a_batch_changes_nothing_and_order_is_kept(tagger, test_split):
    sentences = [test_split.sentence(index) for index in range(40)]
    together = tagger(sentences)
    assert [result.words for result in together] == sentences
    for sentence, result in zip(sentences, together, strict=True):
        np.testing.assert_allclose(result.probabilities, tagger([sentence])[0].probabilities, atol=1e-5)


def test_nothing_is_an_answer_too(tagger):
    for texts in ([], [""], [[]], ["", [], "a"]):
        results = tagger(texts)
        assert len(results) == len(texts)
    assert results[0].words == [] and results[0].sentences == [0] and results[0].probabilities.shape == (0, 7)
    with pytest.raises(TypeError, match="a list of texts"):
        tagger("one text")


def test_memory_does_not_grow_with_the_text(tagger):
    tagger([["a", "b"]])
    assert not tagger.encoder._encoded


def test_a_sentence_longer_than_the_model_is_read_whole(tagger, test_split):
    words = test_split.words
    assert len(words) > 256 and len(tagger([words])[0].tags) == len(words)


def test_which_model_a_run_means(run, capsys):
    assert load_tagger(run, "direct:a2").trained.path == run / "teachers" / "a2" / "checkpoints" / "best.ckpt"
    assert load_tagger(run / "students" / "uniform").trained.method == "student:uniform"
    assert load_tagger(run / "students" / "uniform" / "checkpoints" / "last.ckpt").trained.method == "student:uniform"
    for where, method, told in (
        (run, "student:cosine", "there is direct:a2, direct:a3, student:uniform, student:learned"),
        (run / "teachers", None, "no model here"),
        (run / "nothing", None, "no such run"),
        (run / "language_id" / "checkpoints" / "last.ckpt", None, "not the checkpoint of a tagger but of LanguageId"),
        (run / "results.json", None, "not a checkpoint that can be read"),
    ):
        with pytest.raises(CTLError, match=told):
            load_tagger(where, method)


def test_a_checkpoint_runs_nothing_of_its_own(run, tmp_path):
    """The class in a checkpoint is looked up among ctl's own and never imported."""
    import torch

    checkpoint = torch.load(run / "students" / "uniform" / "checkpoints" / "last.ckpt", weights_only=True)
    checkpoint["hyper_parameters"] |= {"_class_path": "subprocess.Popen", "_instantiator": "os.system"}
    torch.save(checkpoint, tmp_path / "bad.ckpt")
    with pytest.raises(CTLError, match="not the checkpoint of a tagger but of Popen"):
        load_tagger(tmp_path / "bad.ckpt")


def test_a_checkpoint_of_another_version_is_named(run, tmp_path):
    import torch

    checkpoint = torch.load(run / "students" / "uniform" / "checkpoints" / "last.ckpt", weights_only=True)
    del checkpoint["state_dict"]["network.head.bias"]
    torch.save(checkpoint, tmp_path / "old.ckpt")
    with pytest.raises(CTLError, match=r"old\.ckpt: of another version of ctl, or damaged"):
        load_tagger(tmp_path / "old.ckpt")


def test_moved_backbones_are_pointed_at(run, family, tmp_path):
    import torch

    checkpoint = torch.load(run / "students" / "uniform" / "checkpoints" / "last.ckpt", weights_only=True)
    checkpoint["hyper_parameters"]["backbone"] = str(tmp_path / "gone")
    torch.save(checkpoint, tmp_path / "last.ckpt")
    with pytest.raises(CTLError, match="gone"):
        load_tagger(tmp_path / "last.ckpt")
    assert load_tagger(tmp_path / "last.ckpt", tokenizer=str(family / "encoder"))([["a"]])


def test_files_and_pipes_give_the_same(tag, run, family, test_split, tmp_path):
    file = family / "a1" / "test.txt"
    records = [json.loads(line) for line in tag("--model", run, file, "--input", "conll", "--chunk", "7")]
    sentences = [test_split.sentence(index) for index in range(len(test_split))]
    assert [record["words"] for record in records] == sentences
    given = "".join(f"{' '.join(words)}\n" for words in sentences)
    piped = tag("--model", run, "--input", "words", "-", given=given)
    assert [json.loads(line)["spans"] for line in piped] == [record["spans"] for record in records]
    columns = tag("--model", run, "--input", "words", "--format", "conll", given=given)
    (tmp_path / "out.conll").write_text("\n".join(columns))
    again = read_conll(tmp_path / "out.conll", "out")
    assert again.words == test_split.words and not again.notes
    assert [line.split("\t")[1] for line in columns if line] == [t for record in records for t in record["tags"]]


def test_results_come_before_the_input_ends(run):
    """A slow pipe is answered as its chunks are full."""
    command = [*COMMAND, "tag", "--model", str(run), "--chunk", "1", "--device", "cpu"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        for text in ("first", "", "third"):
            process.stdin.write(f"{text}\n".encode())
            process.stdin.flush()
            assert json.loads(process.stdout.readline())["text"] == text
        process.stdin.close()
        assert process.wait() == 0


def test_a_reader_that_has_enough_is_no_error(run, tmp_path):
    (tmp_path / "long.txt").write_text("a b c d e f g h\n" * 3000)
    command = f"{' '.join(COMMAND)} tag --model {run} --device cpu --chunk 100 {tmp_path / 'long.txt'} | head -n 1"
    ended = subprocess.run(["bash", "-o", "pipefail", "-c", command], capture_output=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, b"")


def test_bad_input_is_named(run, capsys, tmp_path):
    for data, options, told in (
        (b"good\nb\xff\n", [], "bad.txt:2: not utf-8 (byte 1 of the line)"),
        (b"good", ["--encoding", "utf-99"], "--encoding 'utf-99' is unknown"),
        (b"good", ["--encoding", "utf-16"], "iconv"),
        (b"a O\nb\n\n", ["--input", "conll"], "bad.txt:2: 1 of 2 columns"),
        (b"good", ["--chunk", "0"], "--chunk"),
    ):
        (tmp_path / "bad.txt").write_bytes(data)
        assert main(["tag", "--model", str(run), str(tmp_path / "bad.txt"), *options]) == 2
        assert told in capsys.readouterr().err
    assert main(["tag", "--model", str(run), str(tmp_path / "no.txt")]) == 2
    assert "no such file" in capsys.readouterr().err


def test_lines_of_any_kind_are_read():
    assert list(decode_lines(io.BytesIO(b"\xef\xbb\xbfa\r\n\nb"), "x", "utf8")) == ["a", "", "b"]
    assert list(decode_lines(io.BytesIO("Österreich".encode("latin-1")), "x", "latin-1")) == ["Österreich"]


def test_conll_is_streamed_as_it_is_read_whole(tmp_path):
    for text in (
        "-DOCSTART- -X- O\n\nen:a O\nen:b B-PER\n\n\n\nen:c O",
        "# text = x\n1\ta\tO\n2-3\tbc\tO\n2\tb\tO\n\n1\tc\tO\n",
        "a\r\nb\r\n\r\nc\r\n",
    ):
        path = tmp_path / "x.conllu"
        path.write_text(text, newline="")
        whole = read_conll(path, "x")
        streamed = list(stream_conll(text.split("\n"), path))
        assert [word for sentence in streamed for word in sentence] == whole.words
        assert len(streamed) == len(whole)


def test_the_form_of_a_file_is_known_by_its_name(tmp_path):
    for name, count in (("x.conll", 1), ("x.txt", 2)):
        (tmp_path / name).write_text("Anna\nsings\n")
        given = Namespace(input=None, encoding="utf-8")
        assert len(list(read_texts(str(tmp_path / name), given))) == count


def test_marks_are_text_and_colour(tagger, test_split):
    results = tagger([test_split.sentence(index) for index in range(20)])
    result = next(result for result in results if result.spans)
    line = as_line(result, tagger.schema.types)
    marked = result.text
    for span in reversed(result.spans):
        marked = f"{marked[: span.start]}[{span.text} {span.type}]{marked[span.end :]}"
    assert line.plain == marked and len(line.spans) == 2 * len(result.spans)
    assert as_conll(result).count("\n") == len(result.words) + 1


def test_import_is_instant():
    code = "import sys, ctl; assert callable(ctl.__getattr__); assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
    assert ctl.load_tagger is load_tagger
    with pytest.raises(AttributeError):
        _ = ctl.nothing


def test_raw_text_is_cut_as_the_splitter_cuts(tagger):
    text = "Anna met Bob's friend. He left."
    assert tagger([text])[0].places == [place for sentence in split_sentences(text) for place in sentence]
