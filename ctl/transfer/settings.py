"""The settings of ``ctl transfer`` and ``ctl study``, and the options of the command line that they come from."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from functools import cached_property
from inspect import signature
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeVar

from jsonargparse import ArgumentParser, Namespace
from lightning.pytorch import Trainer

from ctl.data.datamodule import NERDataModule
from ctl.errors import CTLError
from ctl.methods import METHODS_HELP, Method
from ctl.modules import Adaptation, Adversary, LanguageIdentifier, NearestLanguages, Neighbours, Student, Teacher
from ctl.modules.fine_tuned import FineTuned
from ctl.modules.tagger import Tagger
from ctl.results import LATER, without_later
from ctl.system.console import notice
from ctl.system.devices import best_precision
from ctl.system.names import check_languages
from ctl.system.numbers import NonNegativeFloat, NonNegativeInt, PositiveInt, Seed
from ctl.system.parsing.words_in_yaml import read_words, with_lists
from ctl.system.trainer_settings import check_trainer_of_stages
from ctl.transfer.teachers.ready import of_sources, read_taggers
from ctl.transfer.teachers.tagger import ReadyTagger
from ctl.weighting import order_weights

Section = Mapping[str, Any]  # arguments of a class by name, as a stage's configuration has them
Keep = Literal["all", "shared", "labels", "results"]  # what stays on disk; each keeps less than the one before
FEW_STEPS = 200  # of a student that goes on with a few labelled sentences, where none are given
STEPS = 2000  # of the optimiser, where neither steps nor epochs are given (docs/results.md)
FAST = {"data.limit": 2000, "teacher_steps": 500, "llm_teacher_steps": 500, "student_steps": 500}  # with --fast

# Adapters start at zero and are few, so they bear, and need, ten times the rate of a whole model.
LLM_TEACHER = {"llm_teacher.lora_rank": 16, "llm_teacher.lr": 2e-4, "llm_teacher.attention": "full"}


class Length(NamedTuple):
    """The length of a training: a number of steps of the optimiser, or of epochs where these are given.

    Attributes:
        steps: of the optimiser.
        epochs: in place of steps.
    """

    steps: int
    epochs: int | None = None

    @property
    def trainer(self) -> dict[str, Any]:
        """Arguments of the Trainer."""
        return {"max_steps": self.steps, "max_epochs": -1} if self.epochs is None else {"max_epochs": self.epochs}

    def taken(self, sentences: int, batch: int) -> int:
        """The steps that training takes on so many sentences with so many in a step."""
        return self.steps if self.epochs is None else self.epochs * math.ceil(sentences / batch)

    def read(self, sentences: int, batch: int) -> int:
        """The sentences that training reads, each as often as it is read."""
        return self.steps * batch if self.epochs is None else self.epochs * sentences


@dataclass(frozen=True)
class FamilySettings:
    """Holds what is asked for of the models of one family, encoders or decoders.

    Attributes:
        backbone: Hub name or folder.
        pretrain_epochs: epochs in which it first reads raw text; 0 where it was pre-trained.
        length: of every teacher's training, at most.
        teacher: arguments of `Teacher`.
        adapt: arguments of `Adaptation`.
    """

    backbone: str
    pretrain_epochs: int
    length: Length
    teacher: Section
    adapt: Section


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Holds what a transfer and a study are asked for alike.

    Attributes:
        backbone: Encoder: Hub name or folder.
        llm_backbone: Decoder for teachers, a causal LM: Hub name or folder.
        teachers: Ready-made taggers in place of trained teachers, by language or another name, which then needs no
            labelled data: '{en: dslim/bert-base-NER, ja: spacy:ja_ginza, "*": gliner:NAME}', or with other names of
            types, '{es: {model: ./my-model, type_map: {LABEL_1: B-PER}}}'. Or labels that `ctl import` wrote,
            '{crowd: runs/imports/crowd}'.
        silver: Ready-made taggers that label raw text of their own languages, on which teachers are then trained, e.g.
            '{fr: spacy:fr_core_news_sm}'.
        methods: What to score, by name; see `ctl.methods`.
        teacher_steps: Most steps of every teacher, a pooled one as well; by default 2000, with --fast 500.
        llm_teacher_steps: Most steps of every decoder teacher; by default as many.
        student_steps: Steps of every student; by default as many.
        few_steps: Steps with which a student goes on for +few; by default 200.
        teacher_epochs: Most epochs of every teacher, in place of steps.
        llm_teacher_epochs: Most epochs of every decoder teacher, in place of steps.
        student_epochs: Epochs of every student, in place of steps.
        adapt_epochs: Epochs on raw target text for +adapted.
        pretrain_epochs: Epochs in which the encoder first reads raw text; 0 where it was pre-trained.
        llm_pretrain_epochs: The same for the decoder.
        pretrain_languages: Whose text that is; by default the sources' and the target's.
        weights: By source, for the weighting `fixed`.
        sharpness: What the logits of weights by similarity are multiplied by; 1 is the paper, more favours the nearest.
        leave_one_out: Try all weightings on the sources alone, each in turn the target; +sharp does so anyway.
        select_on: Which state of a teacher is taken: the best on source validation, or the last, as in the paper.
        validations: How often a teacher is scored on source validation where it is trained by steps; else every epoch.
        patience: Validations without a better F1 after which the training of a teacher ends.
        language_id_epochs: Epochs of the language identifier.
        language_id_sentences: Sentences of each language it reads; for `nearest` as well.
        data: Arguments of `NERDataModule` that were given.
        teacher: Arguments of `Teacher`, for teachers that are encoders.
        llm_teacher: Arguments of `Teacher`, for teachers that are decoders.
        student: Arguments of `Student`.
        language_id: Arguments of `LanguageIdentifier`.
        nearest: Arguments of `NearestLanguages`.
        adversary: Arguments of `Adversary` that a teacher does not have.
        neighbours: Arguments of `Neighbours`.
        adapt: Arguments of `Adaptation`, for encoders.
        llm_adapt: Arguments of `Adaptation`, for decoders.
        trainer: Arguments of the Trainer that were given.
    """

    backbone: str
    llm_backbone: str | None = None
    teachers: dict[str, str | dict[str, Any]] | None = None
    silver: dict[str, str | dict[str, Any]] | None = None
    methods: list[str] | None = None
    teacher_steps: PositiveInt | None = None
    llm_teacher_steps: PositiveInt | None = None
    student_steps: PositiveInt | None = None
    few_steps: PositiveInt | None = None
    teacher_epochs: PositiveInt | None = None
    llm_teacher_epochs: PositiveInt | None = None
    student_epochs: PositiveInt | None = None
    adapt_epochs: PositiveInt = 3
    pretrain_epochs: NonNegativeInt = 0
    llm_pretrain_epochs: NonNegativeInt = 0
    pretrain_languages: list[str] | None = None
    weights: dict[str, float] | None = None
    sharpness: NonNegativeFloat = 1.0
    leave_one_out: bool = False
    select_on: Literal["source_validation", "last"] = "source_validation"
    validations: PositiveInt = 4
    patience: NonNegativeInt = 3
    language_id_epochs: PositiveInt = 10
    language_id_sentences: PositiveInt = 2000
    data: Section = field(default_factory=dict)
    teacher: Section = field(default_factory=dict)
    llm_teacher: Section = field(default_factory=dict)
    student: Section = field(default_factory=dict)
    language_id: Section = field(default_factory=dict)
    nearest: Section = field(default_factory=dict)
    adversary: Section = field(default_factory=dict)
    neighbours: Section = field(default_factory=dict)
    adapt: Section = field(default_factory=dict)
    llm_adapt: Section = field(default_factory=dict)
    trainer: Section = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_languages(self.pretrain_languages or (), "--pretrain_languages")

    @property
    def pretrains(self) -> bool:
        """Tells whether a backbone first reads raw text."""
        return bool(self.pretrain_epochs or self.llm_pretrain_epochs)

    @cached_property
    def ready(self) -> dict[str, ReadyTagger]:
        """The ready-made taggers by source."""
        return read_taggers(self.teachers, "--teachers")

    @cached_property
    def silvered(self) -> dict[str, ReadyTagger]:
        """The taggers that label raw text of sources, by source."""
        return read_taggers(self.silver, "--silver")

    @property
    def untagged(self) -> list[str]:
        """The sources of which no gold tags are read."""
        return [*self.ready, *self.silvered]

    def of_family(self, family: str) -> FamilySettings:
        """The settings of encoders, or of decoders for the family ``llm``."""
        if not family:
            length = self._length(self.teacher_steps, self.teacher_epochs)
            return FamilySettings(self.backbone, self.pretrain_epochs, length, self.teacher, self.adapt)
        assert self.llm_backbone is not None, "methods of decoders are refused where there is none"
        length = self._length(self.llm_teacher_steps, self.llm_teacher_epochs)
        adapt = {**self.llm_adapt, "masked": 0}
        return FamilySettings(self.llm_backbone, self.llm_pretrain_epochs, length, self.llm_teacher, adapt)

    @property
    def student_length(self) -> Length:
        """The length of a student's training."""
        return self._length(self.student_steps, self.student_epochs)

    def _length(self, steps: int | None, epochs: int | None) -> Length:
        most = int(self.trainer.get("max_steps", -1))
        return Length((steps or STEPS) if most == -1 else min(steps or STEPS, most), epochs)

    @property
    def few_length(self) -> Length:
        """The length of what a student goes on for with a few labelled sentences."""
        return self._length(self.few_steps or FEW_STEPS, None)

    @property
    def batch(self) -> int:
        """Sentences in a step of the optimiser on one device."""
        return int(self.data.get("batch_size", 1)) * int(self.trainer.get("accumulate_grad_batches") or 1)


