"""The maker of stages: their folders, keys and callbacks."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from ctl.backbones.facts import fingerprint_backbone
from ctl.data.corpus import Corpus
from ctl.data.datamodule import NERDataModule
from ctl.errors import CTLError, NoGoldError
from ctl.methods import Method
from ctl.results import versions
from ctl.system.console import notice
from ctl.system.files import fingerprint, fingerprint_json
from ctl.transfer.settings import Length, Section, TransferSettings
from ctl.transfer.stage import Name, Stage

OF_TEST = ("drop_test_duplicates",)  # settings of the data that only a stage reads that reads the target's test split
FEW = "few"  # the setting of the data that names labelled sentences of the target; stages that read them name it
VALIDATION = "validation_limit"  # the setting of the data that only the training of a teacher has, where it cuts
VALIDATION_LIMIT = 2000  # and its value, unless another is given
Stages = dict[Name, Stage]


class Split(NamedTuple):
    """The facts about a split that a plan needs.

    Attributes:
        sentences: how many.
        fingerprint: of its words, and of its tags where they are shown.
    """

    sentences: int
    fingerprint: str

    @classmethod
    def of(cls, corpus: Corpus) -> Split:
        """Describes a corpus."""
        return cls(len(corpus), corpus.fingerprint_with_tags)


def check_family_stays(data: NERDataModule, overwrite: bool) -> None:
    """Stops where other settings would replace artificial languages, on which models may have been trained.

    Raises:
        CTLError: says which settings differ, and what to do.
    """
    if data.synthetic is None or data.root is None or overwrite:
        return
    if changed := data.synthetic.changed(Path(data.root)):
        raise CTLError(
            f"data.root {data.root}: there are artificial languages with other settings ({', '.join(changed)}); choose "
            "another data.root and --output, or add --overwrite to make languages and models anew"
        )


def read_all(
    settings: TransferSettings, methods: Sequence[Method], data: NERDataModule, compared: str | None = None
) -> dict[str, Split]:
    """Reads every split that the stages of a transfer may need, so that bad input stops it before any training.

    Args:
        settings: of the transfer.
        methods: what is scored.
        data: of any languages.
        compared: what else compares the sources with the target by their raw text.

    Returns:
        Splits as `read_splits` and `read_unlabelled` name them; ``lang/text`` of sources with a ready-made tagger where
        they are compared.
    """
    data, supervised = data.of(settings.gold, settings.target), any(method.upper_bound for method in methods)
    splits = read_splits(data, settings.target, settings.pretraining_languages, supervised, settings.few_labels)
    splits |= read_unlabelled(data, list(settings.silvered))
    by_text = [f"method {method}" for method in methods if method.by_similarity] + ([compared] if compared else [])
    return splits | (read_texts(data, list(settings.ready), by_text[0]) if by_text else {})


def read_splits(
    data: NERDataModule, target: str, text: Sequence[str], supervised: bool = False, few: Section | None = None
) -> dict[str, Split]:
    """Reads every split that the stages of a transfer may need, so that bad input stops it before any training.

    Args:
        data: of this target and its sources.
        target: the language to be tagged.
        text: languages whose raw text a backbone first reads.
        supervised: a model is to learn from the target's gold tags.
        few: settings of the data that name a few labelled sentences of the target, where there are some.

    Returns:
        Splits by ``lang/split``; a train split as raw text by ``lang/text``; the target's with its gold tags, where a
        model learns from them, by ``lang/gold``; a few labelled sentences by ``lang/few``. Without the target's test
        split, where it has none with gold tags.
    """
    gold = [f"{source}/{split}" for source in data.sources for split in ("train", "validation")]
    splits = {name: Split.of(data.gold(*name.rsplit("/", 1))) for name in gold}
    raw = {name: Split.of(data.raw_text(name, "train")) for name in dict.fromkeys([*text, target])}
    splits |= {f"{name}/text": split for name, split in raw.items()}
    if supervised:
        splits[f"{target}/gold"] = Split.of(replace(data.of([], target), supervised=True).gold(target, "train"))
    if few:
        splits |= read_few_labels(data, target, few)
    try:
        splits[f"{target}/test"] = Split.of(data.gold(target, "test"))
    except NoGoldError as error:
        notice(f"nothing can be scored, as {target} has no labelled test split: {error}")
    return {**splits, f"{target}/train": raw[target]}


def read_few_labels(data: NERDataModule, target: str, few: Section) -> dict[str, Split]:
    """Reads a few labelled sentences of the target."""
    return {f"{target}/few": Split.of(replace(data.of([], target), **few).gold(target, "few"))}


def read_texts(data: NERDataModule, languages: Sequence[str], compared: str) -> dict[str, Split]:
    """Reads raw text of languages that have no labelled data, for what compares them with the target.

    Raises:
        CTLError: there is no such text.
    """
    splits = {}
    for name in languages:
        try:
            splits[f"{name}/text"] = Split.of(data.raw_text(name, "train"))
        except CTLError as error:
            raise CTLError(
                f"{compared}: weights by similarity need raw text of {name} ({error}): add it, or choose the "
                "weighting uniform, agreement, truth or fixed, which need none"
            ) from error
    return splits


def read_unlabelled(data: NERDataModule, languages: Sequence[str]) -> dict[str, Split]:
    """Reads raw text of languages that a tagger is to label, in place of their labelled splits."""
    names = [(language, split) for language in languages for split in ("train", "validation")]
    splits = {f"{language}/{split}": Split.of(data.raw_text(language, split)) for language, split in names}
    return splits | {f"{language}/text": splits[f"{language}/train"] for language in languages}


def make_context(backbone: str) -> str:
    """Fingerprint of what every stage depends on: backbone and version."""
    return fingerprint_json([versions()["ctl"], fingerprint_backbone(backbone)])


def subset_name(sources: Sequence[str]) -> str:
    """A folder's name for several languages, ``en+nl``; of very many, their number and a fingerprint."""
    name = "+".join(sources)
    return name if len(name) <= 100 else f"{len(sources)}-{fingerprint(name)[:12]}"


