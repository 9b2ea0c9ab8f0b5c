"""Labelled text is found by what a model's run says of its data."""

import pytest

from ctl.errors import CTLError
from ctl.scoring.labelled import read_labelled
from ctl.tagging.trained import load_trained


def test_the_target_s_test_split_and_a_source_s_validation(trained_run, test_split):
    trained = load_trained(trained_run)
    assert list(read_labelled(trained, "test").words) == list(test_split.words)
    assert read_labelled(trained, "validation", "a2").name == "a2/validation"


def test_a_language_that_is_not_there(trained_run):
    with pytest.raises(CTLError):
        read_labelled(load_trained(trained_run), "validation", "zz")
