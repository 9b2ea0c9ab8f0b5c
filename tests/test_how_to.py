"""The commands of how-to pages run as they stand, on tiny data in place of the user's."""

import json
import re
import shlex
import shutil

import pytest

from ctl.data.soft_labels import SoftLabelStore
from ctl.main import main
from ctl.system.configs import ROOT
from ctl.tagging import load_tagger

TINY = [
    "--sources", "[a2,b1]", "--target", "a1", "--data.hub", "null", "--data.root", "data", "--data.types",
    "[PER,ORG,LOC]", "--teacher_steps", "4", "--student_steps", "4", "--validations", "1", "--trainer.accelerator",
    "cpu", "--methods", '["direct", "ensemble:uniform", "student:uniform"]',
]  # fmt: skip


def commands(page):
    """The `ctl` commands of a page, as arguments."""
    text = (ROOT / "docs" / "how-to" / page).read_text(encoding="utf-8")
    blocks = re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    lines = [line for block in blocks for line in block.replace("\\\n", " ").splitlines()]
    return [shlex.split(line)[1:] for line in lines if line.startswith("ctl ")]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def raw(path, sentences):
    """The first sentences of a CoNLL file as lines of words."""
    blocks = path.read_text().split("\n\n")[:sentences]
    return [" ".join(line.split()[0] for line in block.splitlines()) for block in blocks]


def test_text_and_nothing_else(family, folder, capsys):
    """Test sentences that are labelled later are labelled and scored, and nothing is trained again."""
    for name in ("a2", "b1"):
        shutil.copytree(family / name, folder / "data" / name)
    (folder / "news.txt").write_text("\n".join(raw(family / "a1" / "train.txt", 40)) + "\n")
    transfer, tag, inspect = commands("text.md")
    assert main([*transfer, *TINY, "--backbone", str(family / "encoder")]) == 0
    run = folder / "runs" / "sw"
    assert not list(run.rglob("results.json")) and "agrees with teachers" in (run / "unscored.md").read_text()
    record = json.loads((run / "unscored.json").read_text())
    names = ["direct:a2", "direct:b1", "ensemble:uniform", "student:uniform"]
    assert [each["name"] for each in record["findings"]] == names
    assert set(record["models"]) == {"direct:a2", "direct:b1", "student:uniform"}
    store = SoftLabelStore(run / "students" / "uniform" / "soft_labels" / "train")
    assert len(store) == record["findings"][0]["words"]
    assert load_tagger(run, "direct:b1").trained.method == "direct:b1"
    assert main(tag) == 0 and main(inspect) == 0 and (run / "inspect.html").is_file()
    train = (run / "teachers" / "a2" / "soft_labels" / "train" / "probs.npy").stat().st_mtime_ns
    (folder / "data" / "a1").mkdir()
    shutil.copy(family / "a1" / "test.txt", folder / "data" / "a1")
    capsys.readouterr()
    assert main([*transfer, *TINY, "--backbone", str(family / "encoder")]) == 0
    said = capsys.readouterr().err
    assert (
        "teacher of a2 labels a1 ..." in said
        and "train student:uniform: done before" in said
        and "train teacher of a2 ..." not in said
    )
    assert [record["method"] for record in json.loads((run / "results.json").read_text())] == names
    assert (run / "teachers" / "a2" / "soft_labels" / "train" / "probs.npy").stat().st_mtime_ns == train


def test_two_annotators_for_a_week(family, folder, capsys):
    """The commands of the page, on one source; people take over what the student says, and add one entity."""
    for here, there in (("a2", "en"), ("a1", "sw"), ("a3", "de"), ("b1", "nl")):
        shutil.copytree(family / here, folder / "data" / there)
    quick = ["--data.limit", "20", "--teacher_steps", "2", "--student_steps", "2", "--few_steps", "2", "--validations",
             "1", "--trainer.accelerator", "cpu", "--trainer.precision", "32-true"]  # fmt: skip

    def run(arguments, *more):
        arguments = [str(family / "encoder") if part == "ENCODER" else part for part in arguments]
        assert main([*arguments, *more]) == 0, capsys.readouterr().err

    transfer, review, back, more, votes, study = commands("few.md")
    one = ["--sources", "[en]"]
    run(transfer, *quick, *one)
    run([*review[:3], "5"])
    tasks = json.loads((folder / "runs" / "sw" / "review.json").read_text())
    for task in tasks:
        task["annotations"] = [{"result": task.pop("predictions")[0]["result"], "was_cancelled": False}]
    text, region = tasks[0]["data"]["text"], {"from_name": "label", "to_name": "text", "type": "labels"}
    name = {"start": 0, "end": len(text.split()[0]), "text": text.split()[0], "labels": ["PER"]}
    tasks[0]["annotations"][0]["result"] = [{**region, "value": name}]
    (folder / "labelled.json").write_text(json.dumps(tasks))
    run(back, "--data.limit", "20")
    run(more, *quick, *one)
    records = json.loads((folder / "runs" / "sw" / "results.json").read_text())
    assert {record["method"]: record.get("few") for record in records} == {
        "student:uniform": None, "student:uniform+few": 5, "few": 5
    }  # fmt: skip
    assert "train student:uniform: done before" in capsys.readouterr().err
    run(votes, *quick, "--dry_run")
    run(study, *quick, "--few", "[0,2,5]", "--dry_run")
    assert "people" in (told := capsys.readouterr().out) and "models of few labels" in told


def test_labels_of_people_and_of_tools(family, folder, capsys):
    (folder / "data").mkdir()
    shutil.copytree(family / "a1", folder / "data" / "de")
    blocks = (family / "a1" / "train.txt").read_text().split("\n\n")[:20]
    (folder / "votes.conll").write_text("\n\n".join(blocks) + "\n")
    text = raw(family / "a1" / "train.txt", 1)[0]
    entity = {"start": 0, "end": len(text.split()[0]), "label": "person", "score": 0.9}
    (folder / "answers.jsonl").write_text(json.dumps({"text": text, "entities": [entity]}) + "\n")
    (folder / "names.tsv").write_text(f"{text.split()[0]}\tPER\n")
    run = [arguments for arguments in commands("imports.md") if arguments[0] in ("import", "inspect")]
    assert [arguments[0] for arguments in run] == ["import", "inspect", "import", "import"]
    for arguments in run:
        assert main(arguments) == 0, capsys.readouterr().err
    assert "20 stand in it as they are" in capsys.readouterr().err
    stores = {name: SoftLabelStore(f"runs/imports/{name}/soft_labels/train") for name in ("crowd", "names", "gliner")}
    first = {name: store.rows(slice(0, 1))[0, 1] for name, store in stores.items()}  # B-PER
    assert first["names"] == 1 and first["gliner"] == pytest.approx(0.9, abs=1e-3)
