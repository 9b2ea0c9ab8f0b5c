"""A fingerprint of all that parsers are made of: signatures and docstrings of ctl, and the versions of packages.

A change of what a function does leaves it as it is, so that outlines of parsers last longer than the code.
"""

from __future__ import annotations

import ast
import json
import sys
from contextlib import suppress
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from ctl.system.configs import HERE, cache_folder
from ctl.system.files import fingerprint, fingerprint_json, write_json

PACKAGES = ("lightning", "torch", "jsonargparse", "transformers")
PARSERS = ("cli.py", "command_table.py", "methods.py", "settings.py", "kinds.py", "numbers.py")
Function = ast.FunctionDef | ast.AsyncFunctionDef


@cache
def interface() -> str:
    """Gives the fingerprint; it is computed again only where a file has changed."""
    files = sorted(HERE.rglob("*.py"))
    states = [(str(path), path.stat().st_mtime_ns, path.stat().st_size) for path in files]
    known = cache_folder("help") / f"interface-{fingerprint_json([states, _versions()])}.json"
    with suppress(OSError, ValueError):
        return str(json.loads(known.read_text(encoding="utf-8")))
    sources = [(path.relative_to(HERE).as_posix(), interface_of(path)) for path in files]
    value = fingerprint_json([sources, _versions()])
    with suppress(OSError):  # it is computed each time where it can't be kept
        write_json(known, value)
    return value


def _versions() -> list[str]:
    versions = [sys.version.partition(" ")[0]]
    for package in PACKAGES:
        with suppress(PackageNotFoundError):
            versions.append(version(package))
    return versions


def interface_of(path: Path) -> str:
    """Gives a fingerprint of what a file shows to a parser: of all that is in it where parsers are made there.

    Args:
        path: of a Python file.
    """
    text = path.read_text(encoding="utf-8")
    if path.parent.name != "commands" and path.name not in PARSERS:
        tree = ast.parse(text)
        _without_bodies(tree)
        text = ast.dump(tree)
    return fingerprint(text)


def _without_bodies(node: ast.Module | ast.ClassDef) -> None:
    """Leaves of each function its signature alone; constructors, which say whom they hand their arguments, stay."""
    for child in node.body:
        if isinstance(child, ast.ClassDef):
            _without_bodies(child)
        elif isinstance(child, Function) and child.name != "__init__":
            child.body = []
