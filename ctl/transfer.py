"""One target from beginning to end: teachers, weights, soft labels, students and their scores."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from filelock import FileLock, Timeout
from jsonargparse import ArgumentParser, Namespace
from lightning.pytorch import Trainer

from ctl.backbones import check_backbone, fingerprint_backbone
from ctl.configs import find_configs
from ctl.data.corpus import Corpus
from ctl.data.datamodule import NERDataModule
from ctl.errors import CTLError
from ctl.modules import LanguageIdentifier, Student, Teacher
from ctl.notices import say
from ctl.report import markdown_table, print_table
from ctl.results import Record, read_records, versions, write_records
from ctl.stages import Stage, run_stages

Settings = Mapping[str, Any]
WEIGHTINGS = ("uniform", "learned")
FAST = 3000  # sentences of every split with --fast


def main(args: Sequence[str]) -> None:
    """Runs ``ctl transfer`` with these arguments.

    Raises:
        CTLError: before any training, where the settings or the data can't be used.
    """
    transfer = Transfer.parse(args)
    try:
        transfer.output.mkdir(parents=True, exist_ok=True)
        with FileLock(transfer.output / ".lock", timeout=0):
            transfer.run()
    except Timeout:
        raise CTLError(f"{transfer.output}: another run writes there; wait for it or choose another --output") from None
    except OSError as error:
        raise CTLError(f"{error.filename or transfer.output}: {error.strerror or error}") from error


@dataclass(frozen=True)
class Transfer:
    """What ``ctl transfer`` was asked for.

    Attributes:
        settings: all settings as plain values, in sections where a class takes them.
        data: the data module that reads every split.
        output: the run's folder.
    """

    settings: Settings
    data: NERDataModule
    output: Path

    @classmethod
    def parse(cls, args: Sequence[str]) -> Transfer:
        """Reads the command line and its configuration files.

        Raises:
            CTLError: the settings contradict each other.
        """
        parser = make_parser()
        parsed = parser.parse_args(find_configs(args))
        settings = _plain(parsed)
        settings["methods"] = expand_methods(parsed.methods, parsed.sources, parsed.target)
        settings["output"] = parsed.output or f"runs/{parsed.target}-from-{'-'.join(parsed.sources)}"
        settings["trainer"].setdefault("precision", best_precision(settings["trainer"].get("accelerator", "auto")))
        if parsed.fast:
            settings["data"].setdefault("limit", FAST)
        data = parser.instantiate_classes(parsed).data
        data.sources, data.target, data.limit = parsed.sources, parsed.target, settings["data"].get("limit")
        return cls(settings, data, Path(settings["output"]))

    def run(self) -> None:
        """Runs what is not done yet, prints the table and writes ``results.json``."""
        corpora = self.read()
        check_backbone(self.settings["backbone"])
        plan = Plan(self.settings, self._context(corpora), {corpus.name: len(corpus) for corpus in corpora})
        target, sources = self.settings["target"], ", ".join(self.settings["sources"])
        say(f"{sources} -> {target}: {len(plan)} stages in {self.output}")
        try:
            run_stages(plan)
        finally:
            records = plan.records()
            if records:
                write_records(self.output / "results.json", records)
        (self.output / "results.md").write_text(markdown_table(records), encoding="utf-8")
        print_table(records, title=f"{sources} -> {target}, test split")
        say(f"written: {self.output / 'results.json'}")

    def read(self) -> list[Corpus]:
        """Reads every split that a stage will need, so that bad input stops the run before any training."""
        self.data.prepare_data()
        sources, target = self.settings["sources"], self.settings["target"]
        gold = [self.data.gold(source, split) for source in sources for split in ("train", "validation")]
        return [*gold, self.data.target_text("train"), self.data.gold(target, "test")]

    def _context(self, corpora: Sequence[Corpus]) -> str:
        """Fingerprint of what every stage depends on: words and tags, backbone, version."""
        digest = hashlib.sha256(
            json.dumps([versions()["ctl"], fingerprint_backbone(self.settings["backbone"])]).encode()
        )
        for corpus in corpora:
            digest.update(f"{corpus.name} {corpus.fingerprint}".encode())
            digest.update(b"" if corpus.tags is None else corpus.tags.tobytes())
        return digest.hexdigest()[:16]


def make_parser() -> ArgumentParser:
    """The options of ``ctl transfer``: its own, and those of the data module, the models and the Trainer."""
    parser = ArgumentParser(
        prog="ctl transfer",
        description="Runs every stage from labelled source languages to a scored student, and resumes where it was "
        "killed. Example: ctl transfer --config configs/transfer/quickstart.yaml --output runs/try",
    )
    parser.add_argument("-c", "--config", action="config", help="YAML file with any of these options.")
    parser.add_argument("--sources", type=list[str], required=True, help="Labelled languages, e.g. '[en,nl,es]'.")
    parser.add_argument("--target", type=str, required=True, help="The language to tag.")
    parser.add_argument("--backbone", type=str, required=True, help="Encoder: Hub name or folder.")
    parser.add_argument("--methods", type=list[str] | None, default=None, help="What to score; all by default.")
    parser.add_argument("--seed", type=int, default=0, help="Of all models and of the order of the data.")
    parser.add_argument("--output", type=str | None, default=None, help="The run's folder; by default under runs/.")
    parser.add_argument("--fast", action="store_true", help=f"Take only the first {FAST} sentences of every split.")
    parser.add_argument("--teacher_epochs", type=int, default=3, help="Most epochs of every teacher.")
    parser.add_argument("--student_epochs", type=int, default=3, help="Epochs of every student.")
    parser.add_argument("--patience", type=int, default=3, help="Epochs without a better source validation F1.")
    parser.add_argument("--language_id_epochs", type=int, default=10, help="Epochs of the language identifier.")
    parser.add_argument("--language_id_sentences", type=int, default=2000, help="Sentences of each language it reads.")
    own = {"sources", "target", "backbone", "soft_labels", "predict_splits"}
    parser.add_class_arguments(NERDataModule, "data", skip=own)
    parser.add_class_arguments(Teacher, "teacher", skip={"backbone", "types"}, instantiate=False)
    parser.add_class_arguments(Student, "student", skip={"backbone", "types"}, instantiate=False)
    parser.add_class_arguments(LanguageIdentifier, "language_id", skip={"backbone", "sources"}, instantiate=False)
    ours = {"callbacks", "default_root_dir", "max_epochs"}
    parser.add_class_arguments(Trainer, "trainer", skip=ours, instantiate=False)
    parser.set_defaults({"trainer.gradient_clip_val": 1.0})
    return parser


def expand_methods(methods: Sequence[str] | None, sources: Sequence[str], target: str) -> list[str]:
    """The methods to score: those that were named, or all that these sources allow.

    ``direct`` stands for ``direct:<lang>`` of every source.

    Raises:
        CTLError: a method, or the list of sources, can't be used.
    """
    if not sources or len(set(sources)) < len(sources):
        raise CTLError(f"sources {list(sources)}: name at least one language, and each once")
    if target in sources:
        raise CTLError(
            f"the target {target} is among the sources {list(sources)}: name other sources or another target"
        )
    direct = [f"direct:{source}" for source in sources]
    mixed = [f"{kind}:{weighting}" for kind in ("ensemble", "student") for weighting in WEIGHTINGS]
    allowed = [*direct, "pooled", *mixed] if len(sources) > 1 else [*direct, "student:uniform"]
    wanted = allowed if methods is None else [m for name in methods for m in (direct if name == "direct" else [name])]
    if unknown := [name for name in wanted if name not in allowed]:
        raise CTLError(
            f"unknown method {', '.join(unknown)}; with these sources there are: direct, {', '.join(allowed)}"
        )
    return list(dict.fromkeys(wanted))


def best_precision(accelerator: str) -> str:
    """``bf16-mixed`` where the hardware has it, else ``32-true``."""
    if accelerator != "cpu" and torch.cuda.is_available():
        return "bf16-mixed" if torch.cuda.is_bf16_supported(including_emulation=False) else "32-true"
    has = torch.cpu.get_capabilities()
    return "bf16-mixed" if has.get("avx512_bf16") or has.get("amx_bf16") else "32-true"


def _plain(parsed: Namespace) -> dict[str, Any]:
    """Settings as plain values; sections that a class fills keep only what was given."""
    settings: dict[str, Any] = parsed.as_dict()
    for section in ("data", "trainer"):
        settings[section] = {key: value for key, value in settings[section].items() if value is not None}
    return settings


class Plan:
    """The stages that a set of methods needs, each once, in an order in which they can run.

    Args:
        settings: of ``ctl transfer``.
        context: fingerprint of data, backbone and version, part of every stage's key.
        sentences: how many there are in each split, by ``lang/split``.
    """

    def __init__(self, settings: Settings, context: str, sentences: Mapping[str, int]) -> None:
        self.settings = settings
        self.output = Path(settings["output"])
        self.context = context
        self.sentences = sentences
        self.stages: dict[tuple[Path, str], Stage] = {}
        for method in settings["methods"]:
            self._score(method)

    def __iter__(self) -> Iterator[Stage]:
        return iter(self.stages.values())

    def __len__(self) -> int:
        return len(self.stages)

    def records(self) -> list[Record]:
        """What the tests that are done have scored, in the order of the methods."""
        tests = [stage for stage in self if stage.command == "test" and stage.done()]
        return [record for stage in tests for record in read_records(stage.folder / "results.json")]

    def _score(self, method: str) -> None:
        """Plans the test of a method and what must come before it."""
        kind, _, of = method.partition(":")
        match kind:
            case "direct":
                self._test(method, self._teacher([of]))
            case "pooled":
                self._test(method, self._teacher(self.settings["sources"]))
            case "ensemble":
                self._ensemble(of, "test", "test")
            case "student":
                self._test(method, self._student(of))

    def _teacher(self, sources: Sequence[str]) -> Stage:
        name = f"teachers/{sources[0]}" if len(sources) == 1 else "pooled"
        epochs = self.settings["teacher_epochs"]
        return self._add(
            title=f"train teacher {sources[0]}" if len(sources) == 1 else "train pooled teacher",
            folder=name,
            command="fit",
            model={"class_path": "Teacher", "init_args": self.settings["teacher"]},
            data={"sources": list(sources)},
            trainer={"max_epochs": epochs, "callbacks": self._keep_best(name)},
            outputs=("checkpoints/best.ckpt",),
            work=epochs * sum(3 * self._count(s, "train") + self._count(s, "validation") for s in sources),
        )

    def _student(self, weighting: str) -> Stage:
        labels, name = self._ensemble(weighting, "predict", "train"), f"students/{weighting}"
        epochs = self.settings["student_epochs"]
        return self._add(
            title=f"train student ({weighting} weights)",
            folder=name,
            command="fit",
            model={"class_path": "Student", "init_args": self.settings["student"]},
            data={
                "sources": [],
                "target": self.settings["target"],
                "soft_labels": str(labels.folder / "soft_labels/train"),
            },
            trainer={
                "max_epochs": epochs,
                "callbacks": self._keep_last(name),
            },
            outputs=("checkpoints/last.ckpt",),
            after=(labels,),
            work=epochs * 3 * self._count(self.settings["target"], "train"),
        )

    def _ensemble(self, weighting: str, command: str, split: str) -> Stage:
        labels = [self._labels(source) for source in self.settings["sources"]]
        weights = self._weights() if weighting == "learned" else None
        return self._add(
            title=f"{'score' if command == 'test' else 'mix soft labels for'} ensemble ({weighting} weights)",
            folder=f"ensembles/{weighting}",
            command=command,
            model={
                "class_path": "Ensemble",
                "init_args": {
                    "teachers": [str(stage.folder / "soft_labels" / split) for stage in labels],
                    "weighting": weighting,
                    "weights": str(weights.folder / "weights.json") if weights else None,
                },
            },
            data={"target": self.settings["target"], "predict_splits": ["train"]},
            outputs=("results.json",) if command == "test" else ("soft_labels/train/manifest.json",),
            after=(*labels, *([weights] if weights else [])),
            work=0.1 * self._count(self.settings["target"], split),
        )

    def _labels(self, source: str) -> Stage:
        teacher, target = self._teacher([source]), self.settings["target"]
        return self._add(
            title=f"teacher {source} labels {target}",
            folder=f"teachers/{source}",
            command="predict",
            model=teacher.config["model"],
            data={"sources": [source], "target": target, "predict_splits": ["train", "test"]},
            checkpoint=teacher.folder / "checkpoints/best.ckpt",
            outputs=("soft_labels/train/manifest.json", "soft_labels/test/manifest.json"),
            after=(teacher,),
            work=self._count(target, "train") + self._count(target, "test"),
        )

    def _weights(self) -> Stage:
        name, sources, target = "language_id", self.settings["sources"], self.settings["target"]
        model = {"class_path": "LanguageIdentifier", "init_args": self.settings["language_id"]}
        some = min(self.settings["language_id_sentences"], self.settings["data"].get("limit") or sys.maxsize)
        epochs = self.settings["language_id_epochs"]
        trained = self._add(
            title="train language identifier",
            folder=name,
            command="fit",
            model=model,
            data={"sources": list(sources), "limit": some},
            trainer={
                "max_epochs": epochs,
                "callbacks": self._keep_last(name),
                "limit_val_batches": 0,
            },
            outputs=("checkpoints/last.ckpt",),
            work=(1 + 0.1 * epochs) * sum(min(some, self._count(source, "train")) for source in sources),
        )
        return self._add(
            title=f"weigh the sources for {target}",
            folder=name,
            command="predict",
            model=model,
            data={"sources": list(sources), "target": target, "predict_splits": ["train"], "limit": some},
            checkpoint=trained.folder / "checkpoints/last.ckpt",
            outputs=("weights.json",),
            after=(trained,),
            work=min(some, self._count(target, "train")),
        )

    def _test(self, method: str, trained: Stage) -> Stage:
        target = self.settings["target"]
        return self._add(
            title=f"score {method}",
            folder=str(trained.folder.relative_to(self.output)),
            command="test",
            model=trained.config["model"],
            data={**trained.config["data"], "target": target},
            checkpoint=trained.folder / trained.outputs[0],
            outputs=("results.json",),
            after=(trained,),
            work=self._count(target, "test"),
        )

    def _add(
        self,
        *,
        title: str,
        folder: str,
        command: str,
        model: Settings,
        data: Settings,
        outputs: tuple[str, ...],
        trainer: Settings | None = None,
        checkpoint: Path | None = None,
        after: tuple[Stage, ...] = (),
        work: float = 0.0,
    ) -> Stage:
        """Adds a stage, or gives the one that is there already."""
        home = self.output / folder
        config: dict[str, Any] = {
            "seed_everything": self.settings["seed"],
            "trainer": {**self.settings["trainer"], **(trainer or {}), "default_root_dir": str(home)},
            "model": dict(model),
            "data": {**self.settings["data"], "backbone": self.settings["backbone"], **data},
        }
        if checkpoint is not None:
            config["ckpt_path"] = str(checkpoint)
        stage = Stage(title, home, command, config, outputs, after, work, self.context)
        return self.stages.setdefault((home, command), stage)

    def _keep_last(self, folder: str) -> list[dict[str, Any]]:
        keep = {"save_top_k": 0, "save_last": True, "save_on_train_epoch_end": True}
        return [callback("ModelCheckpoint", dirpath=str(self.output / folder / "checkpoints"), **keep)]

    def _keep_best(self, folder: str) -> list[dict[str, Any]]:
        monitor = {"monitor": "val/f1", "mode": "max"}
        best = {"filename": "best", "save_last": True, "save_on_train_epoch_end": True, "enable_version_counter": False}
        return [
            callback("ModelCheckpoint", dirpath=str(self.output / folder / "checkpoints"), **best, **monitor),
            callback("EarlyStopping", patience=self.settings["patience"], **monitor),
        ]

    def _count(self, language: str, split: str) -> int:
        return self.sentences[f"{language}/{split}"]


def callback(name: str, **arguments: Any) -> dict[str, Any]:  # noqa: ANN401
    """A callback as LightningCLI reads it."""
    return {"class_path": name, "init_args": arguments}