@dataclass(frozen=True, kw_only=True)
class TransferSettings(Settings):
    """Holds what ``ctl transfer`` is asked for.

    Attributes:
        sources: Labelled languages, e.g. '[en,nl,es]'; those of --teachers and --silver are added.
        target: The language to tag.
        few: So many labelled sentences of the target's train split, drawn by the seed, for `few`, +few and the
            weighting `few`; --data.few names a file of labelled sentences in their place.
        seed: Of all models and of the order of the data.
        output: The run's folder; by default under runs/.
        overwrite: Replace a run with other settings.
        dry_run: Say what would be run, and what would be made anew.
    """

    sources: list[str] = field(default_factory=list)
    target: str
    few: PositiveInt | None = None
    seed: Seed = 0
    output: str | None = None
    overwrite: bool = False
    dry_run: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        check_languages(self.sources, "--sources")
        check_languages([self.target], "--target")

    def recorded(self) -> dict[str, Any]:
        """The settings as records of results keep them: those that say what was run."""
        recorded = {name: value for name, value in asdict(self).items() if name not in ("overwrite", "dry_run")}
        return without_later("transfer", recorded)

    @property
    def folder(self) -> Path:
        """The run's folder."""
        return Path(self.output or f"runs/{self.target}-from-{'-'.join(self.sources)}")

    @property
    def pretraining_languages(self) -> list[str]:
        """The languages whose raw text a backbone first reads; none where it was pre-trained."""
        return (self.pretrain_languages or [*self.labelled, self.target]) if self.pretrains else []

    @property
    def few_labels(self) -> dict[str, Any]:
        """Settings of the data that name the few labelled sentences; empty where there are none.

        Raises:
            CTLError: they are named twice.
        """
        named = self.data.get("few")
        if named is not None and self.few is not None:
            raise CTLError(f"--few {self.few} and --data.few {named}: give the number to draw, or the file")
        return {} if named is self.few is None else {"few": named or self.few, "few_seed": self.seed}

    @property
    def labelled(self) -> list[str]:
        """The sources on whose gold or silver labels a teacher is trained."""
        return [source for source in self.sources if source not in self.ready]

    @property
    def gold(self) -> list[str]:
        """The sources that have gold tags."""
        return [source for source in self.sources if source not in self.untagged]


