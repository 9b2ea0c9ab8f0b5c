import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ctl.data.datamodule import NERDataModule
from ctl.errors import CTLError
from ctl.results import counts_file
from ctl.system.names import SHOWN, check_languages, check_method, language_folder, languages_in, no_formula, some
from ctl.transfer.settings import StudySettings, TransferSettings

WRONG = ["", ".", "..", "/etc", "../aa", "aa/../bb", "a/b", "a\\b", "a b", "a\n", "[bold]", "$x", "a\0", "~", "x" * 65]


@pytest.mark.parametrize("name", ["en", "zh-Hans", "PAN-X.de", "a_1", "język", "日本語", "x" * 64, "..a"])
def test_a_language_may_have_letters_of_any_script(name):
    check_languages([name], "sources")


@pytest.mark.parametrize("name", ["con", "CON", "nul", "aux", "prn", "com"])
def test_names_of_devices_elsewhere_are_languages_too(name):
    """They are codes of ISO 639-3, of Cofán, Nusa Laut, Aurá and so on; Windows alone has devices of these names."""
    check_languages([name], "sources")


@pytest.mark.parametrize("name", WRONG)
def test_what_is_no_name_is_refused_wherever_it_is_given(name):
    transfer = {"backbone": "x", "sources": ["en"], "target": "de"}
    study = {"backbone": "x", "languages": ["en"], "targets": ["de"]}
    for make in (
        lambda: check_languages(["en", name], "sources"),
        lambda: NERDataModule(sources=[name]),
        lambda: NERDataModule(target=name),
        lambda: NERDataModule(text=[name]),
        lambda: TransferSettings(**{**transfer, "sources": [name]}),
        lambda: TransferSettings(**{**transfer, "target": name}),
        lambda: TransferSettings(**transfer, pretrain_languages=[name]),
        lambda: StudySettings(**{**study, "languages": ["en", name]}),
        lambda: StudySettings(**{**study, "targets": [name]}),
    ):
        with pytest.raises(CTLError, match="can't be the name of a language"):
            make()


@settings(deadline=None)
@given(name=st.text(st.one_of(st.sampled_from("./\\~-_:\0 \n"), st.characters()), max_size=80))
def test_whatever_passes_names_something_in_its_folder(name):
    try:
        check_languages([name], "sources")
    except CTLError as error:
        assert "\n" not in str(error)
    else:
        assert os.path.normpath(f"/data/{name}") == f"/data/{name}" and "\0" not in name
    try:
        path = counts_file(Path("/run"), name)
    except CTLError:
        return
    assert path.parent == Path("/run/counts") and os.path.normpath(path) == str(path)


def test_names_of_methods(tmp_path):
    assert check_method("student:learned+filter") == "student:learned+filter"
    assert counts_file(tmp_path, "direct:a.b") == tmp_path / "counts" / "direct-a.b.npy"
    for name in ("", "..", "student:uniform+../../x", "/x"):
        with pytest.raises(CTLError, match="can't be the name of a method"):
            counts_file(tmp_path, name)


def test_the_folder_of_a_language(tmp_path):
    for name in ("de", "nl", ".git"):
        (tmp_path / name).mkdir()
    (tmp_path / "notes").touch()
    assert language_folder(tmp_path, "de") == tmp_path / "de"
    with pytest.raises(CTLError, match=r"unknown language dee: .* has de, nl; did you mean de"):
        language_folder(tmp_path, "dee")
    with pytest.raises(CTLError, match="unknown language notes"):
        language_folder(tmp_path, "notes")
    with pytest.raises(CTLError, match="nowhere: no such folder"):
        language_folder(tmp_path / "nowhere", "de")


def test_languages_are_folders_that_are_seen(tmp_path):
    for name in ("nl", "de", ".git"):
        (tmp_path / name).mkdir()
    (tmp_path / "README").touch()
    assert languages_in(tmp_path) == ["de", "nl"]


def test_many_names_are_counted():
    names = [str(number) for number in range(SHOWN + 3)]
    assert some(names).endswith(f"{SHOWN - 1} and 3 more") and some(names[:2]) == "0, 1"
    assert some(names * 100, 2) == f"0, 1 and {len(names) * 100 - 2:,} more"


def test_a_name_that_a_spreadsheet_would_compute():
    assert [no_formula(name) for name in ("=1+1", "@x", "PER", "-")] == ["'=1+1", "'@x", "PER", "-"]
