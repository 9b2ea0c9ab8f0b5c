import json
import re
import shutil
import signal
import subprocess
import sys
import time

import pytest
import yaml

from ctl.commands.study import parse
from ctl.errors import CTLError
from ctl.main import main
from ctl.system.configs import ROOT

METHODS = ["direct", "pooled", "ensemble:uniform", "ensemble:learned", "student:learned"]


def arguments(root, output, *more):
    return [
        "--data.root", str(root), "--backbone", str(root / "encoder"), "--languages", "[a2,a3,b1]", "--targets", "[a1]",
        "--subsets.nested", "[1,2,3]", "--subsets.by", "given", "--seeds", "[0]", "--output", str(output),
        "--teacher_epochs", "1", "--student_epochs", "1", "--language_id_epochs", "1", "--methods", json.dumps(METHODS),
        "--teacher.lr", "3e-3", "--student.lr", "3e-3", "--trainer.accelerator", "cpu", *more,
    ]  # fmt: skip


@pytest.fixture(scope="module")
def finished(family, tmp_path_factory):
    output = tmp_path_factory.mktemp("study")
    assert main(["study", *arguments(family, output)]) == 0
    return output


def scores(output):
    paths = sorted(output.glob("seed*/a1/*/results.json"))
    return {
        (path.parent.name, record["method"]): record["f1"] for path in paths for record in json.loads(path.read_text())
    }


def test_every_cell_has_its_scores_and_one_teacher_a_language(finished):
    found = scores(finished)
    assert {name for name, _ in found} == {"a2", "a2+a3", "a2+a3+b1"}
    assert {method for name, method in found if name == "a2+a3+b1"} == {
        "direct:a2", "direct:a3", "direct:b1", *METHODS[1:],
    }  # fmt: skip
    assert {method for name, method in found if name == "a2"} == {"direct:a2", "student:uniform"}
    assert sorted(path.name for path in (finished / "seed0/teachers").iterdir()) == ["a2", "a3", "b1"]
    assert len({found[name, "direct:a2"] for name in ("a2", "a2+a3", "a2+a3+b1")}) == 1


def test_the_design_says_what_every_cell_must_be(finished):
    """So that the report leaves out cells of other settings."""
    for cell in json.loads((finished / "study.json").read_text())["cells"]:
        assert json.loads((finished / cell["folder"] / "cell.json").read_text())["key"] == cell["key"]


def test_a_cell_is_a_transfer(family, finished, tmp_path):
    """The same languages, seed and settings as a transfer of its own give the same scores."""
    more = [part for part in arguments(family, tmp_path) if part != "[0]"]
    for name, instead in (("--languages", ("--sources", "[a2,b1]")), ("--targets", ("--target", "a1"))):
        more[more.index(name) : more.index(name) + 2] = instead
    for name in ("--subsets.nested", "--subsets.by"):
        del more[more.index(name) : more.index(name) + 2]
    more.remove("--seeds")
    assert main(["transfer", *more, "--sources", "[a2,a3]"]) == 0
    records = json.loads((tmp_path / "results.json").read_text())
    assert {record["method"]: record["f1"] for record in records} == {
        method: f1 for (name, method), f1 in scores(finished).items() if name == "a2+a3"
    }


def test_a_second_run_does_nothing(family, finished, capsys):
    before = {path: path.stat().st_mtime_ns for path in finished.glob("seed*/**/*") if path.is_file()}
    assert main(["study", *arguments(family, finished)]) == 0
    assert "train" not in capsys.readouterr().err
    assert {path: path.stat().st_mtime_ns for path in before} == before


def test_dry_run_counts_trainings(family, finished, tmp_path, capsys):
    assert main(["study", *arguments(family, tmp_path / "new", "--dry_run")]) == 0
    told = capsys.readouterr().out.partition("At 30%")[0]
    rows = {title: numbers[:3] for title, *numbers in (re.split(" {2,}", line.strip()) for line in told.splitlines())}
    assert rows["train teachers"] == rows["train students"] == ["3", "0", "3"]
    assert not (tmp_path / "new").exists()
    assert main(["study", *arguments(family, finished, "--dry_run")]) == 0
    assert "Nothing is left to run." in capsys.readouterr().out


def test_models_that_are_not_kept_are_not_trained_again(family, tmp_path, capsys):
    more = ["--subsets.nested", "[1]", "--methods", '["student:uniform"]', "--keep_models", "false"]
    assert main(["study", *arguments(family, tmp_path, *more)]) == 0
    assert not list(tmp_path.glob("seed0/a1/**/*.ckpt")) and list(tmp_path.glob("seed0/teachers/**/*.ckpt"))
    capsys.readouterr()
    assert main(["study", *arguments(family, tmp_path, *more)]) == 0
    assert "train" not in capsys.readouterr().err
    assert main(["study", *arguments(family, tmp_path, *more, "--dry_run")]) == 0
    assert "Nothing is left to run." in capsys.readouterr().out


def test_shards_share_the_work(family, finished, tmp_path):
    shares = [parse(arguments(family, tmp_path, "--shard", f"{part}/2")).share for part in (1, 2)]
    assert sorted(len(share) for share in shares) == [1, 2] and not set(shares[0]) & set(shares[1])


