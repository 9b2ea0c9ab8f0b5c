"""Stores that are found below a folder, and the text that they are for."""

import json
import shutil

import numpy as np
import pytest
import yaml
from made_up_run import SCHEMA, make_run, write

from ctl.data.corpus import Corpus
from ctl.errors import CTLError
from ctl.inspection.frames import Inspection
from ctl.inspection.stores import find_stores, read_text, role_of, saved_data


def test_stores_are_found_at_and_below_a_folder(run):
    stores = find_stores([run], "train")
    assert [store.path.parents[1].name for store in stores] == ["learned", "learned", "en", "es", "nl"]
    (store,) = find_stores([run / "teachers" / "en" / "soft_labels" / "train"], "train")
    assert store.manifest["teacher"]["method"] == "direct:en"


def test_a_teacher_that_is_there_twice_is_found_once(run):
    assert len(find_stores([run / "teachers" / "en", run], "train")) == 5


def test_stores_of_different_texts_are_refused(run, tmp_path):
    make_run(tmp_path, sentences=7)
    with pytest.raises(CTLError, match="not for the same text and tags"):
        find_stores([run, tmp_path], "train")


@pytest.mark.parametrize(
    ("method", "role"),
    [
        ("direct:en", "teacher"),
        ("pooled", "teacher"),
        ("llm-prompted", "teacher"),
        ("ensemble:learned", "mixture"),
        ("mixed-ensemble:uniform", "mixture"),
        ("student:learned+filter", "student"),
        ("few", "student"),
        ("my own model", "teacher"),
    ],
)
def test_roles(method, role):
    assert role_of({"method": method}) == role


def test_the_text_is_read_as_the_run_was_made(run, tmp_path, monkeypatch):
    """With the settings beside the stores, from any folder; given settings go before them."""
    monkeypatch.chdir(tmp_path)
    stores = find_stores([run], "train")
    assert saved_data(stores)["target"] == "xx"
    assert read_text(stores, {}, gold=False).tags is None
    gold = read_text(stores, {"type_map": {"PER": None}}, gold=True)
    tags = read_text(stores, {}, gold=True).tags
    assert np.array_equal(gold.tags, np.where(tags < 3, 0, tags))


def test_a_run_writes_nothing_where_it_says_its_data_are(run, tmp_path):
    """Even artificial languages are made only where the command line asks for them."""
    root, victim = tmp_path / "data", tmp_path / "data.partial"
    root.mkdir(), victim.mkdir()
    (root / "family.json").write_text("{}")
    (root / "mine.txt").write_text("mine")
    settings = {"families": [2], "train": 5, "raw": 90, "validation": 2, "test": 2, "vocabulary": 400, "width": 16}
    copy = tmp_path / "run"
    shutil.copytree(run, copy)
    for path in copy.rglob("config.predict.yaml"):
        path.write_text(yaml.safe_dump({"data": {"root": str(root), "synthetic": settings}}))
    with pytest.raises(CTLError, match="unknown language xx"):
        Inspection.open(copy)
    assert sorted(path.name for path in root.iterdir()) == ["family.json", "mine.txt"] and victim.is_dir()


def test_a_run_that_was_moved_with_its_data(run, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(run, copy)
    for path in copy.rglob("config.predict.yaml"):
        path.write_text(yaml.safe_dump({"data": {"root": "runs/then/data"}}))
    assert len(Inspection.open(copy).corpus) == 90


def test_what_can_not_be_inspected_is_said(run, tmp_path):
    with pytest.raises(CTLError, match=r"no soft labels of the test split here or below it"):
        Inspection.open(run, split="test")
    with pytest.raises(CTLError, match=r"--data.root says where else"):
        Inspection.open(run, data={"root": str(tmp_path)})
    (tmp_path / "xx").mkdir()
    (tmp_path / "xx" / "train.txt").write_text("other\nwords\n")
    with pytest.raises(CTLError, match="for something else"):
        Inspection.open(run, data={"root": str(tmp_path)})
    lines = [line.split(" ")[0] for line in (run / "data" / "xx" / "train.txt").read_text().splitlines()]
    (tmp_path / "xx" / "train.txt").write_text("\n".join(lines) + "\n")
    with pytest.raises(CTLError, match="raw text"):
        Inspection.open(run, gold=True, data={"root": str(tmp_path)})
    manifest = run / "teachers" / "en" / "soft_labels" / "train" / "manifest.json"
    assert json.loads(manifest.read_text())["types"] == list(SCHEMA.types)


def test_settings_of_an_earlier_version_are_still_read(run, tmp_path):
    """A key that the data module no longer has is no mistake: only what finds the text is read."""
    make_run(tmp_path, sentences=7)
    for path in tmp_path.rglob("config.predict.yaml"):
        settings = yaml.safe_load(path.read_text())
        settings["data"]["gone"] = 1
        path.write_text(yaml.safe_dump(settings))
    assert len(Inspection.open(tmp_path).corpus) == 7


def test_silver_labels_of_a_source_are_for_another_text(run, tmp_path):
    shutil.copytree(run, tmp_path / "run")
    corpus = Corpus("fr/train", ["un", "mot"], np.array([0, 2]))
    identity = {"method": "direct:fr", "sources": ["fr"], "train_seconds": 0.0, "fingerprint": "f"}
    write(tmp_path / "run", "silver/fr", corpus, np.full((2, len(SCHEMA)), 1 / len(SCHEMA), dtype=np.float32), identity)
    names = [store.manifest["teacher"]["method"] for store in find_stores([tmp_path / "run"], "train")]
    assert "direct:fr" not in names and "direct:en" in names
    assert len(find_stores([tmp_path / "run" / "silver" / "fr"], "train")) == 1


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(CTLError, match="nowhere: no such folder"):
        find_stores([tmp_path / "nowhere"], "train")
