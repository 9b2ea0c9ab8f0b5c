"""One set of options names a model for every command that uses one."""

import pytest
import yaml
from jsonargparse import ArgumentParser

from ctl.errors import CTLError
from ctl.tagging.options import add_model_options, add_threshold_options, check_thresholds, load_named


def test_the_named_model_is_loaded_and_said(trained_run, capsys):
    parser = ArgumentParser(exit_on_error=False)
    add_model_options(parser)
    given = parser.parse_args(["--model", str(trained_run), "--method", "student:uniform", "--device", "cpu"])
    assert load_named(given).trained.method == "student:uniform"
    assert "student:uniform tags" in capsys.readouterr().err


@pytest.mark.parametrize(
    "value", [[], ["--threshold", "0.4"], ["--threshold", "{PER: 0.4}"], ["--threshold", "{}"]], ids=str
)
def test_thresholds_that_can_be_given(value):
    parser = ArgumentParser(exit_on_error=False)
    add_threshold_options(parser)
    given = parser.parse_args(value)
    check_thresholds(given)
    assert given.threshold == (yaml.safe_load(value[1]) if value else None)


def test_one_threshold_is_enough():
    parser = ArgumentParser(exit_on_error=False)
    add_threshold_options(parser)
    with pytest.raises(CTLError, match="leave out --threshold"):
        check_thresholds(parser.parse_args(["--threshold", "0.4", "--for_precision", "0.9"]))
