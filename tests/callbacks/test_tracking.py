"""Weights & Biases offline, with no account and no network: what a run wrote is read back from its own files."""

import json
import struct
import time
from collections import defaultdict
from importlib.util import find_spec

import pytest
import yaml

from ctl.callbacks.logger_settings import sweep_folder, wandb_loggers
from ctl.callbacks.model_run import artifact_name
from ctl.commands.study import parse
from ctl.main import main
from ctl.system.configs import ROOT


@pytest.fixture(scope="module", autouse=True)
def offline():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WANDB_MODE", "offline")
        patch.setenv("WANDB_SILENT", "true")
        patch.delenv("WANDB_API_KEY", raising=False)
        yield


class Offline:
    """An offline run, from its .wandb file: LevelDB's log of protocol buffers."""

    def __init__(self, path):
        from wandb.proto import wandb_internal_pb2 as internal

        self.history, self.summary, self.config, self.artifacts, self.metrics = defaultdict(list), {}, {}, [], {}
        for record in self.whole(path, internal.Record):
            match record.WhichOneof("record_type"):
                case "run":
                    self.run = record.run
                    self.update(self.config, record.run.config.update)
                case "config":
                    self.update(self.config, record.config.update)
                case "summary":
                    self.update(self.summary, record.summary.update)
                case "history":
                    for item in record.history.item:
                        self.history["/".join(item.nested_key) or item.key].append(json.loads(item.value_json))
                case "metric":
                    self.metrics[record.metric.name] = record.metric
                case "artifact":
                    self.artifacts.append(record.artifact)
                case "exit":
                    self.status = record.exit.exit_code

    def add(self, later):
        """Takes in what another command has sent to the same run."""
        for name, values in later.history.items():
            self.history[name] += values
        self.summary |= later.summary
        self.config |= later.config
        self.artifacts += later.artifacts
        self.metrics |= later.metrics
        self.run, self.status = later.run, max(self.status, later.status)

    @staticmethod
    def whole(path, kind):
        """Its records, when the last is there: W&B's own process closes the file a moment after the run has ended."""
        until = time.monotonic() + 20
        found = []
        while not any(record.WhichOneof("record_type") == "exit" for record in found) and time.monotonic() < until:
            found = [kind.FromString(data) for data in records(path.read_bytes())]
            time.sleep(0.05)
        return found

    @staticmethod
    def update(values, items):
        for item in items:
            values[item.key or "/".join(item.nested_key)] = json.loads(item.value_json)


def records(data):
    """The records of a LevelDB log with W&B's header of seven bytes, in blocks of 32 KiB."""
    at, whole = 7, b""
    while at + 7 <= len(data):
        if (left := 32768 - at % 32768) < 7:
            at += left
            continue
        _, length, kind = struct.unpack_from("<IHB", data, at)
        if at + 7 + length > len(data):  # it is being written
            return
        whole += data[at + 7 : at + 7 + length]
        at += 7 + length
        if kind in (1, 4):  # a whole record, or the last part of one
            yield whole
            whole = b""


@pytest.fixture(scope="module")
def transfer(family, tmp_path_factory):
    """A transfer of two teachers and a student."""
    output = tmp_path_factory.mktemp("tracked") / "run"
    arguments = [
        "--config", "configs/logger/wandb.yaml", "--data.root", str(family), "--backbone", str(family / "encoder"),
        "--sources", "[a2,b1]", "--target", "a1", "--output", str(output), "--methods", "[student:learned]",
        "--teacher_epochs", "1", "--student_epochs", "1", "--language_id_epochs", "1", "--trainer.accelerator", "cpu",
        "--trainer.log_every_n_steps", "1",
    ]  # fmt: skip
    assert main(["transfer", *arguments]) == 0
    return output, arguments


@pytest.fixture(scope="module")
def runs(transfer):
    merged = {}
    for path in sorted(transfer[0].glob("wandb/offline-run-*/run-*.wandb")):
        part = Offline(path)
        merged.setdefault(part.run.run_id, part)
        if merged[part.run.run_id] is not part:
            merged[part.run.run_id].add(part)
    return {run.run.display_name: run for run in merged.values()}


def test_a_transfer_is_a_group_with_a_run_a_model(runs):
    models = {"direct:a2 a1", "direct:b1 a1", "language_id", "ensemble:learned a1", "student:learned a1"}
    assert set(runs) == {*models, "run results"}
    assert {run.run.run_group for run in runs.values()} == {"run"}
    assert {run.run.project for run in runs.values()} == {"ctl"}
    assert {run.run.job_type for run in runs.values()} == {"model", "results"}
    assert {run.status for run in runs.values()} == {0}
    assert set(runs["student:learned a1"].run.tags) == {"student", "a1"}


