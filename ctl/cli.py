"""The LightningCLI of ctl: which classes it builds, what is linked, what every run leaves behind."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.callbacks import ModelCheckpoint
from lightning.pytorch.cli import LightningArgumentParser, LightningCLI, SaveConfigCallback
from lightning.pytorch.utilities.model_helpers import is_overridden

import ctl.modules  # noqa: F401  (its classes are found by their short names)
from ctl.callbacks.finite import StopAtNaN
from ctl.callbacks.progress.heartbeat import Heartbeat
from ctl.callbacks.progress.learning_curve import LearningCurve
from ctl.callbacks.progress.metrics_file import MetricsFile
from ctl.callbacks.saving import SaveLast, WholeCheckpoints
from ctl.callbacks.tracking import prepare
from ctl.callbacks.writers import ResultWriter
from ctl.callbacks.written import written
from ctl.command_table import COMMANDS, ONE_STAGE
from ctl.data.datamodule import NERDataModule
from ctl.errors import CTLError, first_line
from ctl.system.checkpoints import NAMES, named_checkpoint
from ctl.system.console import is_terminal, say
from ctl.system.files import write_text
from ctl.system.locks import held
from ctl.system.parsing.class_paths import read_moved
from ctl.system.parsing.words_in_yaml import read_words, with_lists
from ctl.system.replacing import check_own
from ctl.system.trainer_settings import check_seed, check_trainer


class SaveConfig(SaveConfigCallback):
    """Keeps the configuration of every command beside its results: ``<run>/config.fit.yaml`` and so on."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401
        super().__init__(*args, **{**kwargs, "save_to_log_dir": False})

    def save_config(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Writes the configuration; the first process does."""
        folder, command = Path(trainer.default_root_dir), trainer.state.fn
        assert command is not None
        config = self.config.clone()
        config.overwrite = False  # it is of this call alone
        write_text(folder / f"config.{command.value}.yaml", self.parser.dump(config, **AS_GIVEN))


_PARSERS: dict[str, Any] = {}
AS_GIVEN = {"skip_none": False, "skip_validation": True}  # of a configuration that was checked when it was read
OVERWRITE_HELP = "Replace what a run with other settings left in the folder, checkpoints or predictions."


class CTLCLI(LightningCLI):
    """Builds one of the modules and the data module, seeded before either is made."""

    def add_arguments_to_parser(self, parser: LightningArgumentParser) -> None:
        """Links the backbone, the types and the sources, which are said once, for the data; adds an option."""
        parser.link_arguments("data.backbone", "model.init_args.backbone")
        parser.link_arguments("data.types", "model.init_args.types")
        parser.link_arguments("data.sources", "model.init_args.sources")
        parser.set_defaults({"trainer.max_epochs": 3})
        parser.add_argument("--overwrite", type=bool, default=False, help=OVERWRITE_HELP)

    def setup_parser(
        self, add_subcommands: bool, main_kwargs: dict[str, Any], subparser_kwargs: dict[str, Any]
    ) -> None:
        """Makes the parsers once in a process: a study runs hundreds of stages, and this is most of what one costs."""
        if not _PARSERS:
            read_moved()
            super().setup_parser(add_subcommands, main_kwargs, subparser_kwargs)
            for name in ("parser", "_subcommand_parsers", "_subcommand_method_arguments"):
                _PARSERS[name] = getattr(self, name)
        vars(self).update(_PARSERS)

    def _dump_config(self) -> None:
        """Makes plain data of the configuration, once; through JSON, which takes a fifth of the time of YAML."""
        if not hasattr(self, "config_dump"):
            config, parser = self.config[self.subcommand], self._parser(self.subcommand)
            self.config_dump = json.loads(parser.dump(config, format="json", skip_link_targets=False, **AS_GIVEN))
            self.config_dump.pop("overwrite", None)

    def _parse_ckpt_path(self) -> None:
        """Lets the command line win over the settings in a checkpoint."""

    def _set_seed(self) -> None:
        """Seeds everything, by a number that NumPy takes."""
        check_seed(self._get(self.config, "seed_everything"))
        super()._set_seed()

    def before_instantiate_classes(self) -> None:
        """Computes in bfloat16 where the hardware does, unless told otherwise; loggers write to the folder."""
        from ctl.system.devices import best_precision

        trainer = self.config[self.subcommand].trainer
        check_trainer(trainer.as_dict())
        if trainer.precision is None:
            trainer.precision = best_precision(trainer.accelerator)
        self._tracking = prepare(self.config[self.subcommand], str(self.subcommand))

    def instantiate_classes(self) -> None:
        """Makes all objects; a mistake that one of them finds is told as it is, without the settings around it.

        Raises:
            CTLError: a class refuses its arguments.
        """
        try:
            super().instantiate_classes()
        except ValueError as error:
            mistake = error.__cause__
            while mistake is not None and not isinstance(mistake, CTLError):
                mistake = mistake.__cause__
            if mistake is None:
                raise
            raise mistake from None

    def instantiate_trainer(self, **kwargs: Any) -> Trainer:  # noqa: ANN401
        """Adds the CSV logger, where no other is configured, signs of life, and what the command writes."""
        given = self.config[self.subcommand].trainer
        folder = given.default_root_dir or "."
        if given.logger in (None, True):
            resumed = self.subcommand == "fit" and bool(self._get(self.config, "ckpt_path"))
            kwargs["logger"] = MetricsFile(folder, str(self.subcommand), resumed)
        if given.enable_progress_bar is None and not is_terminal():
            kwargs["enable_progress_bar"] = False
        kwargs["use_distributed_sampler"] = False
        try:
            trainer = super().instantiate_trainer(**kwargs)
        except (ValueError, TypeError, RuntimeError) as error:
            raise CTLError(f"trainer: {first_line(error)}") from error
        trainer.strategy.checkpoint_io = WholeCheckpoints()
        for callback in trainer.checkpoint_callbacks:
            if isinstance(callback, ModelCheckpoint) and callback.dirpath is None:
                callback.dirpath = os.path.join(folder, "checkpoints")
        if self.subcommand == "fit":
            trainer.callbacks[:0] = [StopAtNaN(), LearningCurve(given.log_every_n_steps)]  # type: ignore[attr-defined]  # before any callback that saves
        signs = [] if trainer.progress_bar_callback else [Heartbeat()]
        trainer.callbacks.extend([*signs, *self._writers(), *self._tracking])  # type: ignore[attr-defined]
        return trainer

    def _run_subcommand(self, subcommand: str) -> None:
        """Runs the command, alone in its folder."""
        with ExitStack() as alone:
            if self.trainer.is_global_zero:
                alone.enter_context(only_run(Path(self.trainer.default_root_dir), subcommand))
                self._check_own()
            self._name_checkpoint()
            with told_where_removed(Path(self.trainer.default_root_dir), subcommand):
                super()._run_subcommand(subcommand)

    def _check_own(self) -> None:
        """Refuses to fit or predict onto the files of a run with other settings."""
        folder, begins = Path(self.trainer.default_root_dir), str(self._get(self.config, "ckpt_path"))
        goes_on = begins in NAMES or Path(begins).resolve().is_relative_to(folder.resolve())
        replaces = self.subcommand == "predict" or (self.subcommand == "fit" and not goes_on)
        if replaces and not self._get(self.config, "overwrite") and (files := self.written()):
            self._dump_config()
            check_own(folder, str(self.subcommand), self.config_dump, files)

    def _name_checkpoint(self) -> None:
        """Finds the file of the best or the last checkpoint, which Lightning knows only of a fit before it."""
        name = self._get(self.config, "ckpt_path")
        if self.subcommand != "fit" and name in NAMES:
            folder = Path(str(getattr(self.trainer.checkpoint_callback, "dirpath", self.trainer.default_root_dir)))
            for config in (self.config, self.config_init):
                config[self.subcommand].ckpt_path = str(named_checkpoint(folder, name))

    def written(self) -> list[Path]:
        """Finds what the command leaves in the folder of the run."""
        return written(self.trainer, str(self.subcommand), self._get(self.config, "data").predict_splits)

    def before_fit(self) -> None:
        """Refuses a model that has no training step."""
        if not is_overridden("training_step", self.model):
            raise CTLError(f"{type(self.model).__name__} is not trained: use `ctl predict` (or test, to score it)")

    def before_test(self) -> None:
        """Refuses a model that was never trained."""
        self._check_trained()

    def before_predict(self) -> None:
        """Refuses a model that was never trained; predictions go to disk batch by batch, not to memory."""
        self._check_trained()
        self.config_init.predict.return_predictions = False

    def _check_trained(self) -> None:
        """Refuses to score, or to let teach, what nothing was taught.

        Raises:
            CTLError: the model needs training, and no checkpoint was given.
        """
        if getattr(self.model, "needs_training", False) and not self._get(self.config, "ckpt_path"):
            raise CTLError(
                f"{type(self.model).__name__} was never trained, so its answers would be random: give --ckpt_path, the "
                "checkpoint of a fit"
            )

    def _writers(self) -> list[Callback]:
        match self.subcommand:
            case "fit":
                return [SaveLast()]
            case "test":
                self._dump_config()
                return [ResultWriter(self.config_dump, int(self._get(self.config, "seed_everything")))]
        return []  # what predict writes, the module itself says in `configure_callbacks`


def main(args: Sequence[str]) -> None:
    """Runs ``ctl fit``, ``validate``, ``test`` or ``predict`` with these arguments, and says what they wrote."""
    ended = run(args)
    for path in ended.written() if ended.trainer.is_global_zero else ():
        say(f"written: {path}")


@contextmanager
def only_run(folder: Path, command: str) -> Iterator[None]:
    """Keeps a second run of this command out of a folder.

    Raises:
        CTLError: another run has it.
    """
    busy = f"{folder}: another `ctl {command}` writes there; wait or choose another trainer.default_root_dir"
    with held(folder / f".{command}.lock", CTLError(busy)):
        yield


@contextmanager
def told_where_removed(folder: Path, command: str) -> Iterator[None]:
    """Says in one line that a folder, or a part of it, was removed while a run wrote there.

    Raises:
        CTLError: names what is missing.
    """
    try:
        yield
    except FileNotFoundError as error:
        missing = Path(os.path.abspath(error.filename or folder)).parent
        if missing.exists() or not missing.is_relative_to(os.path.abspath(folder)):
            raise
        raise CTLError(
            f"{missing}: this folder was removed while `ctl {command}` wrote there, so the run ends; start it again"
        ) from error


def run(args: Sequence[str]) -> CTLCLI:
    """Runs ``fit``, ``validate``, ``test`` or ``predict`` with these arguments."""
    read_words()
    return CTLCLI(
        LightningModule,
        NERDataModule,
        subclass_mode_model=True,
        seed_everything_default=0,
        save_config_callback=SaveConfig,
        save_config_kwargs={"overwrite": True},
        parser_kwargs={"prog": "ctl", "exit_on_error": False, **{name: _help(name) for name in COMMANDS[ONE_STAGE]}},
        args=with_lists(args),
    )


def _help(name: str) -> dict[str, Any]:
    command = COMMANDS[ONE_STAGE][name]
    about = f"{command.help[0].upper()}{command.help[1:]}; `ctl {name} --model.help Student` says what a model takes."
    return {
        "exit_on_error": False,
        "usage": f"ctl {name} --config FILE [options]",
        "description": f"{about} Example: {command.example}",
    }
