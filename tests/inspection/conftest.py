"""A made-up run that the tests of this room read."""

import numpy as np
import pytest
from made_up_run import make_run, silence, stored


@pytest.fixture(scope="package")
def run(tmp_path_factory):
    """Three teachers, their mixture and its student, of 90 sentences with gold tags."""
    return make_run(tmp_path_factory.mktemp("run"))


@pytest.fixture(scope="package")
def partly(tmp_path_factory):
    """The same run, and the words on which its teacher of es gave no answer: the first 20, and every third."""
    run = make_run(tmp_path_factory.mktemp("partly"))
    words = np.arange(len(stored(run, "teachers/es")))
    silent = (words < 20) | (words % 3 == 0)
    silence(run, "teachers/es", silent)
    return run, silent
