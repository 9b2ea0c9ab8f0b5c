"""MLflow's run of a model; a stand-in takes the place of the package, which is not among those of the tests."""

from types import SimpleNamespace

import pytest

from ctl.callbacks import mlflow_run
from ctl.callbacks.logger_settings import grouped
from ctl.callbacks.mlflow_run import OneRun, join_run
from ctl.errors import CTLError


class Logger(mlflow_run.MLFlowLogger):
    """A logger that notes the tags of its run."""

    run_id = "run1"

    def __init__(self):
        self.tags = {}

    @property
    def experiment(self):
        return SimpleNamespace(set_tag=lambda run, name, value: self.tags.update({(run, name): value}))


def test_a_model_keeps_its_run_and_is_named_by_method_and_target(tmp_path, monkeypatch):
    monkeypatch.setattr(mlflow_run, "find_spec", lambda name: name)
    logger, student = Logger(), SimpleNamespace(identity=lambda: {"method": "student:learned", "sources": ["en", "nl"]})
    trainer = SimpleNamespace(is_global_zero=True, loggers=[logger])
    callback = OneRun({"data": {"target": "de", "backbone": None}, "seed_everything": 3}, tmp_path)
    callback.setup(trainer, student, "fit")
    callback.on_train_start(trainer, student)
    assert logger.tags == {
        ("run1", "mlflow.runName"): "student:learned de", ("run1", "method"): "student:learned",
        ("run1", "sources"): "en, nl", ("run1", "target"): "de", ("run1", "seed"): "3",
    }  # fmt: skip
    test, again = {"tracking_uri": None}, {"tracking_uri": "https://server"}
    join_run(test, tmp_path, new=False)
    join_run(again, tmp_path, new=True)
    assert test["run_id"] == "run1" and "run_id" not in again
    assert test["tracking_uri"] == f"sqlite:///{tmp_path.resolve() / 'mlflow.db'}" and test["run_name"] == tmp_path.name
    assert again["tracking_uri"] == "https://server" and "artifact_location" not in again


def test_a_model_without_a_method_is_not_named(tmp_path):
    logger = Logger()
    callback = OneRun({}, tmp_path)
    callback.setup(SimpleNamespace(is_global_zero=True, loggers=[logger]), SimpleNamespace(), "fit")
    callback.on_train_start(SimpleNamespace(is_global_zero=True), SimpleNamespace())
    assert not logger.tags


def test_a_transfer_is_one_group_in_one_folder(tmp_path):
    (settings,) = [grouped({"logger": {"class_path": "MLFlowLogger", "init_args": {"tags": {"a": "b"}}}}, tmp_path)]
    arguments = settings["logger"]["init_args"]
    assert arguments["tags"] == {"group": tmp_path.name, "a": "b"}
    assert arguments["artifact_location"] == (tmp_path.resolve() / "mlruns").as_uri()


def test_a_package_that_is_missing_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr(mlflow_run, "find_spec", lambda name: None)
    with pytest.raises(CTLError, match=r"pip install 'ctl\[mlflow\]'"):
        join_run({}, tmp_path, new=True)
