"""``ctl import`` from a file to a store that can be looked at."""

import pytest
import yaml

from ctl.commands.imports import make_parser
from ctl.data.soft_labels import SoftLabelStore
from ctl.inspection.frames import Inspection
from ctl.main import main


@pytest.fixture
def root(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data" / "de").mkdir(parents=True)
    (tmp_path / "data" / "de" / "train.text").write_text("Ada sang in Bonn. Otto sang.\n")
    return tmp_path


def test_a_file_becomes_a_store_that_is_found_again(root, capsys):
    (root / "votes.conll").write_text("Ada\tB-PER\nsang\tO\nin\tO\nBonn\tB-LOC\n.\tO\n")
    arguments = ["import", "votes.conll", "--data.root", "data", "--language", "de", "--as", "crowd"]
    assert main(arguments) == 0
    said = capsys.readouterr().err
    assert "1 stand in it as they are" in said and "5 of 8 words of de/train have a label (62.5%)" in said
    store = SoftLabelStore("runs/imports/crowd/soft_labels/train")
    assert store.manifest["teacher"]["method"] == "direct:crowd"
    config = yaml.safe_load((root / "runs/imports/crowd/config.predict.yaml").read_text())
    assert config["data"]["root"] == "data" and config["data"]["target"] == "de"
    assert (
        Inspection.open(store.path).texts(Inspection.open(store.path).default.tags)[0]
        == "[PER Ada] sang in [LOC Bonn] ."
    )


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--as", "a/b"], "--as: 'a/b' can't be the name"),
        (["--as", "crowd", "--split", "dev"], "--split dev: there is train, validation, test"),
        (["--as", "crowd", "--split", "test"], "no test split"),
        (["--as", "crowd", "--language", "fr"], "unknown language fr"),
    ],
)
def test_bad_input_is_one_line(root, capsys, more, message):
    (root / "votes.conll").write_text("Ada\tB-PER\n")
    assert main(["import", "votes.conll", "--data.root", "data", "--language", "de", *more]) == 2
    assert message in (said := capsys.readouterr().err) and len(said.strip().splitlines()) == 1


def test_the_help_ends_in_an_example():
    assert "Example: ctl import" in make_parser().description
