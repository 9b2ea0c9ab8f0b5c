import pytest

from ctl.commands.transfer import parse
from ctl.errors import CTLError

GIVEN = ["--backbone", "x", "--sources", "[en,nl]", "--target", "de"]


def test_a_run_is_named_by_its_languages():
    assert str(parse(GIVEN).settings.folder) == "runs/de-from-en-nl"
    assert str(parse([*GIVEN, "--output", "here"]).settings.folder) == "here"


def test_mistakes_stop_before_anything_is_read():
    with pytest.raises(CTLError, match="the target de is among the sources"):
        parse([*GIVEN, "--sources", "[en,de]"])
    with pytest.raises(CTLError, match="unknown method"):
        parse([*GIVEN, "--methods", "[teacher]"])
