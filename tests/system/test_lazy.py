"""Packages hand names on, and load what is behind them only when a name is asked for."""

import math
import subprocess
import sys
from importlib import import_module

import pytest

from ctl.system.lazy import names_from

PACKAGES = ("ctl", "ctl.inspection", "ctl.tagging", "ctl.export")


def test_import_is_instant():
    code = f"import sys, {', '.join(PACKAGES)}; assert not {{'torch', 'numpy', 'pandas'}} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("name", PACKAGES)
def test_every_name_is_handed_on(name):
    package = import_module(name)
    for attribute in package.__all__:
        assert getattr(package, attribute).__name__ == attribute
    with pytest.raises(AttributeError, match=f"module '{name}' has no attribute 'nothing'"):
        _ = package.nothing


def test_a_module_is_loaded_when_its_name_is_asked_for():
    load = names_from("house", {"sqrt": "math"})
    assert load("sqrt") is math.sqrt
    with pytest.raises(AttributeError, match="module 'house' has no attribute 'cbrt'"):
        load("cbrt")
