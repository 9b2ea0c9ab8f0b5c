"""Class paths of earlier versions: a configuration that has one is still read, and told the new one."""

from __future__ import annotations

from typing import Any

from jsonargparse import get_loader, set_loader

from ctl.system.console import notice

MOVED = {
    "ctl.checkpoints.SaveLast": "ctl.callbacks.saving.SaveLast",
    "ctl.checkpoints.WeightsOnly": "ctl.callbacks.saving.WeightsOnly",
    "ctl.data.synthetic.SyntheticFamily": "ctl.data.synthetic.family.SyntheticFamily",
    "ctl.modules.language_id.LanguageIdentifier": "ctl.modules.LanguageIdentifier",
    "ctl.modules.language_identifier.LanguageIdentifier": "ctl.modules.LanguageIdentifier",
    "ctl.modules.llm.GenerativeTeacher": "ctl.modules.GenerativeTeacher",
    "ctl.modules.remote.RemoteTeacher": "ctl.modules.RemoteTeacher",
    "ctl.llm.endpoint.Endpoint": "ctl.llm.remote.endpoint.Endpoint",
    "ctl.remote.Endpoint": "ctl.llm.remote.endpoint.Endpoint",
}


def read_moved() -> None:
    """Makes parsers of configurations read the class paths of earlier versions; to be called once in a process."""
    read = get_loader("yaml")
    set_loader("yaml", lambda text: renamed(read(text)))


def renamed(value: Any) -> Any:  # noqa: ANN401  (whatever YAML may hold)
    """Gives a value of a configuration in which every class path that has moved is the new one."""
    match value:
        case dict():
            return {name: renamed(part) for name, part in value.items()}
        case list():
            return [renamed(part) for part in value]
        case str() if value in MOVED:
            notice(f"{value} is now {MOVED[value]}: change it in your configuration")
            return MOVED[value]
    return value
