"""MLflow: the fit, the test and the predictions of a model are one run, named by method and target."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.loggers import MLFlowLogger

from ctl.callbacks.model_run import introduce, keep_id, known_id
from ctl.errors import CTLError

FILE = "mlflow.json"  # of a model's folder: the id of its run
DATABASE, ARTIFACTS = "mlflow.db", "mlruns"  # where a run writes unless it is told; MLflow 3 has no store of files


def write_below(arguments: dict[str, Any], folder: Path) -> None:
    """Lets a logger write below a folder, unless its settings or ``MLFLOW_TRACKING_URI`` name a server or a database.

    Args:
        arguments: of the logger, which are changed.
        folder: of the run.
    """
    if not arguments.get("tracking_uri"):
        place = folder.resolve()
        arguments["tracking_uri"] = f"sqlite:///{place / DATABASE}"
        arguments["artifact_location"] = arguments.get("artifact_location") or (place / ARTIFACTS).as_uri()


def join_run(arguments: dict[str, Any], folder: Path, new: bool) -> None:
    """Lets a logger go on with the run of a folder's model, and write below the folder.

    Args:
        arguments: of the logger, which are changed.
        folder: of the model.
        new: whether it is trained anew, and has another run.

    Raises:
        CTLError: MLflow is not installed.
    """
    if not find_spec("mlflow"):
        raise CTLError("the MLflow logger is configured, and MLflow not installed: pip install 'ctl[mlflow]'")
    folder.mkdir(parents=True, exist_ok=True)
    write_below(arguments, folder)
    arguments["run_name"] = arguments.get("run_name") or folder.resolve().name
    if not new:
        arguments["run_id"] = arguments.get("run_id") or known_id(folder, FILE) or None


class OneRun(Callback):
    """Keeps the id of a model's run in its folder, and names the run when the model is known.

    Args:
        config: of the command.
        folder: of the model.
    """

    def __init__(self, config: dict[str, Any], folder: Path) -> None:
        self.config = config
        self.folder = folder

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Opens the run before anything is trained."""
        if trainer.is_global_zero:
            self.logger = next(logger for logger in trainer.loggers if isinstance(logger, MLFlowLogger))
            keep_id(self.folder, str(self.logger.run_id), FILE)

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Says who is trained."""
        self._introduce(trainer, pl_module)

    def on_test_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Says who is scored."""
        self._introduce(trainer, pl_module)

    def on_predict_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Says who predicts."""
        self._introduce(trainer, pl_module)

    def _introduce(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if not trainer.is_global_zero:
            return
        for name, value in introduce(pl_module, self.config).items():
            tag = "mlflow.runName" if name == "name" else name
            text = ", ".join(value) if isinstance(value, list) else str(value)
            self.logger.experiment.set_tag(self.logger.run_id, tag, text)
