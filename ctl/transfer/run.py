"""One target from beginning to end: teachers, weights, soft labels, students and their scores."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ctl.backbones.loading import check_backbone, check_decoder
from ctl.callbacks.logger_settings import apart_from_sweep
from ctl.callbacks.tracking import track_results
from ctl.data.corpus import Corpus
from ctl.data.datamodule import NERDataModule
from ctl.methods import Method
from ctl.results import markdown_table, print_table, write_records
from ctl.system.console import say
from ctl.transfer.plan import Plan
from ctl.transfer.planner import Settings, describe, make_context
from ctl.transfer.stage import run_stages

FEW_STEPS, MANY_STEPS = 300, 2000  # of a student: behind its mixture, and ahead of it (docs/results.md)


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
