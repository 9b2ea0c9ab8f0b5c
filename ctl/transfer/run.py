"""One target from beginning to end: teachers, weights, soft labels, students and their scores."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from inspect import signature
from pathlib import Path
from typing import Any, Literal

import torch
from filelock import FileLock, Timeout
from jsonargparse import ArgumentParser, Namespace
from lightning.pytorch import Trainer

from ctl.backbones.loading import check_backbone, check_decoder, fingerprint_backbone
from ctl.callbacks.logger_settings import apart_from_sweep, grouped, sweep_folder
from ctl.callbacks.tracking import track_results
from ctl.data.corpus import Corpus
from ctl.data.datamodule import NERDataModule
from ctl.errors import CTLError
from ctl.methods import METHODS_HELP, Method, expand_methods
from ctl.modules import Adaptation, Adversary, LanguageIdentifier, Neighbours, Student, Teacher
from ctl.modules.base import Tagger
from ctl.results import versions, write_records
from ctl.system.configs import find_configs
from ctl.system.console import say
from ctl.tables import markdown_table, print_table
from ctl.transfer.plan import Plan, Settings, Split
from ctl.transfer.stage import run_stages
from ctl.weighting import order_weights

FAST = 2000  # sentences of every split with --fast
FEW_STEPS, MANY_STEPS = 300, 2000  # of a student: behind its mixture, and ahead of it (docs/results.md)
# Adapters start at zero and are few, so they bear, and need, ten times the rate of a whole model.
LLM_TEACHER = {"llm_teacher.lora_rank": 16, "llm_teacher.lr": 2e-4, "llm_teacher.attention": "full"}


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
        methods: what to score.
        data: the data module that reads every split.
        output: the run's folder.
    """

    settings: Settings
    methods: list[Method]
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
        settings = plain_settings(parsed)
        methods = expand_methods(parsed.methods, parsed.sources, parsed.target, decoder=parsed.llm_backbone is not None)
        check_weights(methods, parsed.weights, parsed.sources)
        settings["output"] = parsed.output or sweep_folder() or f"runs/{parsed.target}-from-{'-'.join(parsed.sources)}"
        settings["trainer"] = grouped(settings["trainer"], Path(settings["output"]))
        data = parser.instantiate_classes(parsed).data
        data.sources, data.target, data.limit = parsed.sources, parsed.target, settings["data"].get("limit")
        return cls(settings, methods, data, Path(settings["output"]))

    def run(self) -> None:
        """Runs what is not done yet, prints the table and writes ``results.json``."""
        corpora = self.read()
        check_backbone(self.settings["backbone"])
        if any(method.family for method in self.methods):
            check_decoder(self.settings["llm_backbone"])
        plan = self.plan(corpora)
        target, sources = self.settings["target"], ", ".join(self.settings["sources"])
        say(f"{sources} -> {target}: {len(plan)} stages in {self.output}")
        advice = self.advice(plan.splits[f"{target}/train"].sentences)
        if advice and not all(stage.done() for stage in plan):
            say(f"ctl: {advice}")
        try:
            with apart_from_sweep():
                run_stages(plan)
        finally:
            records = plan.records()
            if records:
                write_records(self.output / "results.json", records)
        plan.collect_counts()
        track_results(self.settings, records)
        (self.output / "results.md").write_text(markdown_table(records), encoding="utf-8")
        print_table(records, title=f"{sources} -> {target}, test split")
        say(f"written: {self.output / 'results.json'}")

    def plan(self, corpora: Sequence[Corpus]) -> Plan:
        """The stages to run on these splits."""
        splits = {f"{corpus.language}/text": describe(corpus) for corpus in corpora if corpus.tags is None}
        splits |= {c.name: describe(c) for c in corpora if c.tags is not None or c.language == self.settings["target"]}
        return Plan(self.settings, self.methods, make_context(self.settings), splits)

    def read(self) -> list[Corpus]:
        """Reads every split that a stage will need, so that bad input stops the run before any training."""
        self.data.prepare_data()
        sources, target = self.settings["sources"], self.settings["target"]
        gold = [self.data.gold(source, split) for source in sources for split in ("train", "validation")]
        read = self.settings["pretrain_languages"] or sources if self._pretrains else []
        text = [self.data.raw_text(language, "train") for language in dict.fromkeys([*read, target])]
        return [*gold, *text, self.data.gold(target, "test")]

    def advice(self, sentences: int) -> str:
        """What to change where students would learn from raw text for too few steps; mostly nothing."""
        batch = self.settings["data"]["batch_size"] * (self.settings["trainer"].get("accumulate_grad_batches") or 1)
        steps = self.settings["student_epochs"] * math.ceil(sentences / batch)
        if steps >= FEW_STEPS or all(method.kind != "student" for method in self.methods):
            return ""
        return (
            f"students take {steps} steps on {sentences:,} raw sentences, few for soft labels: --student_epochs "
            f"{round(MANY_STEPS * batch / sentences)} makes about {MANY_STEPS:,}"
        )

    @property
    def _pretrains(self) -> bool:
        return bool(self.settings["pretrain_epochs"] or self.settings["llm_pretrain_epochs"])


def make_context(settings: Settings) -> str:
    """Fingerprint of what every stage depends on: backbone and version."""
    parts = [versions()["ctl"], fingerprint_backbone(settings["backbone"])]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]


def describe(corpus: Corpus) -> Split:
    """What a plan needs to know of a split."""
    tags = b"" if corpus.tags is None else corpus.tags.tobytes()
    digest = hashlib.sha256(corpus.fingerprint.encode() + tags)
    return Split(len(corpus), digest.hexdigest()[:16])


