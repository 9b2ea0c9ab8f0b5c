"""Plain runs side by side: the page of ``ctl report`` where there is no study."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from ctl.errors import CTLError
from ctl.report.comparison import Comparison
from ctl.report.page import Block, Page

METHODS = (
    "F1 in percent: mean and standard deviation over seeds; differences with their 95 % interval by paired bootstrap "
    "over sentences and seeds, starred where p < 0.05."
)

SCORES = "Mean F1 over seeds, with intervals of a bootstrap over sentences and seeds."


def runs_page(folder: Path) -> Page:
    """Compares all runs below a folder.

    Raises:
        CTLError: there are none.
    """
    from ctl.report import figures
    from ctl.report.drawing import Look

    if not folder.is_dir():
        raise CTLError(f"{folder}: no results, no such folder")
    found = Comparison.read(folder)
    look = Look(found.methods)
    main = pd.DataFrame(found.rows(), columns=found.columns())
    scores = found.scores()
    blocks = [
        Block("methods", "Methods", METHODS, main, shown=True),
        Block.figure("scores", "Scores", SCORES, scores, figures.bars),
        Block.figure("types", "Entity types", "Means over seeds and targets.", found.types(), figures.per_type),
    ]
    if len(calibration := found.calibration()):
        text = "How often the most probable tag is right, by its probability; on the line they are the same."
        blocks.append(Block.figure("calibration", "Calibration", text, calibration, figures.reliability, look))
    blocks.append(Block("runs", "Runs", "Where every score comes from.", found.provenance(), shown=True))
    return Page(f"Runs in {folder}", f"{len(found.provenance())} scored models.", blocks)
