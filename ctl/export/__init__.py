"""A trained model as folders that other programs read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ctl.system.lazy import names_from

if TYPE_CHECKING:
    from ctl.export.write import Export, export

__all__ = ["Export", "export"]

__getattr__ = names_from(__name__, dict.fromkeys(__all__, "ctl.export.write"))
