"""One target from beginning to end: teachers, weights, soft labels, students and their scores."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass

from ctl.backbones.loading import check_backbone, check_decoder
from ctl.callbacks.logger_settings import apart_from_sweep
from ctl.callbacks.tracking import track_results
from ctl.data.datamodule import NERDataModule
from ctl.methods import Method
from ctl.results import markdown_table, print_table, write_records
from ctl.system.console import say
from ctl.system.files import write_text
from ctl.transfer.plan import Plan
from ctl.transfer.planner import Planner, Split, make_context, read_splits
from ctl.transfer.settings import TransferSettings
from ctl.transfer.stage import run_stages

FEW_STEPS, MANY_STEPS = 300, 2000  # of a student: behind its mixture, and ahead of it (docs/results.md)


@dataclass(frozen=True)
class Transfer:
    """A transfer as ``ctl transfer`` was asked for it.

    Attributes:
        settings: all that was asked for.
        methods: what to score.
        data: the data module of target and sources.
    """

    settings: TransferSettings
    methods: list[Method]
    data: NERDataModule

    def run(self) -> None:
        """Runs what is not done yet, prints the table and writes ``results.json``."""
        splits = self.read()
        self.check_backbones()
        plan = self.plan(splits)
        folder, target, sources = self.settings.folder, self.settings.target, ", ".join(self.settings.sources)
        say(f"{sources} -> {target}: {len(plan)} stages in {folder}")
        advice = self.advice(splits[f"{target}/train"].sentences)
        if advice and not all(stage.done() for stage in plan):
            say(f"ctl: {advice}")
        try:
            with apart_from_sweep():
                run_stages(plan)
        finally:
            records = plan.records()
            if records:
                write_records(folder / "results.json", records)
        plan.collect_counts()
        track_results(asdict(self.settings), records)
        write_text(folder / "results.md", markdown_table(records))
        print_table(records, title=f"{sources} -> {target}, test split")
        say(f"written: {folder / 'results.json'}")

    def read(self) -> dict[str, Split]:
        """Reads every split that a stage will need, so that bad input stops the run before any training."""
        self.data.prepare_data()
        return read_splits(self.data, self.settings.target, self.settings.pretraining_languages)

    def check_backbones(self) -> None:
        """Stops the run where a backbone can't be used."""
        check_backbone(self.settings.backbone)
        if any(method.family for method in self.methods):
            assert self.settings.llm_backbone is not None
            check_decoder(self.settings.llm_backbone)

    def plan(self, splits: dict[str, Split]) -> Plan:
        """The stages to run on these splits."""
        return Plan(self.methods, Planner(self.settings, make_context(self.settings.backbone), splits))

    def advice(self, sentences: int) -> str:
        """Says what to change where students would learn from raw text for too few steps; mostly nothing."""
        accumulated = self.settings.trainer.get("accumulate_grad_batches") or 1
        batch = self.settings.data["batch_size"] * accumulated
        steps = self.settings.student_epochs * math.ceil(sentences / batch)
        if steps >= FEW_STEPS or all(method.kind != "student" for method in self.methods):
            return ""
        return (
            f"students take {steps} steps on {sentences:,} raw sentences, few for soft labels: --student_epochs "
            f"{round(MANY_STEPS * batch / sentences)} makes about {MANY_STEPS:,}"
        )
