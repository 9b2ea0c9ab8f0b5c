"""Names of methods and languages are checked as they are given."""

import pytest

from ctl.errors import CTLError
from ctl.system.parsing.names import check_languages_of, check_names


@pytest.fixture
def root(tmp_path):
    for language in ("de", "nl", "no"):
        (tmp_path / language).mkdir()
    return str(tmp_path)


def given(**settings):
    return {f"--{name.replace('__', '.')}": value for name, value in settings.items()}


@pytest.mark.parametrize(
    "settings",
    [
        {}, {"sources": "[de, no]", "target": "nl"}, {"sources": ["de"], "target": "nl", "methods": "[direct]"},
        {"languages": ["de", "nl"], "targets": "[nl]", "methods": ["direct", "student:uniform+kl"]},
        {"sources": "de", "target": None}, {"sources": ["xx"], "target": "yy", "data__hub.de.path": "x"},
        {"sources": ["xx"], "target": "yy", "data__synthetic": {"train": 4}}, {"sources": ["xx"], "data": "{root: y}"},
        {"sources": ["de"], "target": "nl", "methods": "[llm-direct]", "llm_backbone": "x"},
        {"sources": ["de"], "target": "nl", "methods": None}, {"sources": "[", "methods": "{a: b}"},
        {"sources": ["no"], "target": "nl", "methods": "['direct:de']", "silver": "{de: spacy:x}"},
        {"sources": ["xx"], "target": "nl", "teachers": {"xx": "a/b"}},
        {"sources": ["de"], "target": "yy", "data__text": "news.txt"},
    ],
)  # fmt: skip
def test_what_may_be_right_is_left_to_the_command(root, settings):
    check_names(given(data__root=root, **settings))
    check_names(given(**settings))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"sources": ["de"], "target": "nll"}, "unknown language nll: .* did you mean nl"),
        ({"sources": "[dde]", "target": "nl", "data__hub": "null"}, "unknown language dde"),
        ({"languages": ["de", "fr"], "targets": ["nl"]}, "unknown language fr"),
        ({"sources": ["../de"], "target": "nl"}, "--sources: '../de' can't be the name of a language"),
        ({"sources": ["de"], "target": "de"}, "the target de is among the sources"),
        ({"sources": ["de"], "target": "nl", "methods": "[studnt:uniform]"}, "unknown method studnt:uniform"),
        ({"languages": ["de"], "targets": ["nl"], "methods": ["ensembel:uniform"]}, "unknown method ensembel:uniform"),
        ({"sources": ["de"], "target": "nl", "methods": ["llm-direct"]}, "set --llm_backbone"),
    ],
)
def test_what_is_misspelt_is_refused(root, settings, message):
    with pytest.raises(CTLError, match=message):
        check_names(given(data__root=root, **settings))


def test_languages_of_other_commands_have_folders(root):
    """Where nothing else is named in their place."""
    for command, option in (("fit", "data__sources"), ("test", "data__target"), ("import", "language")):
        check_languages_of(command, given(data__root=root, **{option: "de"}))
        check_languages_of(command, given(data__root=root, **{option: None}))
        check_languages_of(command, given(data__root=root, data__text="x", **{option: "dee"}))
        check_languages_of(command, given(**{option: "dee"}))
        with pytest.raises(CTLError, match=r"unknown language dee: .* did you mean de"):
            check_languages_of(command, given(data__root=root, **{option: "dee"}))
    for words in ("[de, nl]", ["de"], "null", "[", None):
        check_languages_of("validate", given(data__root=root, data__sources=words))
    with pytest.raises(CTLError, match="unknown language yy"):
        check_languages_of("transfer", given(data__root=root, sources=["de"], target="yy"))
    check_languages_of("inspect", given(data__root=root, data__sources="dee"))
