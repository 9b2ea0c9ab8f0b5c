"""One target from beginning to end: teachers, weights, soft labels, students and their scores."""

from __future__ import annotations

from dataclasses import dataclass

from ctl.callbacks.logger_settings import apart_from_sweep
from ctl.callbacks.progress.weak_fits import weak_fits_of
from ctl.callbacks.results_run import track_results
from ctl.data.datamodule import NERDataModule
from ctl.inspection.unscored import TABLE, report_unscored
from ctl.methods import Method
from ctl.mixing.truth import reliability_lines
from ctl.results import Record, markdown_table, print_table, read_records, write_records
from ctl.system.console import say, show
from ctl.system.files import write_text
from ctl.system.replacing import FINDINGS, SCORES, check_replaceable
from ctl.transfer.advice import advice
from ctl.transfer.checks import check_models, check_student
from ctl.transfer.choice import advice_on_models
from ctl.transfer.plan import Plan
from ctl.transfer.planner import (
    Planner,
    Split,
    check_family_stays,
    make_context,
    read_all,
)
from ctl.transfer.running import check_nothing_is_replaced, prospect, run_stages
from ctl.transfer.settings import TransferSettings
from ctl.transfer.teachers.ready import check_taggers
from ctl.transfer.teachers.stored import check_stores


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
        """Runs what is not done yet, prints the table and writes ``results.json``, or ``unscored.json`` without scores.

        Raises:
            CTLError: a run with other settings is in the way.
        """
        self.check_output()
        splits = self.read()
        self.check_backbones()
        plan = self.plan(splits)
        folder, target, sources = self.settings.folder, self.settings.target, ", ".join(self.settings.sources)
        check_nothing_is_replaced(plan, self.settings.overwrite)
        say(f"{sources} -> {target}: {len(plan)} stages in {folder}")
        if not all(stage.done() for stage in plan):
            for line in advice(self.settings, self.methods, splits):
                say(f"ctl: {line}")
        try:
            with apart_from_sweep():
                run_stages(plan, self.settings.overwrite)
        finally:
            records = plan.records()
            if records:
                write_records(folder / "results.json", records)
                plan.collect_counts()  # also those of a run that is stopped, which can then be reported
        if plan.unscored:
            gold = [self.data.gold(source, "train") for source in self.settings.gold]
            report_unscored(folder, plan.about_unscored(), plan.labels_of_text(), gold)
            return
        track_results(self.settings.recorded(), records)
        write_text(folder / "results.md", markdown_table(records))
        self._show(records)
        say(f"written: {folder / 'results.json'}")

    def _show(self, records: list[Record]) -> None:
        """Prints the table, and below it what there is to say of fits, teachers, weightings and models."""
        from ctl.report.left_out import left_out_sentence  # pandas comes with it, and a dry run needs none

        folder = self.settings.folder
        print_table(records, title=f"{', '.join(self.settings.sources)} -> {self.settings.target}, test split")
        for record in records:
            for line in reliability_lines(record["method"], record["provenance"]):
                show(line)
        for line in dict.fromkeys(line for record in records for line in weak_fits_of(record)):
            say(f"ctl: {line}")
        for line in filter(None, (left_out_sentence(folder), advice_on_models(folder, records))):
            say(line)

    def dry_run(self) -> None:
        """Prints for every stage whether it is done, would be run, or would be made anew and why; runs none."""
        plan = self.plan(self.read())
        for number, stage in enumerate(plan, 1):
            print(f"[{number:>{len(str(len(plan)))}}/{len(plan)}] {stage.title}: {prospect(stage)}")

    def check_output(self) -> None:
        """Refuses to write over files of the user.

        Raises:
            CTLError: names the first.
        """
        if not self.settings.overwrite:
            folder = self.settings.folder
            read_records(folder / "results.json")
            for name, mark in {"results.md": SCORES, TABLE: FINDINGS}.items():
                check_replaceable(folder / name, mark, "choose another --output, or add --overwrite")

    def read(self) -> dict[str, Split]:
        """Reads every split that a stage will need, so that bad input stops the run before any training."""
        check_family_stays(self.data, self.settings.overwrite and not self.settings.dry_run)
        self.data.prepare_data()
        splits = read_all(self.settings, self.methods, self.data)
        data = self.data.of(self.settings.gold, self.settings.target)
        check_stores(self.settings.ready, self.methods, data, f"{self.settings.target}/test" in splits)
        return splits

    def check_backbones(self) -> None:
        """Stops the run where a model can't be made as it is asked for."""
        check_taggers(self.settings.ready, self.data.schema, "--teachers")
        check_taggers(self.settings.silvered, self.data.schema, "--silver")
        check_models(self.settings, any(method.family for method in self.methods))
        check_student(self.settings, self.methods)

    def plan(self, splits: dict[str, Split]) -> Plan:
        """The stages to run on these splits."""
        return Plan(self.methods, Planner(self.settings, make_context(self.settings.backbone), splits))
