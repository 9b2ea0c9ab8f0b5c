"""The part that every language can have in a transfer, and the command that runs it."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import NamedTuple

from ctl.data.reading.form import USUAL, Form
from ctl.data.survey.tree import LanguageFacts
from ctl.errors import CTLError
from ctl.system.names import some

USUAL_TYPES = {"PER", "ORG", "LOC"}  # where no others are asked for
MANY = 12  # types, of which a command does not name each


class Roles(NamedTuple):
    """The sources of a transfer, and its target; ``None`` where no language can be it."""

    sources: list[str]
    target: str | None


def roles(languages: Mapping[str, LanguageFacts], target: str | None = None) -> Roles:
    """Chooses a target, the first that can't be a source if there is one, and takes all others that can as sources.

    Args:
        languages: what is known of each.
        target: where it was named.

    Raises:
        CTLError: there is no such language, or no text of it.
    """
    readable = [name for name, language in languages.items() if "train" in language.splits]
    if target is not None and target not in readable:
        raise CTLError(f"--target {target}: no train split of it can be read; there is {some(readable) or 'none'}")
    teaching = [name for name in readable if languages[name].can_teach]
    target = target or next(iter([*(name for name in readable if name not in teaching), *readable]), None)
    return Roles([name for name in teaching if name != target], target)


def types_of(languages: Mapping[str, LanguageFacts], names: Sequence[str]) -> list[str]:
    """All entity types of these languages."""
    return sorted({kind for name in names for kind in languages[name].types})


def transfer_command(
    root: str, backbone: str, sources: Sequence[str], target: str, form: Form = USUAL, types: Sequence[str] = ()
) -> str:
    """Writes a ``ctl transfer`` command.

    Args:
        root: the tree.
        backbone: Hub name or folder.
        sources: labelled languages.
        target: the language to tag.
        form: of the files; what is as usual is left out.
        types: of the sources; the usual ones are left out.
    """
    given = asdict(form).items()
    named = "auto" if len(types) > MANY else f"[{','.join(types)}]"
    options = {
        "data.root": Path(root).as_posix(),
        **{f"data.{name}": value for name, value in given if value != getattr(USUAL, name)},
        **({} if USUAL_TYPES.issuperset(types) else {"data.types": named}),
        "backbone": backbone,
        "sources": f"[{','.join(sources)}]",
        "target": target,
    }
    return "ctl transfer " + " ".join(f"--{name} {shlex.quote(str(value))}" for name, value in options.items())