def test_configuration_and_curves(runs):
    """The configuration is the fit's, though the model has predicted since; what tells runs apart is at the top."""
    run = runs["direct:a2 a1"]
    assert run.config["data"]["sources"] == ["a2"] and run.config["model"]["class_path"].endswith("Teacher")
    assert run.config["trainer"]["max_epochs"] == 1
    about = {name: run.config[name] for name in ("method", "sources", "target", "seed")}
    assert about == {"method": "direct:a2", "sources": ["a2"], "target": "a1", "seed": 0}
    assert run.config["backbone"].endswith("encoder")
    assert {"train/loss", "val/f1", "val/PER/f1", "val/LOC/recall"} <= set(run.history)
    assert run.metrics["val/f1"].summary.max  # the best, not the last
    student = runs["student:learned a1"]
    assert {"train/loss", "test/f1"} <= set(student.history) and student.config["sources"] == ["a2", "b1"]


def test_scores_by_type_are_the_results(transfer, runs):
    (record,) = json.loads((transfer[0] / "results.json").read_text())
    run = runs["student:learned a1"]
    for name in ("precision", "recall", "f1"):
        assert run.history[f"test/{name}"][-1] == pytest.approx(record[name], abs=0.01)
        assert run.history[f"test/ORG/{name}"][-1] == pytest.approx(record["per_type"]["ORG"][name], abs=0.01)
    results = runs["run results"]
    assert results.summary["f1/student:learned"] == record["f1"]
    assert results.summary["inspect"] == str(transfer[0].resolve() / "inspect.html")
    assert {"results", "curves"} <= {name.partition("/")[0] for name in results.history}


def test_confusion_counts_every_word_and_predictions_are_shown(transfer, runs, family):
    folder = next(transfer[0].glob(f"wandb/offline-run-*-{runs['student:learned a1'].run.run_id}/files/media/table"))
    tables = [json.loads(path.read_text()) for path in folder.rglob("*.json")]
    confusion = next(table for table in tables if "nPredictions" in table["columns"])
    words = [line.split() for line in (family / "a1" / "test.txt").read_text().splitlines() if line]
    assert sum(row[2] for row in confusion["data"]) == len(words)
    actual = sum(row[2] for row in confusion["data"] if row[0] == "LOC")
    assert actual == sum(tag.endswith("LOC") for _, tag in words) > 0
    samples = next(table for table in tables if "wrong words" in table["columns"])
    assert len(samples["data"]) == 60 and any("[PER " in row[1] for row in samples["data"])
    wrong = sum(row[3] for row in samples["data"])
    assert wrong >= sum(row[2] for row in confusion["data"] if row[0] != row[1]) > 0


def test_source_weights(transfer, runs):
    weights = json.loads((transfer[0] / "language_id" / "weights.json").read_text())["learned"]
    shown = {source: runs["language_id"].summary[f"weights/learned/{source}"] for source in weights}
    assert shown == weights
    mixed = {source: runs["ensemble:learned a1"].summary[f"weights/{source}"] for source in weights}
    assert mixed == pytest.approx(weights, abs=2e-4)


def test_artifacts_descend_from_teacher_to_student(transfer, runs):
    output, _ = transfer
    written = {
        artifact.name: name for name, run in runs.items() for artifact in run.artifacts if artifact.type != "run_table"
    }
    for reader, path, writer in (
        ("direct:a2 a1", "teachers/a2/checkpoints/best.ckpt", "direct:a2 a1"),
        ("ensemble:learned a1", "teachers/a2/soft_labels/train", "direct:a2 a1"),
        ("ensemble:learned a1", "language_id/weights.json", "language_id"),
        ("student:learned a1", "ensembles/learned/soft_labels/train", "ensemble:learned a1"),
        ("student:learned a1", "students/learned/checkpoints/last.ckpt", "student:learned a1"),
    ):
        name, config = artifact_name(output / path), runs[reader].config
        reads = [name for command in ("fit", "test", "predict") for name in config.get(f"{command}_reads", [])]
        assert name in reads and written[name] == writer
    (store,) = [a for a in runs["ensemble:learned a1"].artifacts if a.type == "soft-labels"]
    manifest = json.loads((output / "ensembles/learned/soft_labels/train/manifest.json").read_text())
    assert json.loads(store.metadata) == manifest
    assert all(entry.ref.startswith("file://") for entry in store.manifest.contents)  # pointed at, not copied


def test_logging_changes_no_stage(transfer, capsys):
    _, arguments = transfer
    assert main(["transfer", *arguments[2:]]) == 0
    assert " ...\n" not in capsys.readouterr().err


def teacher(family, folder, *more):
    return main([
        "fit", "--config", "configs/teacher.yaml", "--config", "configs/logger/wandb.yaml", "--data.root", str(family),
        "--data.sources", "[a2]", "--data.target", "a1", "--data.backbone", str(family / "encoder"),
        "--trainer.default_root_dir", str(folder), "--trainer.accelerator", "cpu",
        "--trainer.enable_progress_bar", "false", "--trainer.enable_model_summary", "false",
        "--trainer.logger.init_args.log_model", "false",
        "--trainer.callbacks", json.dumps([{"class_path": "ModelCheckpoint", "init_args": {
            "dirpath": str(folder / "checkpoints"), "save_last": True, "save_on_train_epoch_end": True}}]), *more,
    ])  # fmt: skip


