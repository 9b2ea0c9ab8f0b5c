"""Weights & Biases, off unless a configuration names its logger: all that ctl adds to Lightning's metrics there.

Everything stays on disk as well. Files are artifacts named after their model's run, so what one run writes and another
reads is one line of descent: teacher, soft labels, student.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.callbacks import ModelCheckpoint
from lightning.pytorch.loggers import WandbLogger
from lightning.pytorch.utilities import rank_zero_only

from ctl.callbacks.logger_settings import be_silent, check_login, loggers_of, mlflow_loggers, wandb_loggers
from ctl.callbacks.mlflow_run import OneRun, join_run
from ctl.callbacks.model_run import FILE, artifact_name, introduce, keep_id, run_id
from ctl.data.collation import WordBatch
from ctl.data.corpus import Corpus
from ctl.data.tags import TagIds, TagSchema, bracketed
from ctl.errors import CTLError
from ctl.methods import Method
from ctl.system.console import notice

SAMPLES = 100  # test sentences in the table of predictions
BEST = "val/f1"  # of which the summary has the best value, not the last


def prepare(config: Any, command: str) -> list[Callback]:  # noqa: ANN401  (a jsonargparse Namespace)
    """Fills in a command's logger settings, and gives the callback that goes with W&B or MLflow.

    Loggers write below the run's folder unless their ``save_dir`` says otherwise. A W&B run is that of a model: its
    fit, its test and its predictions are one run. ``log_model`` says whether files go into artifacts or are only
    pointed at.

    Raises:
        CTLError: nobody is logged in, or a logger's package is not installed.
    """
    folder = Path(config.trainer.default_root_dir or ".")
    for logger in loggers_of(config.trainer.logger):
        if logger.get("init_args", {}).get("save_dir") == ".":
            logger.init_args["save_dir"] = str(folder)
        if "TensorBoard" in logger["class_path"] and not any(map(find_spec, ("tensorboard", "tensorboardX"))):
            raise CTLError(
                "the TensorBoard logger is configured, and TensorBoard not installed: pip install tensorboard"
            )
    begins = command == "fit" and not config.get("ckpt_path")
    for logger in mlflow_loggers(config.trainer.logger):
        join_run(logger.init_args, folder, begins)
        return [OneRun(config.as_dict(), folder)]
    for logger in wandb_loggers(config.trainer.logger):
        check_login(logger)
        be_silent()
        arguments = logger.init_args
        arguments["id"] = arguments.get("id") or run_id(folder, new=begins)
        arguments["job_type"] = arguments.get("job_type") or "model"
        named, upload, arguments["log_model"] = bool(arguments.get("name")), bool(arguments.get("log_model")), False
        arguments["name"] = arguments.get("name") or folder.resolve().name
        Path(arguments["save_dir"]).mkdir(parents=True, exist_ok=True)
        return [Tracking(config.as_dict(), folder, command, upload, named)]
    return []


class Tracking(Callback):
    """Adds to a W&B run its configuration, source weights, confusion of types, sample predictions and artifacts.

    Args:
        config: of the command.
        folder: the run's.
        command: ``fit``, ``validate``, ``test`` or ``predict``.
        upload: put files into artifacts; otherwise artifacts point at them.
        named: the user has given the run a name.
    """

    def __init__(self, config: dict[str, Any], folder: Path, command: str, upload: bool, named: bool = False) -> None:
        self.config = config
        self.folder = folder
        self.command = command
        self.upload = upload
        self.named = named

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Opens the run, before anything is trained, and says what it reads.

        Raises:
            CTLError: W&B does not let it open one.
        """
        import wandb

        if not trainer.is_global_zero:
            return
        try:
            self.run = next(logger for logger in trainer.loggers if isinstance(logger, WandbLogger)).experiment
        except wandb.errors.Error as error:
            raise CTLError(f"W&B: {error}; set WANDB_MODE=offline to go on without it") from None
        trains, resumed = self.command == "fit", bool(self.config.get("ckpt_path"))
        first = trains or not (self.folder / FILE).is_file()  # what is not trained has no fit
        keep_id(self.folder, self.run.id)
        inputs = [] if trains and resumed else self._inputs()
        self.run.config.update(
            {**(self.config if first else {}), f"{self.command}_reads": inputs}, allow_val_change=True
        )
        if trains:
            self.run.define_metric(BEST, summary="max")
        for name in inputs:
            self._use(name)

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Says who is trained."""
        self._introduce(trainer, pl_module)

    def on_predict_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Says who predicts."""
        self._introduce(trainer, pl_module)

    def _introduce(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Names the run by method and target, and puts both, sources, seed and backbone into tags and configuration."""
        about = introduce(pl_module, self.config)
        if not trainer.is_global_zero or not about:
            return
        name, target = about.pop("name"), about.get("target")
        self.run.config.update(about, allow_val_change=True)
        kind = Method.split(about["method"]).kind
        self.run.tags = tuple(dict.fromkeys([*(self.run.tags or ()), kind, *([target] if target else [])]))
        if not self.named:
            self.run.name = name

    def _inputs(self) -> list[str]:
        """Names the artifacts that the command reads."""
        model, data = self.config["model"].get("init_args", {}), self.config["data"]
        paths = [self.config.get("ckpt_path"), *(model.get("teachers") or [])]
        paths += [model.get(name) for name in ("student", "soft_labels", "weights")]
        paths += [data.get(name) for name in ("soft_labels", "word_weights")]
        return [name for path in paths if isinstance(path, str) and (name := artifact_name(path))]

    def _use(self, name: str) -> None:
        if self.run.offline:
            return
        try:
            self.run.use_artifact(f"{name}:latest")
        except Exception:  # there are many kinds, and none may cost a run
            notice(f"W&B has no artifact {name}: its graph will not show where this run's input came from")

    def on_test_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Starts with no word, and says who is scored."""
        self._introduce(trainer, pl_module)
        types = 1 + len(trainer.datamodule.schema.types)  # type: ignore[attr-defined]
        self._confusion = torch.zeros(types, types, dtype=torch.long)
        self._samples: dict[int, TagIds] = {}

    def on_test_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,  # noqa: ANN401
        batch: WordBatch,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Counts the words of each type (gold, predicted), and keeps some sentences."""
        actual, predicted, types = batch.tags.cpu(), outputs["tags"].cpu(), len(self._confusion)
        pairs = (1 + TagSchema.type_of(actual)) * types + 1 + TagSchema.type_of(predicted)
        self._confusion += torch.bincount(pairs, minlength=types * types).view(types, types)
        every = max(1, len(trainer.datamodule.testing) // SAMPLES)  # type: ignore[attr-defined]
        for sentence, tags in zip(batch.sentences.tolist(), predicted.split(batch.lengths.tolist()), strict=True):
            if sentence % every == 0:
                self._samples[sentence] = tags.numpy()

    def on_test_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Writes the confusion and the table of sample predictions."""
        import wandb

        counts = trainer.strategy.reduce(self._confusion.to(pl_module.device), reduce_op="sum")
        if not trainer.is_global_zero:
            return
        corpus = trainer.datamodule.testing  # type: ignore[attr-defined]
        names, columns = ["O", *corpus.schema.types], ("Actual", "Predicted", "nPredictions")
        cells = [
            (a, p, n) for a, line in zip(names, counts.tolist(), strict=True) for p, n in zip(names, line, strict=True)
        ]
        chart = wandb.plot_table(
            "wandb/confusion_matrix/v1", wandb_table(columns, cells), {name: name for name in columns}
        )
        samples = wandb_table(("sentence", "gold", "predicted", "wrong words"), self._sampled(corpus))
        self.run.log({"test/confusion": chart, "test/predictions": samples})

    def _sampled(self, corpus: Corpus) -> Iterator[tuple[Any, ...]]:
        assert corpus.tags is not None and corpus.schema is not None
        for sentence, tags in sorted(self._samples.items()):
            words, gold = corpus.sentence(sentence), corpus.tags[slice(*corpus.offsets[sentence : sentence + 2])]
            texts = [bracketed(words, shown, corpus.schema) for shown in (gold, tags)]
            yield sentence, *texts, int((gold != tags).sum())

    @rank_zero_only
    def teardown(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Adds weights and artifacts when all else is written, and closes the run."""
        identity: dict[str, Any] = {} if self.command == "validate" else getattr(pl_module, "identity", dict)()
        for name, value in self._weights(getattr(pl_module, "source_weights", dict)()):
            self.run.summary[f"weights/{name}"] = value
        for path, kind in self._outputs(trainer):
            self._add(path, kind, identity)
        if self.run.offline:
            notice(f"W&B is offline; upload with: wandb sync --append {self.run.settings.root_dir}/wandb/offline-run-*")
        self.run.finish()

    @rank_zero_only
    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        """Closes the run as failed."""
        with suppress(AttributeError):  # it was never opened
            self.run.finish(exit_code=1)

    def _weights(self, own: Mapping[str, float]) -> Iterator[tuple[str, float]]:
        """Gives the model's own source weights, and those that were written."""
        yield from own.items()
        path = self.folder / "weights.json"
        if self.command == "predict" and path.is_file():
            written = json.loads(path.read_text(encoding="utf-8"))
            yield from ((f"{by}/{source}", w) for by, weights in written.items() for source, w in weights.items())

    def _outputs(self, trainer: Trainer) -> Iterator[tuple[Path, str]]:
        if self.command == "fit":
            for callback in trainer.checkpoint_callbacks:
                if not isinstance(callback, ModelCheckpoint):
                    continue
                kept = callback.best_model_path or callback.last_model_path
                yield from [(Path(kept), "checkpoint")] if kept else []
        if self.command == "predict":
            for pattern in ("soft_labels/*/manifest.json", "*/soft_labels/*/manifest.json"):
                yield from ((path.parent, "soft-labels") for path in sorted(self.folder.glob(pattern)))
            for pattern in ("weights.json", "*weights/*.safetensors"):
                yield from ((path, "weights") for path in sorted(self.folder.glob(pattern)))

    def _add(self, path: Path, kind: str, identity: Mapping[str, Any]) -> None:
        import wandb

        metadata = dict(identity)
        if kind == "soft-labels":
            metadata = json.loads((path / "manifest.json").read_text(encoding="utf-8"))
        name = artifact_name(path)
        assert name is not None, "the run has kept its id in its folder"
        artifact = wandb.Artifact(name, type=kind, metadata=metadata)
        if not self.upload:
            artifact.add_reference(path.absolute().as_uri())
        elif path.is_dir():
            artifact.add_dir(str(path))
        else:
            artifact.add_file(str(path))
        self.run.log_artifact(artifact)


def wandb_table(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> Any:  # noqa: ANN401
    """Makes a table of W&B."""
    import wandb

    return wandb.Table(columns=list(columns), data=[list(row) for row in rows])