@pytest.mark.parametrize(("kill", "jobs"), [(signal.SIGKILL, "2"), (signal.SIGTERM, "1")])
def test_a_killed_study_goes_on_where_it_was(kill, jobs, family, finished, tmp_path, capsys):
    command = [sys.executable, "-m", "ctl", "study", *arguments(family, tmp_path)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as run:
        for line in run.stderr:
            if "[1/3]" in line:
                time.sleep(0.3)
                run.send_signal(kill)
                break
    assert not list(tmp_path.glob("seed0/a1/*/failed.json"))
    (cell,) = tmp_path.glob("seed0/a1/*/cell.json")
    before = {path: path.stat().st_mtime_ns for path in cell.parent.rglob("*") if path.is_file()}
    assert main(["study", *arguments(family, tmp_path, "--jobs", jobs)]) == 0
    assert scores(tmp_path) == scores(finished)
    assert {path: path.stat().st_mtime_ns for path in before} == before


def test_a_failed_cell_is_shown_as_failed_and_tried_anew(family, finished, tmp_path, capsys):
    shutil.copytree(finished, tmp_path / "study")
    output = tmp_path / "study"
    shutil.rmtree(output / "seed0")
    blocked = output / "seed0/pooled/a2+a3"
    blocked.parent.mkdir(parents=True)
    blocked.write_text("not a folder")  # so the pooled model of one cell can't be trained
    assert main(["study", *arguments(family, output)]) == 2
    assert "1 of 3 cells failed" in capsys.readouterr().err
    assert {name for name, _ in scores(output)} == {"a2", "a2+a3+b1"}
    told = json.loads((output / "seed0/a1/a2+a3/failed.json").read_text())
    assert told["error"] and told["traceback"]
    page = (output / "report.html").read_text()
    assert "1 of 3 cells failed" in page and "a2, a3 -&gt; a1, seed 0" in page
    assert "n=2" not in page
    blocked.unlink()
    assert main(["study", *arguments(family, output)]) == 0
    assert scores(output) == scores(finished) and not (output / "seed0/a1/a2+a3/failed.json").exists()
    assert "n=2" in (output / "report.html").read_text()
    assert "cells failed" not in (output / "report.html").read_text()


def test_labelled_sentences_are_cells_that_go_on_from_the_cell_without(family, tmp_path):
    """They read the students and teachers of their set of sources where it keeps them, and train no other."""
    more = ["--few", "[0,5,10]", "--methods", '["student:uniform"]', "--subsets.nested", "[2]"]
    study = parse(arguments(family, tmp_path, *more))
    assert study.settings.methods == ["student:uniform", "few", "student:uniform+few"]
    assert [cell.few for cell in study.cells] == [10, 5, 0] and [cell.kinds for cell in study.cells] == [
        (), (), ("nested",)
    ]  # fmt: skip
    base = study.cells[-1].folder
    assert [cell.folder for cell in study.cells[:2]] == [base / "few" / number for number in ("10", "5")]
    plans = {cell.few: study.plan(cell) for cell in study.cells}
    assert [test.title for test in plans[5].tests] == ["score few", "score student:uniform+few"]
    stages = {few: {(stage.folder, stage.key) for stage in plan} for few, plan in plans.items()}
    own = {few: stages[few] - stages[0] for few in (5, 10)}
    assert len(own[5]) == len(own[10]) == 4 and not own[5] & own[10]
    assert {folder.relative_to(tmp_path).as_posix() for folder, _ in own[5]} == {
        "seed0/few/5/alone/a1", "seed0/few/5/alone/a1/a1", "seed0/a1/a2+a3/few/5/students/uniform+few"
    }  # fmt: skip


@pytest.mark.parametrize(("more", "message"), [
    (["--methods", '["few"]'], "method few sees a few labelled sentences: give their numbers"),
    (["--few", "[5]", "--data.few", "x"], "--data.few: a study draws its labelled sentences"),
    (["--few", "[5]", "--methods", '["direct"]'], "how many labelled sentences is which student worth"),
])  # fmt: skip
def test_an_axis_of_labelled_sentences_that_makes_no_sense(more, message, family, tmp_path):
    with pytest.raises(CTLError, match=message):
        parse(arguments(family, tmp_path, *more))


STUDIES = sorted((ROOT / "configs" / "study").glob("*.yaml"))


@pytest.mark.parametrize("path", STUDIES, ids=lambda path: path.stem)
def test_every_study_config_is_valid(path):
    given = yaml.safe_load(path.read_text(encoding="utf-8"))
    before = [] if "targets" in given else ["--config", "configs/study/wikiann.yaml"]  # it is an addition
    study = parse([*before, "--config", str(path), *([] if "backbone" in given else ["--backbone", "somewhere"])])
    for name in {"targets", "languages", "methods", "seeds"} & given.keys():
        assert getattr(study.settings, name) == given[name]
    near = study.pool(study.targets[0])
    assert study.subsets.choose(study.targets[0], near, near)


def test_controls_are_curves_over_every_set_of_sources(family, tmp_path):
    """Seeds of a2 are scored with every set, of one language as its teacher, and not where a2 is the target."""
    names = ["seeds:a2", "supervised", "pooled+equal", "merged:uniform"]
    study = parse(arguments(family, tmp_path, "--methods", json.dumps(names), "--targets", "[a1,a2]"))

    def scored(sources, target):
        return {name: list(map(str, methods)) for name, methods in study.methods(sources, target).items()}

    assert scored(["a3", "b1"], "a1") == {name: [name] for name in names}
    assert scored(["b1"], "a1") == {
        "seeds:a2": ["direct:a2"], "supervised": ["supervised"], "pooled+equal": ["direct:b1"],
        "merged:uniform": ["direct:b1"],
    }  # fmt: skip
    assert scored(["a3", "b1"], "a2")["seeds:a2"] == []
