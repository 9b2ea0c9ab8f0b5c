"""Fills the pages of the command line and of the settings with what `ctl COMMAND --help` says, as they are built.

The help of a parser is text of one form: headings, options two columns in, and what they mean at column 24.
"""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from ctl.command_table import COMMANDS
from ctl.commands.help import outline_of
from ctl.system.configs import ROOT

ITEM = re.compile(r"^  (?P<names>\S.*?)(?:  +(?P<help>\S.*))?$")
TYPE = re.compile(
    r" ?\((?P<required>required, )?type: (?P<type>.*?)(?:, default: (?P<default>.*?))?(?:, known sub.*)?\)$"
)
OFF = " (default: False)"  # of an option that takes no value
CODE = re.compile(r"(`+[^`]+`+|'(?=[\[{])[^']*')")
NOT_SHOWN = ("Show this help", "Show the help for", "Path to a configuration file.", "Print the configuration after")


class Option(NamedTuple):
    """An option, or an argument that is none, as help describes it.

    Attributes:
        name: with its dashes; others of its names are left out.
        meaning: in words.
        value: its type and default, in words; empty where it takes none.
    """

    name: str
    meaning: str
    value: str


class Group(NamedTuple):
    """Options under one heading of a command's help."""

    heading: str
    options: list[Option]

    @property
    def section(self) -> str:
        """The settings' common beginning, ``data`` of ``--data.root``; empty where they have none."""
        beginnings = {option.name.lstrip("-").partition(".")[0] for option in self.options if "." in option.name}
        return beginnings.pop() if len(beginnings) == 1 and all("." in option.name for option in self.options) else ""


def on_page_markdown(markdown: str, **_: Any) -> str:  # noqa: ANN401
    """MkDocs calls it with every page's text."""
    fillings = {"commands": commands, "settings": settings, "configurations": configurations}
    for name, filling in fillings.items():
        if (mark := f"<!-- {name} -->") in markdown:
            markdown = markdown.replace(mark, "\n\n".join(filling()))
    return markdown


def commands() -> Iterator[str]:
    """Every command: what it does, an example, and its own options."""
    for title, group in COMMANDS.items():
        yield f"## {title.partition(' (')[0]}"
        for name, command in group.items():
            about, *groups = read_help(outline_of(name).text)
            yield f"### ctl {name}"
            yield plain(about.heading)
            yield f"```sh\n{command.example}\n```"
            yield from (listed(group.options) for group in groups if not group.section and group.options)
            if sections := [group.section for group in groups if group.section]:
                yield f"Settings: {', '.join(f'[{each}](settings.md#{each})' for each in sections)}."


def settings() -> Iterator[str]:
    """The sections of settings that commands share, each once."""
    seen = set()
    for name in ("transfer", "study", "fit"):
        for group in read_help(outline_of(name).text)[1:]:
            if group.section and group.section not in seen:
                seen.add(group.section)
                yield f"## {group.section}"
                yield plain(group.heading)
                yield listed(group.options)


def configurations() -> Iterator[str]:
    """The configuration files that come with ctl, with the first sentence of each."""
    rows = [
        f"| `{path.relative_to(ROOT)}` | {plain(first_sentence(path.read_text(encoding='utf-8')))} |"
        for path in sorted((ROOT / "configs").rglob("*.yaml"))
    ]
    yield "\n".join(["| file | what it is |", "| --- | --- |", *rows])


def first_sentence(configuration: str) -> str:
    """The first sentence of the comment at the top of a configuration."""
    comment = re.match(r"(# .*\n)*", configuration)
    text = " ".join(line.removeprefix("# ") for line in comment[0].splitlines()) if comment else ""
    return re.split(r"(?<=[\w)])[.:;](?= [A-Z]| *$)", text, maxsplit=1)[0]


def read_help(text: str) -> list[Group]:
    """Reads the help of a command: first what it does, as a group without options, then its groups."""
    _, about, *blocks = re.split(r"\n\n(?=\S)", text.strip())
    groups = [Group(" ".join(about.split()).partition(" Example:")[0], [])]
    for block in blocks:
        heading, _, lines = block.partition("\n")
        groups.append(Group(heading.rstrip(":"), list(read_options(lines))))
    return groups


def read_options(lines: str) -> Iterator[Option]:
    """Reads the options of a group."""
    for item in re.split(r"\n(?=  \S)", lines):
        first, *more = item.splitlines()
        if (match := ITEM.match(first)) is None:
            continue
        meaning = joined([match["help"] or "", *(line.strip() for line in more)]).removesuffix(OFF)
        if meaning and not meaning.startswith(NOT_SHOWN):
            value = TYPE.search(meaning)
            names = re.findall(r"--?[a-zA-Z][\w.]*", match["names"]) or match["names"].split()
            yield Option(max(names[:2], key=len), TYPE.sub("", meaning), described(value) if value else "")


def joined(lines: list[str]) -> str:
    """The text of lines that were broken at spaces and after hyphens."""
    return re.sub(r"(?<=\w-)\n(?=\w)", "", "\n".join(lines)).replace("\n", " ").strip()


def described(value: re.Match[str]) -> str:
    """The type and the default of an option."""
    if value["required"]:
        return f"`{value['type']}`, required"
    return f"`{value['type']}`" + (f", default `{value['default']}`" if value["default"] is not None else "")


def listed(options: list[Option]) -> str:
    """Options as a list of definitions."""
    return "\n\n".join(
        f"`{option.name}` {option.value}".rstrip() + f"\n:   {plain(option.meaning[:1].upper() + option.meaning[1:])}"
        for option in options
    )


def plain(text: str) -> str:
    """Text as Markdown: code stays code, and of the rest nothing is taken for markup."""
    parts = CODE.split(text)
    parts[::2] = [re.sub(r"([*_<\[|])", r"\\\1", part) for part in parts[::2]]
    parts[1::2] = [f"`{part.strip('`')}`" for part in parts[1::2]]
    return "".join(parts)
