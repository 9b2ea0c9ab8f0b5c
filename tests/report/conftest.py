import pytest
from made_up_study import write_study

from ctl.main import main


@pytest.fixture(scope="session")
def made_up(tmp_path_factory):
    """A study with known curves and its report: two targets, three seeds; one cell has failed, one is missing."""
    root = tmp_path_factory.mktemp("made") / "curves"
    write_study(root)
    assert main(["report", str(root)]) == 0
    return root
