"""A made-up run that the tests of this room read."""

import pytest
from made_up_run import make_run


@pytest.fixture(scope="package")
def run(tmp_path_factory):
    """Three teachers, their mixture and its student, of 90 sentences with gold tags."""
    return make_run(tmp_path_factory.mktemp("run"))
