"""``ctl inspect``: what it prints and writes, and mistakes in one line."""

import shutil

import pytest
from made_up_run import make_run

from ctl.commands.inspect import summary
from ctl.inspection.frames import Inspection
from ctl.main import main


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return make_run(tmp_path_factory.mktemp("inspect"), sentences=20)


def test_the_table_has_a_line_for_every_labeller(run):
    inspection = Inspection.open(run)
    name, role, words, entropy, weights = (list(column.cells) for column in summary(inspection).columns)
    assert name == list(inspection.labellers) and role == ["teacher"] * 3 + ["mixture", "student"]
    mixture = inspection["ensemble:learned"]
    assert words[3] == f"{(mixture.tags > 0).mean():.1%}" and entropy[3] == f"{mixture.entropy.mean():.3f}"
    assert weights[3] == "en 0.500  nl 0.300  es 0.200" and weights[0] == ""


def test_the_page_is_where_it_is_asked_for(run, tmp_path, capsys):
    assert main(["inspect", str(run)]) == 0
    printed = capsys.readouterr()
    assert (run / "inspect.html").is_file() and "20 sentences" in printed.out
    assert main(["inspect", str(run), "--sentences", "3", "--output", str(tmp_path / "deep" / "page.html")]) == 0
    assert (tmp_path / "deep" / "page.html").stat().st_size < (run / "inspect.html").stat().st_size


def test_a_page_of_the_user_is_not_replaced(run, tmp_path, capsys):
    page = tmp_path / "index.html"
    page.write_text("<title>Mine</title>")
    assert main(["inspect", str(run), "--output", str(page)]) == 2
    assert "index.html: ctl did not write this file" in capsys.readouterr().err
    assert page.read_text() == "<title>Mine</title>"


@pytest.mark.parametrize(("given", "types"), [("NO,PER", ["NO", "PER"]), ("[no, off]", ["no", "off"])])
def test_words_of_a_list_stay_words(run, tmp_path, monkeypatch, given, types):
    """YAML takes no and off for truth values."""
    asked = []
    monkeypatch.setattr(Inspection, "open", lambda *paths, data, **more: asked.append(data) or {}["end"])
    with pytest.raises(KeyError):
        main(["inspect", str(run), "--output", str(tmp_path / "x.html"), "--data.types", given])
    assert asked == [{"types": types}]


def test_text_is_looked_for_where_the_command_line_says(run, tmp_path, capsys):
    """The other settings of the data are those of the run."""
    moved = tmp_path / "moved"
    shutil.copytree(run, tmp_path / "run")
    shutil.move(tmp_path / "run" / "data", moved)
    for path in (tmp_path / "run").rglob("config.predict.yaml"):
        path.write_text(path.read_text().replace(str(run), str(tmp_path / "run")))
    assert main(["inspect", str(tmp_path / "run")]) == 2
    assert "--data.root says where else" in capsys.readouterr().err
    assert main(["inspect", str(tmp_path / "run"), "--data.root", str(moved)]) == 0