def test_a_resumed_fit_keeps_its_run(family, tmp_path):
    assert teacher(family, tmp_path, "--trainer.max_epochs", "1") == 0
    first = json.loads((tmp_path / "wandb.json").read_text())["id"]
    last = str(tmp_path / "checkpoints" / "last.ckpt")
    assert teacher(family, tmp_path, "--trainer.max_epochs", "2", "--ckpt_path", last) == 0
    runs = [Offline(path) for path in tmp_path.glob("wandb/offline-run-*/run-*.wandb")]
    assert [run.run.run_id for run in runs] == [first, first]
    assert sorted(len(run.history["val/f1"]) for run in runs) == [1, 1]
    (entry,) = runs[0].artifacts[0].manifest.contents  # pointed at, not copied
    assert entry.path.endswith(".ckpt") and entry.ref.startswith("file://")
    assert teacher(family, tmp_path, "--trainer.max_epochs", "1") == 0
    assert json.loads((tmp_path / "wandb.json").read_text())["id"] != first


def test_nobody_logged_in_is_said_before_any_training(family, tmp_path, monkeypatch, capsys, transfer):
    monkeypatch.setenv("WANDB_MODE", "online")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setenv("WANDB_CONFIG_DIR", str(tmp_path))
    assert teacher(family, tmp_path / "run") == 2
    assert "run `wandb login`, or set WANDB_MODE=offline" in capsys.readouterr().err
    arguments = [str(tmp_path / "other") if part == str(transfer[0]) else part for part in transfer[1]]
    assert main(["transfer", *arguments]) == 2
    assert "nobody is logged in" in capsys.readouterr().err and not (tmp_path / "other").exists()


def test_a_logger_that_lacks_its_package_is_said(family, tmp_path, capsys):
    if find_spec("tensorboard") or find_spec("tensorboardX"):
        pytest.skip("TensorBoard is installed")
    more = [
        "--data.root",
        str(family),
        "--data.backbone",
        str(family / "encoder"),
        "--trainer.default_root_dir",
        str(tmp_path),
    ]
    assert main(["fit", "--config", "configs/teacher.yaml", "--config", "configs/logger/tensorboard.yaml", *more]) == 2
    assert "pip install tensorboard" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["wandb", "csv", "tensorboard", "mlflow"])
def test_every_logger_config_is_valid_with_a_stage_and_a_transfer(name, capsys, family):
    more = ["--config", f"configs/logger/{name}.yaml", "--print_config"]
    for command in (
        ["fit", "--config", "configs/teacher.yaml"],
        ["transfer", "--config", "configs/transfer/quickstart.yaml"],
    ):
        with pytest.raises(SystemExit) as end:
            main([*command, *more])
        assert end.value.code == 0
        assert yaml.safe_load(capsys.readouterr().out)["trainer"]["logger"]


def test_every_sweep_names_options_that_there_are(capsys):
    for path in sorted((ROOT / "configs" / "sweep").glob("*.yaml")):
        sweep = yaml.safe_load(path.read_text())
        first = {name: given.get("values", [given.get("min")])[0] for name, given in sweep["parameters"].items()}
        given = [f"--{name}={value}" for name, value in first.items()]
        command = [part for word in sweep["command"] for part in (given if word == "${args}" else [word])]
        assert command[0] == "ctl"
        with pytest.raises(SystemExit) as end:
            main([*command[1:], "--print_config"])
        assert end.value.code == 0, capsys.readouterr().err
        told = yaml.safe_load(capsys.readouterr().out)
        for name, value in first.items():
            found = told
            for part in name.split("."):
                found = found[part]
            assert found == value
        assert sweep["method"] == "grid" or sweep["metric"] == {"name": "val/f1", "goal": "maximize"}


def test_a_sweeps_transfers_have_folders_of_their_own(monkeypatch):
    assert sweep_folder() is None
    monkeypatch.setenv("WANDB_SWEEP_ID", "s1")
    monkeypatch.setenv("WANDB_RUN_ID", "r1")
    assert sweep_folder() == "runs/sweeps/s1/r1"


def test_a_study_is_one_group_in_one_folder(tmp_path):
    files = ["--config", "configs/study/quickstart.yaml", "--config", "configs/logger/wandb.yaml"]
    study = parse([*files, "--output", str(tmp_path)])
    (logger,) = wandb_loggers(study.settings.trainer["logger"])
    assert logger["init_args"]["group"] == tmp_path.name
    assert logger["init_args"]["save_dir"] == str(tmp_path)
