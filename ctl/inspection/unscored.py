"""Results of a transfer whose target has no labelled test split: all that can be said without gold tags."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ctl.callbacks.progress.weak_fits import weak_fits
from ctl.data.corpus import Corpus
from ctl.data.soft_labels import SoftLabelStore
from ctl.inspection.stores import role_of
from ctl.inspection.without_gold import Agreed, Findings, agreements, as_record, differences, mean_agreement
from ctl.system.console import make_table, markdown, say, show
from ctl.system.files import write_json, write_text
from ctl.tagging.finding import UNSCORED

TABLE = "unscored.md"
ROLES = ("teacher", "mixture", "student")


def report_unscored(folder: Path, about: Mapping[str, Any], labels: Sequence[Path], gold: Sequence[Corpus]) -> None:
    """Prints and writes what models find in the target's text, beside the gold tags of the sources.

    Args:
        folder: of the run.
        about: what is written beside it: ``target``, ``sources``, ``seed``, and the checkpoints of ``models``.
        labels: the stores of all models, for one text.
        gold: a labelled text of every source.
    """
    from ctl.report.left_out import left_out_sentence  # pandas comes with it, and few transfers come here

    stores = _by_role([SoftLabelStore(path) for path in labels])
    findings, agreed = [Findings.of_store(store) for store in stores], agreements(stores)
    sources = [Findings.of_gold(corpus) for corpus in gold]
    headings, lines = _table(findings, agreed, sources)
    title = f"{', '.join(about['sources'])} -> {about['target']}, text without gold tags: nothing is scored"
    show(make_table(headings, lines, title, optional=headings[3:]))
    warnings = list(dict.fromkeys(line for store in stores for line in weak_fits(store.manifest["teacher"])))
    warnings += [line for each in findings if each.role != "teacher" for line in differences(each, sources)]
    for line in warnings:
        say(f"ctl: {line}")
    if sentence := left_out_sentence(folder):
        say(sentence)
    names = [each.name for each in findings]
    record = {
        **about,
        "findings": [
            as_record(each, dict(zip(names, agreed[place], strict=True))) for place, each in enumerate(findings)
        ],
        "gold_of_sources": [as_record(source, {}) for source in sources],
        "warnings": warnings,
    }
    write_text(folder / TABLE, markdown(headings, lines))
    write_json(folder / UNSCORED, record)
    say(f"written: {folder / UNSCORED}")


def _by_role(stores: Sequence[SoftLabelStore]) -> list[SoftLabelStore]:
    """Puts teachers first, then mixtures, then students; of stores of one name only the first is kept."""
    named: dict[str, SoftLabelStore] = {}
    for store in stores:
        named.setdefault(store.manifest["teacher"]["method"], store)
    return sorted(named.values(), key=lambda store: ROLES.index(role_of(store.manifest["teacher"])))


def _table(
    findings: Sequence[Findings], agreed: Agreed, sources: Sequence[Findings]
) -> tuple[list[str], list[list[str]]]:
    """The headings and the lines of the table: models in their order, then the gold tags of the sources."""
    teachers = [place for place, each in enumerate(findings) if each.role == "teacher"]
    types = list(findings[0].rates)
    headings = ["labels of", "role", "agrees with teachers", "sentences with entities"]
    headings += [f"{kind} in 1,000 words" for kind in types]
    means: list[Any] = [mean_agreement(agreed, place, teachers) for place in range(len(findings))]
    lines = [
        [
            each.name,
            str(each.role),
            "-" if mean is None else f"{mean:.1%}",
            f"{each.coverage:.1%}",
            *(f"{each.rates[kind]:.1f}" for kind in types),
        ]
        for each, mean in zip([*findings, *sources], [*means, *[None] * len(sources)], strict=True)
    ]
    return headings, lines
