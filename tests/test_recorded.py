"""Runs and studies of an earlier version are still read: its file names, YAML keys, records and checkpoints."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from made_up_run import make_run

from ctl.inspection.frames import Inspection
from ctl.main import main
from ctl.results import read_records
from ctl.tagging.trained import load_trained

RECORDED = Path(__file__).parent / "recorded"
HOMES = {"direct:a2": "teachers/a2", "student:learned": "students/learned"}  # the folders of a run's models


def recorded(name):
    return json.loads((RECORDED / f"{name}.json").read_text(encoding="utf-8"))


def write_json(path, value):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value))


def write_counts(folder, methods):
    """Entities of 60 test sentences, right, predicted and gold, in the files that reports read."""
    (folder / "counts").mkdir(parents=True)
    rng = np.random.default_rng(0)
    for method in methods:
        gold = rng.integers(1, 3, 60)
        counts = np.stack([rng.binomial(gold, 0.7), gold, gold], axis=1).astype(np.int32)
        np.save(folder / "counts" / f"{method.replace(':', '-')}.npy", counts)


@pytest.fixture
def run(tmp_path):
    """The records and checkpoints of a transfer, with weights of zero."""
    records = recorded("results")
    write_json(tmp_path / "results.json", records)
    (tmp_path / ".lock").touch()  # that of a whole transfer
    write_counts(tmp_path, [record["method"] for record in records])
    for method, kind in (("direct:a2", "teacher"), ("student:learned", "student")):
        checkpoint = recorded("checkpoints")[kind]
        checkpoint["state_dict"] = {name: torch.zeros(shape) for name, shape in checkpoint["state_dict"].items()}
        path = tmp_path / HOMES[method] / "checkpoints" / ("best.ckpt" if kind == "teacher" else "last.ckpt")
        write_json(path.parent.parent / "results.json", [r for r in records if r["method"] == method])
        path.parent.mkdir()
        torch.save(checkpoint, path)
    return tmp_path


@pytest.mark.parametrize("path", sorted(RECORDED.glob("*.yaml")), ids=lambda path: path.stem)
def test_a_configuration_that_a_stage_wrote_is_still_taken(path, capsys):
    """Whole, with the classes under the names that they had then; every setting of model and data keeps its value."""
    command = path.stem.rpartition(".")[2]
    with pytest.raises(SystemExit) as end:
        main([command, "--config", str(path), "--print_config"])
    printed = capsys.readouterr()
    assert end.value.code == 0, printed.err
    before, now = yaml.safe_load(path.read_text(encoding="utf-8")), yaml.safe_load(printed.out)
    assert now["model"]["class_path"].rpartition(".")[2] == before["model"]["class_path"].rpartition(".")[2]
    for part, settings in (("model", now["model"]["init_args"]), ("data", now["data"])):
        old = before[part]["init_args"] if part == "model" else before[part]
        assert of_before(settings, old) == old


def of_before(settings, old):
    """The settings that there were then, at every level; what came later has its default."""
    return {
        name: of_before(settings[name], value) if isinstance(value, dict) else settings[name]
        for name, value in old.items()
    }


@pytest.mark.parametrize("method", HOMES)
def test_checkpoints_are_loaded_and_keep_their_identity(run, method):
    trained = load_trained(run, method)
    record = next(record for record in read_records(run / "results.json") if record["method"] == method)
    assert trained.method == method and trained.types == ("PER", "ORG", "LOC")
    assert trained.record()["f1"] == record["f1"]
    identity = trained.model.identity()
    assert identity["sources"] == record["sources"]
    assert identity.get("taught_by", {}).get("weights") == record["provenance"].get("taught_by", {}).get("weights")


def test_a_run_means_its_student_of_learned_weights(run):
    assert load_trained(run).path == run / "students" / "learned" / "checkpoints" / "last.ckpt"


def test_runs_are_reported(run, capsys):
    assert main(["report", str(run)]) == 0
    printed = capsys.readouterr().out
    assert all(record["method"] in printed for record in recorded("results"))
    assert (run / "report.html").is_file() and (run / "report" / "methods.csv").is_file()


def test_studies_are_reported_with_the_cells_that_are_not_there(tmp_path, capsys):
    study = recorded("study")
    write_json(tmp_path / "study.json", study["study.json"])
    for folder, files in study["cells"].items():
        for name, content in files.items():
            write_json(tmp_path / folder / name, content)
        write_counts(tmp_path / folder, {record["method"] for record in files["results.json"]})
    assert main(["report", str(tmp_path)]) == 0
    assert "student:uniform" in capsys.readouterr().out
    assert "2 of 4 cells have not been run yet" in (tmp_path / "report.md").read_text()


def test_soft_labels_are_inspected(tmp_path):
    """The manifests' keys are those of today, and teachers are known by the fingerprints in them."""
    make_run(tmp_path, sentences=8)
    manifests = recorded("manifests")
    shutil.rmtree(tmp_path / "students")
    for folder, old in (("teachers/en", "teachers/a2"), ("ensembles/learned", "ensembles/learned")):
        path = tmp_path / folder / "soft_labels" / "train" / "manifest.json"
        manifest = json.loads(path.read_text())
        assert set(manifest) == set(manifests[old])
        write_json(path, {**manifest, "teacher": manifests[old]["teacher"]})
    inspection = Inspection.open(tmp_path)
    weights = inspection.weights("ensemble:learned").iloc[0]
    assert weights["direct:a2"] == pytest.approx(0.2924) and len(weights) == 4
    assert [labels.role for labels in inspection.labellers.values()] == ["teacher", "teacher", "teacher", "mixture"]
