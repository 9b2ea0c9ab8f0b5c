import shlex

import pytest
from made_up_survey import labelled, language

from ctl.commands.transfer import make_parser
from ctl.data.reading.form import Form
from ctl.data.survey.roles import roles, transfer_command, types_of
from ctl.errors import CTLError
from ctl.system.parsing.words_in_yaml import read_words


def test_a_language_that_can_not_teach_is_the_target():
    """One without validation is no source, and one without a train split is neither."""
    languages = {"de": labelled(), "en": labelled(), "nl": language(train=100), "xx": language(test={"PER": 1})}
    assert roles(languages) == (["de", "en"], "nl")
    assert roles(languages, "en") == (["de"], "en")


def test_of_languages_that_all_can_teach_the_first_is_the_target():
    assert roles({"de": labelled(), "en": labelled()}) == (["en"], "de")
    assert roles({"de": language(train=100)}) == ([], "de")
    assert roles({"de": language(test=100)}) == ([], None)


def test_a_target_without_text_is_refused():
    with pytest.raises(CTLError, match="--target fr: no train split of it can be read; there is de"):
        roles({"de": labelled()}, "fr")


def test_types_are_those_of_all():
    languages = {"de": labelled({"PER": 1}), "en": labelled({"DATE": 1, "PER": 2})}
    assert types_of(languages, ["de", "en"]) == ["DATE", "PER"]


def test_the_command_is_one_that_transfer_reads():
    command = transfer_command("my data/", "x", ["a", "no"], "da", Form(encoding="latin-1"), ["DATE", "PER"])
    read_words()
    given = make_parser().parse_args(shlex.split(command)[2:])
    assert (given.sources, given.target, given.backbone) == (["a", "no"], "da", "x")
    assert (given.data.root, given.data.encoding, given.data.types) == ("my data", "latin-1", ["DATE", "PER"])


def test_the_usual_types_are_not_named_and_many_are_auto():
    assert "types" not in transfer_command("x", "y", ["a"], "b", types=["LOC", "PER"])
    assert "--data.types auto" in transfer_command("x", "y", ["a"], "b", types=[f"T{n}" for n in range(20)])
