import hashlib
import json

import pytest

from ctl.errors import first_line
from ctl.system.files import checksum, fingerprint, fingerprint_json, held, moved, remove, whole, write_json, write_text


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


def test_a_folder_takes_the_place_of_another(tmp_path):
    folder = tmp_path / "folder"
    for name in ("old", "new"):
        with whole(folder) as partial:
            partial.mkdir()
            (partial / name).write_text(name)
    assert [path.name for path in folder.iterdir()] == ["new"]
    remove(folder)
    remove(folder)
    assert not folder.exists()


def test_a_link_is_removed_and_not_what_it_points_to(tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "file").write_text("x")
    (tmp_path / "link").symlink_to(tmp_path / "mine")
    remove(tmp_path / "link")
    assert (tmp_path / "mine" / "file").exists() and not (tmp_path / "link").exists()


def test_a_lock_is_held_by_one(tmp_path):
    with held(tmp_path / "a.lock"), pytest.raises(TimeoutError), held(tmp_path / "a.lock"):
        pass
    with held(tmp_path / "a.lock"):
        pass


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
