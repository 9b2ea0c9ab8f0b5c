"""Soft labels as data frames and as one page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ctl.system.lazy import names_from

if TYPE_CHECKING:
    from ctl.inspection.frames import Inspection
    from ctl.inspection.labellers import Labels, entropy, spread

__all__ = ["Inspection", "Labels", "entropy", "spread"]

__getattr__ = names_from(
    __name__,
    {
        "Inspection": "ctl.inspection.frames",
        "Labels": "ctl.inspection.labellers",
        "entropy": "ctl.inspection.labellers",
        "spread": "ctl.inspection.labellers",
    },
)
