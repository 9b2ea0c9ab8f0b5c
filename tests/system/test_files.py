import hashlib
import json

import pytest

from ctl.errors import CTLError, first_line
from ctl.system.files import checksum, fingerprint, fingerprint_json, moved, remove, whole, write_json, write_text


def test_a_file_is_whole_or_as_it_was(tmp_path):
    path = tmp_path / "new" / "a.txt"
    write_text(path, "one")
    with pytest.raises(ZeroDivisionError), whole(path) as partial:
        partial.write_text("tw")
        assert path.read_text() == "one"
        raise ZeroDivisionError
    assert path.read_text() == "one" and list(path.parent.iterdir()) == [path]
    write_json(path, {"ä": 1})
    assert json.loads(path.read_text(encoding="utf-8")) == {"ä": 1} and "ä" in path.read_text(encoding="utf-8")


def stage_folder(folder):
    """A folder as a stage leaves it."""
    for name in (
        "checkpoints/last.ckpt",
        "logs/fit/metrics.csv",
        "counts/direct-en.npy",
        "curves/direct-en.csv",
        "fit.yaml",
        ".fit.lock",
    ):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    write_json(folder / "fit.json", {"key": "k", "done": True})
    return folder


def test_a_folder_takes_the_place_of_another(tmp_path):
    folder = stage_folder(tmp_path / "stage") / "backbone"
    for name in ("old.json", "new.json"):
        with whole(folder) as partial:
            partial.mkdir()
            (partial / name).write_text(name)
    assert [path.name for path in folder.iterdir()] == ["new.json"]
    assert [path.name for path in tmp_path.iterdir()] == ["stage"]


def test_a_folder_of_ctl_is_removed(tmp_path):
    folder = stage_folder(tmp_path / "teachers" / "en")
    stage_folder(folder / "de")  # of a study: what the teacher says of a target
    remove(folder, tmp_path)
    remove(folder, tmp_path)
    assert list((tmp_path / "teachers").iterdir()) == []


@pytest.mark.parametrize(
    "mine", ["train.txt", "notes/read.me", "checkpoints/notes.txt", "old/checkpoints/best.ckpt", "mine.partial/x"]
)
def test_a_folder_with_something_else_in_it_is_moved_aside(tmp_path, mine, capsys):
    for count in range(1, 3):
        folder = stage_folder(tmp_path / "teachers" / "en")
        (folder / mine).parent.mkdir(parents=True, exist_ok=True)
        (folder / mine).write_text("mine")
        remove(folder, tmp_path)
        aside = [path for path in folder.parent.iterdir() if (path / mine).read_text() == "mine"]
        assert not folder.exists() and len(aside) == count
    assert f"holds {mine}, which ctl did not write: moved to" in capsys.readouterr().err


def test_a_folder_without_a_mark_is_moved_aside(tmp_path):
    folder = stage_folder(tmp_path / "teachers" / "en")
    (folder / "fit.json").unlink()
    remove(folder, tmp_path)
    assert (tmp_path / "teachers" / "en.aside" / "checkpoints" / "last.ckpt").exists()


def test_nothing_outside_the_run_is_removed(tmp_path):
    stage_folder(tmp_path / "elsewhere")
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "teachers").symlink_to(tmp_path)
    for path in (tmp_path / "elsewhere", tmp_path / "run" / "teachers" / "elsewhere", tmp_path / "run" / ".."):
        with pytest.raises(CTLError, match="not removed, as it lies outside"):
            remove(path, tmp_path / "run")
    assert (tmp_path / "elsewhere" / "checkpoints" / "last.ckpt").exists()


def test_a_link_is_removed_and_not_what_it_points_to(tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "file").write_text("x")
    (tmp_path / "link").symlink_to(tmp_path / "mine")
    remove(tmp_path / "link", tmp_path)
    assert (tmp_path / "mine" / "file").exists() and not (tmp_path / "link").exists()


def test_what_is_called_partial_by_others_stays(tmp_path):
    (tmp_path / "a.partial").mkdir()
    (tmp_path / "a.partial" / "mine").touch()
    write_text(tmp_path / "a", "text")
    assert (tmp_path / "a.partial" / "mine").exists()


def test_fingerprints(tmp_path):
    (tmp_path / "a").write_bytes(b"abc")
    digest = hashlib.sha256(b"abc").hexdigest()
    assert checksum(tmp_path / "a") == digest
    assert fingerprint("a", b"b", "c") == digest[:16]
    assert fingerprint_json({"a": 1, "b": 2}) == fingerprint_json({"b": 2, "a": 1}) != fingerprint_json({"a": 1})


def test_the_first_line_of_an_error():
    assert first_line(ValueError("\none\ntwo")) == "one" and first_line(KeyError()) == "KeyError"


def test_what_was_moved_is_found_by_the_end_of_its_path(tmp_path):
    run, outside = tmp_path / "now", tmp_path / "outside"
    (run / "a" / "b").mkdir(parents=True), (run / "b").mkdir(), outside.mkdir()
    (run / "link").symlink_to(outside)
    assert moved("runs/then/a/b", run) == run / "a" / "b"  # and not run / "b", which is less of the path
    assert moved("/home/me/runs/then/b", run) == run / "b"
    assert moved("runs/then/link", run) is None and moved("runs/../b/..", run) is None and moved("gone", run) is None


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (Exception("Error while serializing: I/O error: No space left on device (os error 28)"), "No space left on de"),
        (OSError("960 requested and 224 written"), "not written whole; is the disk full"),
        (OSError(28, "No space left on device"), "No space left on device"),
    ],
)
def test_a_full_disk_is_told_with_the_file_whichever_library_finds_it(tmp_path, error, message):
    """safetensors and tokenizers have errors of their own, and NumPy says only how much was written."""
    with pytest.raises(OSError, match=message) as told, whole(tmp_path / "a.bin"):
        raise error
    assert told.value.errno == 28 and told.value.filename == str(tmp_path / "a.bin")
    with pytest.raises(OSError, match="can't load"), whole(tmp_path / "b.bin"):
        raise OSError("can't load the tokenizer")
