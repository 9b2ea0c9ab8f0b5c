"""The errors of jsonargparse in one line: which setting, what was given, what is needed."""

from __future__ import annotations

import re

KEY = re.compile(r'Parser key "([^"]+)":?')
FRAME = re.compile(  # of a message about alternatives: all that is not the reason why one of them does not fit
    r"(- )?(Parser key |Does not validate against|Subtypes: |Errors:$|Expected a <class 'NoneType'>|Given value|"
    r"Problem with given class_path|Expected a path but|$)"
)
WANTED = {
    "int": "a whole number", "float": "a number", "bool": "true or false", "str": "a text", "list": "a list, [a,b]",
    "tuple": "a list, [a,b]", "dict": "names with values, {a: b}",
}  # fmt: skip
LONGEST = 60  # characters of a value that are shown


def in_one_line(message: str) -> str:
    """Tells in one line what a parser does not accept.

    Args:
        message: of jsonargparse, which for a setting with alternatives names them all in nested paragraphs.
    """
    lines = [line.strip() for line in message.splitlines()] or [""]
    reasons = [line.removeprefix("- ") for line in lines if not FRAME.match(line)] or [lines[0]]
    reason = next((reason for reason in reasons if "typing.Literal" in reason), reasons[0])  # what may be chosen
    keys = list(dict.fromkeys(KEY.findall(message[: message.find(reason)])))
    setting = f"--{'.'.join(keys)}: " if keys else ""
    return f"{setting}{_reason(reason, message)}"


def _reason(text: str, message: str) -> str:
    """One reason in words for people."""
    text = re.sub(r"^Not of type \w+: ", "", text)
    text, _, value = text.partition(". Got value: ")
    if option := re.match(r"Option '(.+)' is not accepted", text):
        return f"there is no setting {option[1]}"
    if name := re.match(r"Expected a dot import path string: (.*)", text):
        return f"there is no class {name[1]}"
    if choice := re.match(r"Expected a typing\.Literal\[(.*)\]", text):
        text = f"one of {choice[1].replace(chr(39), '')} is needed"
    elif kind := re.match(r"Expected a <class '(\w+)'>", text):
        text = f"{WANTED.get(kind[1], kind[1])} is needed"
    else:
        return text
    given = re.search(r"Given value: (.*)", message)
    value = value or (given[1] if given else "")
    shown = re.sub(r"^NestedArg\(key='[^']*', val='(.*)'\)$", r"\1", value)
    return f"{shown}: {text}" if 0 < len(shown) <= LONGEST and "(" not in shown else text