@dataclass(frozen=True, kw_only=True)
class StudySettings(Settings):
    """Holds what ``ctl study`` is asked for.

    Attributes:
        languages: Labelled languages: what may be a source; those of --teachers and --silver are added.
        targets: The languages to tag.
        seeds: Every cell is run with each.
        few: Numbers of labelled target sentences, e.g. '[0,10,50,100,500]': how many is the transfer worth? They are
            drawn by the seed, the fewer among the more; 0 is the transfer without any, which is always run.
        output: The study's folder.
        shard: Run only this part of the cells, 1/8 to 8/8; `slurm` for that of this task of a SLURM array.
        executor: Where stages run: on this machine, in a Ray cluster, or as jobs of SLURM.
        jobs: Stages run at once; by default one on every GPU of this machine, or one; as many as a Ray cluster has room
            for; all that can begin in SLURM.
        cores: CPU cores of a stage in a Ray cluster or a job of SLURM.
        ray_address: The address of a Ray cluster; by default the cluster that is there, or a new one on this machine.
        slurm: Parameters of submitit, e.g. '{slurm_partition: gpu, timeout_min: 240}'.
        keep: What stays on disk when no stage is left that reads it: all; shared, without models of one cell alone;
            labels, without any model; results, without models and soft labels.
        keep_models: False is --keep shared.
        overwrite: Replace cells with other settings.
        dry_run: Say what would be run and how long it would take.
    """

    languages: list[str] = field(default_factory=list)
    targets: list[str]
    seeds: list[Seed] = field(default_factory=lambda: [0, 1, 2])
    few: list[NonNegativeInt] | None = None
    output: str = "runs/study"
    shard: str = "1/1"
    executor: Literal["local", "ray", "slurm"] = "local"
    jobs: PositiveInt | None = None
    cores: PositiveInt | None = None
    ray_address: str | None = None
    slurm: dict[str, Any] = field(default_factory=dict)
    keep: Keep = "all"
    keep_models: bool = True
    overwrite: bool = False
    dry_run: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        check_languages(self.languages, "--languages")
        check_languages(self.targets, "--targets")

    @property
    def kept(self) -> Keep:
        """The name of what stays on disk; an earlier setting said less."""
        return "shared" if self.keep == "all" and not self.keep_models else self.keep

    def of(self, sources: Sequence[str], target: str, seed: int, folder: Path, few: int = 0) -> TransferSettings:
        """The settings of one transfer of the study."""
        shared = {name: getattr(self, name) for name in _names(Settings)}
        shared |= {name: of_sources(shared[name], sources) for name in ("teachers", "silver")}
        of_cell: dict[str, Any] = {"sources": list(sources), "target": target, "seed": seed, "output": str(folder)}
        return TransferSettings(**shared, **of_cell, few=few or None, overwrite=self.overwrite)


