"""``ctl inspect``: what it prints and writes, and mistakes in one line."""

import shutil

import numpy as np
import pytest
from made_up_run import make_run, silence, stored
from scipy.special import entr

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


def test_words_without_an_answer_are_counted_apart(run, tmp_path):
    shutil.copytree(run, tmp_path / "run")
    words = len(stored(run, "teachers/es"))
    silence(tmp_path / "run", "teachers/es", np.arange(words) >= words // 2)
    inspection = Inspection.open(tmp_path / "run")
    name, _, share, entropy, weights, silent = (list(column.cells) for column in summary(inspection).columns)
    es, half = name.index("direct:es"), inspection["direct:es"].rows(slice(0, words // 2))
    assert silent[es] == f"{1 - words // 2 / words:.1%}" and silent[0] == "0.0%"
    assert share[es] == f"{(half.argmax(-1) > 0).mean():.1%}"
    assert entropy[es] == f"{entr(half).sum(-1).mean():.3f}"
    assert float(weights[3].split()[-1]) < 0.2


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
