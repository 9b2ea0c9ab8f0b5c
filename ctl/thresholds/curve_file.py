"""Precision-recall curves of scored models, as CSV files beside their results."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from ctl.errors import CTLError
from ctl.results import Record
from ctl.system.files import write_text
from ctl.system.names import check_method, no_formula

ALL = "all"  # the type of points that are of all entities
CURVE = "curve"  # of a record that is read with its curve


class Point(NamedTuple):
    """The scores of a model at a threshold, in percent.

    Attributes:
        type: of the entities, or `ALL`.
        threshold: from 0 to 1; ``None`` where every word has its most probable tag, as in the record of the model.
        precision: share of the found entities that are right.
        recall: share of the gold entities that are found.
        f1: their harmonic mean.
    """

    type: str
    threshold: float | None
    precision: float
    recall: float
    f1: float


def curve_file(folder: Path, method: str) -> Path:
    """The file of a method's curve: ``<folder>/curves/<method>.csv``."""
    return folder / "curves" / f"{check_method(method).replace(':', '-')}.csv"


def write_curve(folder: Path, method: str, points: Iterable[Point]) -> None:
    """Writes a curve with the columns of `Point`; the threshold of a point without one is empty."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(Point._fields)
    for point in points:
        writer.writerow([no_formula(point.type), point.threshold, *(round(score, 2) for score in point[2:])])
    write_text(curve_file(folder, method), text.getvalue())


def read_curve(folder: Path, method: str) -> list[Point]:
    """Reads what `write_curve` wrote; gives nothing where there is no file: earlier versions wrote none.

    Raises:
        CTLError: the file is something else.
    """
    path = curve_file(folder, method)
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return [_point(row) for row in csv.DictReader(file)]
    except FileNotFoundError:
        return []
    except (OSError, ValueError, KeyError, TypeError, csv.Error) as error:
        raise CTLError(f"{path}: damaged or no precision-recall curve; remove it, and the rest is reported") from error


def _point(row: Mapping[str, str]) -> Point:
    """Reads a line of a curve by the names of its columns.

    Raises:
        ValueError: a number is none, or not in its range; `KeyError` or `TypeError` where one is missing.
    """
    precision, recall, f1 = (float(row[name]) for name in Point._fields[2:])
    threshold = float(row["threshold"]) if row["threshold"] != "" else None
    if not all(0 <= score <= 100 for score in (precision, recall, f1)) or not (threshold is None or 0 < threshold < 1):
        raise ValueError(f"{threshold}: no threshold with scores in percent")
    return Point(row["type"], threshold, precision, recall, f1)


def with_curves(folder: Path, records: Iterable[Record]) -> list[Record]:
    """Gives each record of a folder the points of its curve that are of all entities, as `CURVE`.

    Raises:
        CTLError: a file is no curve.
    """
    return [{**record, CURVE: of_all(read_curve(folder, record["method"]))} for record in records]


def of_all(points: Iterable[Point]) -> list[Point]:
    """Gives the points of all entities, which come before those of a type that has the same name."""
    first: dict[float | None, Point] = {}
    for point in points:
        if point.type == ALL:
            first.setdefault(point.threshold, point)
    return list(first.values())