AUTO = "auto"  # in place of types: all that the sources have
TEXT_HELP = (
    "Plain text of the target, sentences or documents: a file, or a folder of *.text or *.txt; by default its train "
    "split in data.root or data.hub. {lang} stands for the target."
)
FAST_HELP = "Take only the first 2000 sentences of every split, and 500 steps; other numbers where they are given."
Kind = TypeVar("Kind", TransferSettings, StudySettings)
BY_HAND = {"methods", "overwrite", "dry_run"}  # a help text made of parts, and flags without a value
TAGGER = {"backbone", "types", "variant"}
SECTIONS: dict[str, tuple[type, set[str]]] = {  # a section's class, and those of its arguments that a plan fills
    "data": (
        NERDataModule,
        {
            "sources",
            "target",
            "backbone",
            "soft_labels",
            "predict_splits",
            "word_weights",
            "filter",
            "text",
            "plain_text",
            "equal",
            "silver",
            "supervised",
            "few_seed",
        },
    ),
    "teacher": (Teacher, TAGGER | {"calibrate"}),
    "llm_teacher": (Teacher, TAGGER | {"calibrate"}),
    "student": (Student, TAGGER),
    "language_id": (LanguageIdentifier, {"backbone", "sources"}),
    "nearest": (NearestLanguages, {"backbone", "sources"}),
    "adversary": (Adversary, {"calibrate", *signature(Tagger).parameters, *signature(FineTuned).parameters}),
    "neighbours": (Neighbours, {"student", "soft_labels"}),
    "adapt": (Adaptation, {"backbone"}),
    "llm_adapt": (Adaptation, {"backbone", "masked"}),
    "trainer": (Trainer, {"callbacks", "default_root_dir", "max_epochs"}),
}


