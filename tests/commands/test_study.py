import pytest

from ctl.commands.study import BASIC, parse
from ctl.errors import CTLError

GIVEN = ["--backbone", "x", "--languages", "[en,nl,es]", "--targets", "[de]"]


def test_defaults_of_a_study():
    study = parse([*GIVEN, "--output", "runs/s"])
    assert study.settings.methods == list(BASIC)
    assert study.settings.pretrain_languages == ["en", "nl", "es", "de"] and study.pool("de") == ["en", "nl", "es"]


def test_mistakes_stop_before_anything_is_read():
    with pytest.raises(CTLError, match="9/8"):
        parse([*GIVEN, "--shard", "9/8"])
    with pytest.raises(CTLError, match="fixed weights need --weights"):
        parse([*GIVEN, "--methods", "[ensemble:fixed]"])
