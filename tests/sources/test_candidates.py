import pytest

from ctl.errors import CTLError
from ctl.sources.candidates import Texts, ordered
from ctl.sources.text import MEASURES


def find(root, target="de", sources=None):
    return Texts.find(root, target, sources, backbone="encoder", sentences=10)


@pytest.fixture
def tree(tmp_path):
    """Three languages with a train split, and a folder that has none."""
    for language, text in (("de", "Ein Haus"), ("en", "A house"), ("ru", "Этот дом")):
        (tmp_path / language).mkdir()
        (tmp_path / language / "train.txt").write_text("".join(f"{word} O\n" for word in text.split()) + "\n")
    (tmp_path / "empty").mkdir()
    return tmp_path


def test_candidates_are_all_languages_with_a_train_split(tree):
    texts = find(tree)
    assert texts.sources == ["en", "ru"] and texts.languages == ["en", "ru", "de"]
    assert find(tree, "de", ["ru", "en"]).sources == ["ru", "en"]
    assert texts.size("en") == 1 and [texts.script(name) for name in ("ru", "de")] == ["cyrillic", "latin"]


@pytest.mark.parametrize(
    ("target", "sources", "said"),
    [
        ("fr", None, "unknown language fr"),
        ("de", ["en", "pl"], "unknown language pl"),
        ("de", ["en", "empty"], "no train split"),
        ("de", ["en"], "two or more with a train split in .*, not en"),
        ("de", ["en", "de"], "not the target de"),
        ("de", ["en", "en"], "each language once"),
    ],
)
def test_what_can_not_be_ranked(tree, target, sources, said):
    with pytest.raises(CTLError, match=said):
        find(tree, target, sources)


def test_no_such_folder(tmp_path):
    with pytest.raises(CTLError, match="no such folder"):
        find(tmp_path / "nowhere")


def test_order():
    assert ordered({"nearest": {"en": 0.2, "nl": 0.5, "ru": 0.2}}, "nearest") == ["nl", "en", "ru"]


def test_a_sister_looks_nearer_than_a_stranger(family):
    """Two languages of the target's family and one of another, by a tiny encoder with random weights."""
    texts = Texts.find(family, "a1", ["b1", "a2", "a3"], backbone=str(family / "encoder"), sentences=60)
    measures = texts.measure()
    assert measures.keys() == set(MEASURES)
    assert all(list(by) == ["b1", "a2", "a3"] for by in measures.values())
    assert sum(measures["nearest"].values()) == pytest.approx(1, abs=1e-3)
    assert ordered(measures, "subwords")[-1] == "b1" and ordered(measures, "nearest")[-1] == "b1"
    assert measures["size"]["b1"] == texts.size("b1") > 60