class Others(NamedTuple):
    """The data and the outputs of a stage without the target's test split."""

    data: Section
    outputs: tuple[str, ...]


def _without_test(command: str, data: Section, outputs: tuple[str, ...]) -> Others | None:
    """Leaves the target's test split out of a stage that labels it beside others; ``None`` for any other stage."""
    splits = data.get("predict_splits", ())
    if command != "predict" or "test" not in splits or len(splits) < 2:
        return None
    kept = tuple(output for output in outputs if "test" not in (Path(output).parent.name, Path(output).stem))
    return Others({**data, "predict_splits": [split for split in splits if split != "test"]}, kept)


def callback(name: str, **arguments: Any) -> dict[str, Any]:  # noqa: ANN401
    """A callback as LightningCLI reads it."""
    return {"class_path": name, "init_args": arguments}


class Planner:
    """Makes stages: gives each its folder, its key and its callbacks, and keeps each once.

    Args:
        settings: of the transfer.
        context: fingerprint of backbone and version, part of every stage's key.
        splits: by ``lang/split``, with ``lang/text`` for a train split as raw text; the fingerprints of those that a
            stage reads are part of its key.
        shared: the folder in which the cells of a study have what they share; a transfer has it in its own.
        known: stages of other plans, whose keys need not be computed again.
    """

    def __init__(
        self,
        settings: TransferSettings,
        context: str,
        splits: Mapping[str, Split],
        shared: Path | None = None,
        known: Stages | None = None,
    ) -> None:
        self.settings = settings
        self.context = context
        self.splits = splits
        self.in_study = shared is not None
        self.shared = shared or settings.folder
        self.known = {} if known is None else known
        self.stages: Stages = {}

    def add(
        self,
        *,
        title: str,
        folder: str | Path,
        command: str,
        model: Section,
        data: Section,
        outputs: tuple[str, ...],
        trainer: Section | None = None,
        checkpoint: Path | None = None,
        after: tuple[Stage, ...] = (),
        reads: Sequence[str] = (),
        work: float = 0.0,
        of_decoder: bool = False,
        seed: int | None = None,
        tagger: str = "",
        tagger_untested: str = "",
    ) -> Stage:
        """Adds a stage, or gives the one that is there already.

        Args:
            title: what the stage does, for people.
            folder: its run's folder, below that of the transfer if it is a text.
            command: ``fit``, ``test`` or ``predict``.
            model: its class and arguments.
            data: arguments of the data module beside those that all stages have.
            outputs: files that it must leave in its folder.
            trainer: arguments of the Trainer beside those that all stages have.
            checkpoint: weights that it reads.
            after: stages that come before it.
            reads: splits that it reads beside those that its data name, ``lang/split``.
            work: its share of the time, in sentences read forward.
            of_decoder: its key depends on the decoder as well.
            seed: by default the run's.
            tagger: fingerprint of the ready-made tagger that it asks.
            tagger_untested: the same where its answers are stored, without those for the target's test split.
        """
        home = self.home(folder)
        config: dict[str, Any] = {
            "seed_everything": self.settings.seed if seed is None else seed,
            "trainer": {**self.settings.trainer, **(trainer or {}), "default_root_dir": str(home)},
            "model": dict(model),
            "data": self._all_data(command, data),
        }
        if checkpoint is not None:
            config["ckpt_path"] = str(checkpoint)
        decoder = self._decoder_fingerprint if of_decoder else ""
        about = self._about(command, data, reads, decoder, tagger)
        stage = Stage(title, home, command, config, outputs, after, work, root=self.shared, **about)
        if others := _without_test(command, data, outputs):
            config = {**config, "data": self._all_data(command, others.data)}
            about = self._about(command, others.data, reads, decoder, tagger_untested or tagger)
            untested = replace(stage, config=config, outputs=others.outputs, _verdicts={}, **about)
            stage = replace(stage, untested=untested, _verdicts={})
        return self.stages.setdefault((home, command), self.known.setdefault((home, command), stage))

    def _about(self, command: str, data: Section, reads: Sequence[str], decoder: str, tagger: str) -> dict[str, Any]:
        """Describes what a stage reads: the fingerprints of all, and the size of the largest split."""
        names = [*self._splits_read(command, data), *reads]
        context = " ".join([self.context, *(f"{name} {self.splits[name].fingerprint}" for name in names)])
        sentences = max((self.splits[name].sentences for name in names), default=0)
        return {"context": context + decoder + (f" tagger {tagger}" if tagger else ""), "sentences": sentences}

    @property
    def scored(self) -> bool:
        """Tells whether models can be scored: the target has a test split with gold tags."""
        return f"{self.settings.target}/test" in self.splits

    @property
    def labelled(self) -> list[str]:
        """The splits of the target that its teachers label."""
        return ["train", "test"] if self.scored else ["train"]

    def count(self, language: str, split: str) -> int:
        """The number of sentences of a split."""
        return self.splits[f"{language}/{split}"].sentences

    def validated_on(self, sources: Sequence[str]) -> tuple[int, Section]:
        """Gives how many sentences a teacher in training is validated on, and the setting where they are not all."""
        most = self.settings.data.get(VALIDATION, VALIDATION_LIMIT)
        count = sum(self.count(source, "validation") for source in sources)
        return (count, {}) if count <= most else (most, {VALIDATION: most})

    def _all_data(self, command: str, data: Section) -> Section:
        """Gives a stage's settings of the data: all that were given, without those of splits that it does not read."""
        reads_test = command == "test" or (command == "predict" and "test" in data["predict_splits"])
        idle = (VALIDATION, FEW, *(() if reads_test else OF_TEST))
        given = {name: value for name, value in self.settings.data.items() if name not in idle}
        return {**given, "backbone": self.settings.backbone, **data}

    # Folders

    def home(self, folder: str | Path) -> Path:
        """A stage's folder by its name in the transfer's."""
        return folder if isinstance(folder, Path) else self.settings.folder / folder

    def named_in_study(self, *names: str) -> Path:
        """Names that tell folders of a study apart; empty in a transfer, which has only one of each."""
        return Path(*names) if self.in_study else Path()

    def folder_for_target(self, folder: Path) -> Path:
        """The folder of what a model says of the target: the model's own, where that is of this target alone."""
        own = folder.is_relative_to(self.settings.folder)
        return folder if own else folder / self.named_in_study(self.settings.target)

    # Callbacks

    def keep_last(self, folder: str | Path) -> list[dict[str, Any]]:
        """Callbacks that leave the last state of training."""
        keep = {"save_top_k": 0, "save_last": True, "save_on_train_epoch_end": True}
        return [self._checkpoint(folder, keep), self._weights_only(folder, "last.ckpt")]

    def keep_best(self, folder: str | Path, length: Length) -> list[dict[str, Any]]:
        """Callbacks that leave the state with the best F1 on source validation, and stop where it gets no better."""
        by_epochs = length.epochs is not None
        monitor = {"monitor": "val/f1", "mode": "max"}
        best = {"filename": "best", "save_last": True, "save_on_train_epoch_end": by_epochs, **monitor}
        stop = {"patience": self.settings.patience, **monitor}
        if by_epochs:
            return [
                self._checkpoint(folder, best),
                callback("EarlyStopping", **stop),
                self._weights_only(folder, "best.ckpt"),
            ]
        every = math.ceil(length.steps / self.settings.validations)
        return [
            callback("ValidateBySteps", every=every),
            self._checkpoint(folder, best),
            callback("EarlyStopping", **stop, check_on_train_epoch_end=False),
            self._weights_only(folder, "best.ckpt"),
        ]

    def _checkpoint(self, folder: str | Path, keep: Mapping[str, Any]) -> dict[str, Any]:
        home = str(self.home(folder) / "checkpoints")
        return callback("ModelCheckpoint", dirpath=home, **keep, enable_version_counter=False)

    def _weights_only(self, folder: str | Path, name: str) -> dict[str, Any]:
        return callback("WeightsOnly", path=str(self.home(folder) / "checkpoints" / name))

    # Keys

    @staticmethod
    def _splits_read(command: str, data: Section) -> list[str]:
        """The splits that a stage reads; their fingerprints are part of its key."""
        target = data.get("target")
        match command:
            case "fit":
                text = data.get("text", ())
                labelled = [source for source in data["sources"] if source not in text]
                names = [f"{source}/{split}" for source in labelled for split in ("train", "validation")]
                names += [f"{language}/text" for language in text]
                names += [f"{target}/gold"] if data.get("supervised") else []
                names += [f"{target}/few"] if data.get(FEW) else []
                return names + ([f"{target}/train"] if "soft_labels" in data else [])
            case "test":
                return [f"{target}/test"]
        return [name if "/" in name else f"{target}/{name}" for name in data["predict_splits"]]

    @cached_property
    def _decoder_fingerprint(self) -> str:
        assert self.settings.llm_backbone is not None
        return f" decoder {fingerprint_backbone(self.settings.llm_backbone)}"
