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
