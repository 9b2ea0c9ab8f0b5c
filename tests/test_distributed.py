"""Two processes on a CPU do what one does: nothing is counted twice, nothing is left out."""

import csv
import json
import subprocess
import sys

import numpy as np
import pytest
import torch

from ctl.data.soft_labels import SoftLabelStore
from ctl.main import main
from ctl.modules.tagger import load_module
from ctl.thresholds.curve_file import read_curve

TWO = ["--trainer.accelerator", "cpu", "--trainer.devices", "2", "--trainer.strategy", "ddp"]


@pytest.fixture(scope="module")
def two(family, tmp_path_factory):
    """A whole transfer by two processes; 40, 60, 120 and 150 sentences make uneven batches."""
    output = tmp_path_factory.mktemp("two") / "run"
    assert main([
        "transfer", "--data.root", str(family), "--backbone", str(family / "encoder"), "--sources", "[a2]",
        "--target", "a1", "--output", str(output), "--methods", "[student:uniform]", "--teacher_epochs", "1",
        "--student_epochs", "1", "--teacher.lr", "3e-3", "--student.lr", "3e-3", *TWO,
    ]) == 0  # fmt: skip
    return output


def alone(stage, command, output, *more):
    """The same command, with the configuration that the stage had, in this process."""
    config = ["--config", str(stage / f"{command}.yaml"), "--trainer.default_root_dir", str(output)]
    return main([command, *config, "--trainer.devices", "1", "--trainer.strategy", "auto", *more])


def test_shards_join_into_the_same_store(two, tmp_path):
    assert alone(two / "teachers/a2", "predict", tmp_path) == 0
    for split in ("train", "test"):
        ours, its = (SoftLabelStore(place / "soft_labels" / split) for place in (tmp_path, two / "teachers/a2"))
        np.testing.assert_allclose(ours.probs, its.probs, atol=2e-3)  # batches are cut otherwise, and it is float16
        assert ours.offsets.tolist() == its.offsets.tolist()
        assert ours.manifest["corpus"] == its.manifest["corpus"]
        assert ours.manifest["teacher"]["fingerprint"] == its.manifest["teacher"]["fingerprint"]


def test_scores_are_those_of_one_process(two, tmp_path):
    student = two / "students/uniform"
    assert alone(student, "test", tmp_path) == 0
    (ours,), (its,) = (json.loads((place / "results.json").read_text()) for place in (tmp_path, student))
    for key in ("f1", "precision", "recall", "per_type"):
        assert ours[key] == its[key]
    (counts,) = (tmp_path / "counts").glob("*.npy")
    assert np.load(counts).tolist() == np.load(student / "counts" / counts.name).tolist()
    ours, its = (read_curve(place, "student:uniform") for place in (tmp_path, student))
    assert [point[:2] for point in ours] == [point[:2] for point in its]
    for mine, other in zip(ours, its, strict=True):  # batches are cut otherwise: a score may be just above or below
        assert mine[2:] == (other[2:] if mine.threshold is None else pytest.approx(other[2:], abs=3))


def test_validation_while_training_is_that_of_one_process(two, tmp_path):
    teacher = two / "teachers/a2"
    with (teacher / "logs/fit/metrics.csv").open() as file:
        logged = next(float(row["val/f1"]) for row in csv.DictReader(file) if row["val/f1"])
    config = ["--config", str(teacher / "predict.yaml"), "--trainer.default_root_dir", str(tmp_path)]
    assert main(["validate", *config, "--trainer.devices", "1", "--trainer.strategy", "auto"]) == 0
    with (tmp_path / "logs/validate/metrics.csv").open() as file:
        assert next(float(row["val/f1"]) for row in csv.DictReader(file) if row["val/f1"]) == pytest.approx(logged)


def test_processes_stop_and_go_on_together(two, tmp_path):
    """Though one alone is told to stop: it has two batches, and stops after the first."""
    signalled = {"name": "SIGUSR1", "epoch": 0, "batch": 0, "rank": 1}
    keep = {"dirpath": str(tmp_path), "save_last": True, "save_top_k": 0}
    callbacks = [
        {"class_path": "ModelCheckpoint", "init_args": keep},
        {"class_path": "tests.faults.Signal", "init_args": signalled},
    ]
    command = [sys.executable, "-m", "ctl", "fit", "--config", str(two / "teachers/a2/fit.yaml")]
    command += ["--trainer.default_root_dir", str(tmp_path), "--trainer.callbacks"]
    stopped = subprocess.run([*command, json.dumps(callbacks)], stderr=subprocess.PIPE, text=True)
    assert stopped.returncode == 130 and "ctl: stopped by SIGUSR1" in stopped.stderr
    assert torch.load(tmp_path / "last.ckpt", weights_only=True)["global_step"] == 1
    subprocess.run([*command, json.dumps(callbacks[:1]), "--ckpt_path", "last"], check=True, capture_output=True)
    ours = torch.load(tmp_path / "last.ckpt", weights_only=True)["state_dict"]
    its = load_module(two / "teachers/a2/checkpoints/best.ckpt").own_state()
    assert all(torch.equal(value, its[name]) for name, value in ours.items())


def test_language_means_are_of_every_sentence_once(family, tmp_path):
    def fit(output, *more):
        keep = {"dirpath": str(output), "save_last": True, "save_top_k": 0}
        arguments = [
            "fit", "--model", "LanguageIdentifier", "--trainer.default_root_dir", str(output),
            "--data.root", str(family),
            "--data.backbone", str(family / "encoder"), "--data.sources", "[a2,b1]", "--trainer.max_epochs", "1",
            "--trainer.callbacks", json.dumps([{"class_path": "ModelCheckpoint", "init_args": keep}]), *more,
        ]  # fmt: skip
        subprocess.run([sys.executable, "-m", "ctl", *arguments], check=True, capture_output=True)
        return torch.load(output / "last.ckpt", weights_only=True)["state_dict"]

    ours, its = fit(tmp_path / "one", "--trainer.accelerator", "cpu"), fit(tmp_path / "two", *TWO)
    torch.testing.assert_close(ours["means"], its["means"], rtol=1e-2, atol=1e-2)  # bfloat16, batches cut otherwise
    torch.testing.assert_close(ours["class_weights"], its["class_weights"])
