"""Names that a package hands on from its modules, which are loaded only when a name is asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def names_from(package: str, modules: Mapping[str, str]) -> Callable[[str], Any]:
    """Makes the ``__getattr__`` of a package, so that importing it does not load PyTorch.

    Args:
        package: its name.
        modules: for each name the module that defines it.
    """

    def load(name: str) -> Any:  # noqa: ANN401
        if name not in modules:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(import_module(modules[name]), name)

    return load