def make_parser() -> ArgumentParser:
    """The options of ``ctl transfer``: its own, and those of the data module, the models and the Trainer."""
    parser = ArgumentParser(
        prog="ctl transfer",
        usage="ctl transfer --config FILE [--sources '[LANG,...]' --target LANG] [options]",
        description="Runs every stage from labelled source languages to a scored student, and resumes where it was "
        "killed. Example: ctl transfer --config configs/transfer/quickstart.yaml --output runs/try",
    )
    parser.add_argument("-c", "--config", action="config", help="YAML file with any of these options.")
    parser.add_argument("--sources", type=list[str], required=True, help="Labelled languages, e.g. '[en,nl,es]'.")
    parser.add_argument("--target", type=str, required=True, help="The language to tag.")
    parser.add_argument("--seed", type=int, default=0, help="Of all models and of the order of the data.")
    parser.add_argument("--output", type=str | None, default=None, help="The run's folder; by default under runs/.")
    add_settings(parser)
    return parser


def add_settings(parser: ArgumentParser) -> None:
    """Adds the options that a study has as well."""
    parser.add_argument("--backbone", type=str, required=True, help="Encoder: Hub name or folder.")
    parser.add_argument(
        "--llm_backbone", type=str | None, default=None, help="Decoder for teachers, a causal LM: Hub name or folder."
    )
    parser.add_argument("--methods", type=list[str] | None, default=None, help=METHODS_HELP)
    parser.add_argument("--fast", action="store_true", help=f"Take only the first {FAST} sentences of every split.")
    parser.add_argument("--teacher_epochs", type=int, default=3, help="Most epochs of every teacher.")
    parser.add_argument("--llm_teacher_epochs", type=int, default=3, help="Most epochs of every decoder teacher.")
    parser.add_argument("--student_epochs", type=int, default=3, help="Epochs of every student.")
    parser.add_argument("--adapt_epochs", type=int, default=3, help="Epochs on raw target text for +adapted.")
    parser.add_argument(
        "--pretrain_epochs",
        type=int,
        default=0,
        help="Epochs in which the encoder first reads raw text; 0 where it was pre-trained.",
    )
    parser.add_argument("--llm_pretrain_epochs", type=int, default=0, help="The same for the decoder.")
    parser.add_argument(
        "--pretrain_languages",
        type=list[str] | None,
        default=None,
        help="Whose text that is; by default the sources' and the target's.",
    )
    parser.add_argument(
        "--weights", type=dict[str, float] | None, default=None, help="By source, for the weighting `fixed`."
    )
    parser.add_argument(
        "--select_on",
        type=Literal["source_validation", "last"],
        default="source_validation",
        help="Which state of a teacher is taken: the best on source validation, or the last, as in the paper.",
    )
    parser.add_argument("--patience", type=int, default=3, help="Epochs without a better source validation F1.")
    parser.add_argument("--language_id_epochs", type=int, default=10, help="Epochs of the language identifier.")
    parser.add_argument("--language_id_sentences", type=int, default=2000, help="Sentences of each language it reads.")
    own = {"sources", "target", "backbone", "soft_labels", "predict_splits", "word_weights", "filter", "text"}
    parser.add_class_arguments(NERDataModule, "data", skip=own)
    tagger = {"backbone", "types", "variant"}
    of_teacher = {"calibrate", *signature(Tagger).parameters}
    for module, section, skip in (
        (Teacher, "teacher", {*tagger, "calibrate"}),
        (Teacher, "llm_teacher", {*tagger, "calibrate"}),
        (Student, "student", tagger),
        (LanguageIdentifier, "language_id", {"backbone", "sources"}),
        (Adversary, "adversary", of_teacher),
        (Neighbours, "neighbours", {"student", "soft_labels"}),
        (Adaptation, "adapt", {"backbone"}),
        (Adaptation, "llm_adapt", {"backbone", "masked"}),
    ):
        parser.add_class_arguments(module, section, skip=skip, instantiate=False)
    ours = {"callbacks", "default_root_dir", "max_epochs"}
    parser.add_class_arguments(Trainer, "trainer", skip=ours, instantiate=False)
    parser.set_defaults({"trainer.gradient_clip_val": 1.0, **LLM_TEACHER})


def check_weights(methods: Sequence[Method], weights: Mapping[str, float] | None, sources: Sequence[str]) -> None:
    """Stops early where methods want fixed weights and they can't be used.

    Raises:
        CTLError: there are none, or not one for every source.
    """
    if any(method.of == "fixed" for method in methods):
        if weights is None:
            raise CTLError(f"fixed weights need --weights, a number for each of {', '.join(sources)}")
        order_weights(weights, sources, "--weights")


def best_precision(accelerator: str) -> str:
    """``bf16-mixed`` where the hardware has it, else ``32-true``."""
    if accelerator != "cpu" and torch.cuda.is_available():
        return "bf16-mixed" if torch.cuda.is_bf16_supported(including_emulation=False) else "32-true"
    has = torch.cpu.get_capabilities()
    return "bf16-mixed" if has.get("avx512_bf16") or has.get("amx_bf16") else "32-true"


def plain_settings(parsed: Namespace) -> dict[str, Any]:
    """Settings as plain values; sections that a class fills keep only what was given."""
    settings: dict[str, Any] = parsed.as_dict()
    for section in ("data", "trainer"):
        settings[section] = {key: value for key, value in settings[section].items() if value is not None}
    settings["trainer"].setdefault("precision", best_precision(settings["trainer"].get("accelerator", "auto")))
    if parsed.fast:
        settings["data"].setdefault("limit", FAST)
    return settings