def add_settings(parser: ArgumentParser, kind: type[Settings]) -> None:
    """Adds the options of ``ctl transfer`` or of ``ctl study``: its own, those of both, and those of every section."""
    shared = _names(Settings)
    parser.add_class_arguments(kind, as_group=False, skip=shared | BY_HAND)
    parser.add_argument("--methods", type=list[str] | None, default=None, help=METHODS_HELP)
    parser.add_argument("--fast", action="store_true", help=FAST_HELP)
    parser.add_argument("--overwrite", action="store_true", help="Replace what was run there with other settings.")
    parser.add_class_arguments(Settings, as_group=False, skip=SECTIONS.keys() | BY_HAND)
    for name, (section, filled) in SECTIONS.items():
        parser.add_class_arguments(section, name, skip={*filled}, instantiate=name == "data")
    parser.add_argument("--data.text", type=list[str] | str | None, default=None, help=TEXT_HELP)
    parser.set_defaults({"trainer.gradient_clip_val": 1.0, **LLM_TEACHER})


def read_settings(kind: type[Kind], parser: ArgumentParser, args: Sequence[str]) -> tuple[Kind, Namespace]:
    """Reads the command line and its configuration files.

    Returns:
        The settings; sections of data and Trainer hold only what was given. And what the parser makes of classes.
    """
    read_words()
    parsed = parser.parse_args(with_lists(args))
    for name, value in FAST.items() if parsed.fast else ():
        if parsed[name] is None:
            parsed[name] = value
    targets = parsed.targets if kind is StudySettings else [parsed.target]
    parsed.data["plain_text"] = _named_text(parsed.data.pop("text"), targets)
    values = {name: value for name, value in parsed.as_dict().items() if name in _names(kind)}
    for section in ("data", "trainer"):
        values[section] = {name: value for name, value in values[section].items() if value is not None}
    values |= {section: without_later(section, values[section]) for section in SECTIONS.keys() & LATER}
    trainer = values["trainer"]
    check_trainer_of_stages(trainer)
    trainer.setdefault("precision", best_precision(trainer.get("accelerator", "auto")))
    return kind(**values), parser.instantiate_classes(parsed)


def with_types(settings: Kind, data: NERDataModule, languages: Sequence[str]) -> tuple[Kind, NERDataModule]:
    """Names the task's types where ``--data.types auto`` asks for all that the labelled languages have, and says so.

    Args:
        settings: of a transfer or a study.
        data: its data module.
        languages: those that are labelled.

    Returns:
        Both with the union of the types; as they were where types were named.

    Raises:
        CTLError: there are none.
    """
    if list(data.types) != [AUTO]:
        return settings, data
    if not languages:
        raise CTLError("--data.types auto takes the types of labelled sources, and there are none: name the types")
    known = data.types_of(languages)
    types = sorted({kind for kinds in known.values() for kind in kinds})
    if not types:
        raise CTLError(f"--data.types auto: {', '.join(languages)} have no entities")
    each = "; ".join(f"{language} has {', '.join(kinds) or 'none'}" for language, kinds in known.items())
    notice(f"types are {', '.join(types)}, all that the sources have: {each}")
    return replace(settings, data={**settings.data, "types": types}), replace(data, types=types)


def _named_text(text: list[str] | str | None, targets: Sequence[str]) -> dict[str, str] | None:
    """Names the plain text of every target, ``{lang}`` in the name of its file replaced.

    Raises:
        CTLError: there are several files, or one for several targets.
    """
    if text is None:
        return None
    names = [text] if isinstance(text, str) else text
    if len(names) != 1 or not names[0]:
        raise CTLError("--data.text: name one file, or one folder of files")
    named = {target: names[0].replace("{lang}", target) for target in targets}
    if len(set(named.values())) < len(targets):
        raise CTLError(f"--data.text: {names[0]} is one text for {len(targets)} targets; write {{lang}} for the target")
    return named


def check_weights(methods: Sequence[Method], weights: Mapping[str, float] | None, sources: Sequence[str]) -> None:
    """Stops early where methods want fixed weights and they can't be used.

    Raises:
        CTLError: there are none, or not one for every source.
    """
    if any(method.of == "fixed" for method in methods):
        if weights is None:
            raise CTLError(f"fixed weights need --weights, a number for each of {', '.join(sources)}")
        order_weights(weights, sources, "--weights")


def _names(kind: type[Settings]) -> set[str]:
    return {entry.name for entry in fields(kind)}
