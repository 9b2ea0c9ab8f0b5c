import itertools
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from ctl.data.synthetic.family import SyntheticFamily
from ctl.data.synthetic.languages import ORDERS
from ctl.errors import CTLError
from ctl.plots import family_tree

MANY = SyntheticFamily(families=(3, 3, 3, 3, 3, 2))


def test_distances_are_those_of_a_tree():
    family = SyntheticFamily()
    assert family.languages == ["a1", "a2", "a3", "b1", "c1"]
    assert [family.distance("a1", other) for other in family.languages] == [0, 2, 4, 8, 12]
    for one, two, three in itertools.permutations(MANY.languages, 3):
        distances = [MANY.distance(one, two), MANY.distance(two, three), MANY.distance(one, three)]
        assert MANY.distance(two, one) == distances[0]
        assert sorted(distances)[1] == sorted(distances)[2]  # ultrametric: all are equally far from the root


def test_any_number_of_languages():
    assert len(MANY.grow()) == 17 and len(SyntheticFamily(families=(1,)).grow()) == 1
    assert len(SyntheticFamily(families=(1, 1, 4)).grow()) == 6


def test_a_readable_family_is_walked_from_english():
    """The same tree, the same distances, and the same number of changes a unit of length, with English as the start."""
    readable, invented = SyntheticFamily(readable=True), SyntheticFamily()
    grown = readable.grow()
    assert list(grown) == readable.languages == ["en", "a2", "a3", "b1", "c1"]
    assert [readable.distance("en", name) for name in grown] == [
        invented.distance("a1", name) for name in invented.languages
    ]
    english = grown["en"]
    native = [key for key in english.lexicon if key not in english.inventory.fixed]
    shares = [np.mean([english.lexicon[key] == other.lexicon[key] for key in native]) for other in grown.values()]
    assert shares[0] == 1 and all(near > far for near, far in itertools.pairwise(shares))
    turned = [sum(english.first[order] != other.first[order] for order in ORDERS) for other in grown.values()]
    assert turned == [0, 0, 1, 3, 5]


@pytest.mark.parametrize("families", [(1,), (2,), (3,), (1, 1), (2, 2, 4)])
def test_readable_families_of_any_shape(families):
    family = SyntheticFamily(families=families, readable=True)
    assert sorted(family.grow()) == sorted(family.languages) and len(family.languages) == sum(families)


def test_a_tree_seen_from_one_of_its_languages_keeps_all_paths():
    family = SyntheticFamily(families=(3, 2, 1))
    above = family.tree.seen_from("a1")
    for name in set(family.languages) - {"a1"}:
        assert sum(branch.length for branch in above.path(name)) == family.distance("a1", name)


@pytest.mark.parametrize("seed", range(3))
def test_fewer_words_are_shared_the_farther_a_language_is(seed):
    family = SyntheticFamily(seed=seed, families=(3, 1, 1))
    grown = family.grow()
    native = [key for key in grown["a1"].lexicon if key not in grown["a1"].inventory.fixed]
    shares = [np.mean([grown["a1"].lexicon[key] == grown[other].lexicon[key] for key in native]) for other in grown]
    assert shares[0] == 1 and all(near > far for near, far in itertools.pairwise(shares))


@pytest.mark.parametrize("seed", range(3))
def test_orders_turn_by_turns_so_that_farther_languages_differ_in_more(seed):
    grown = SyntheticFamily(seed=seed).grow()
    turned = [sum(grown["a1"].first[order] != grown[other].first[order] for order in ORDERS) for other in grown]
    assert turned == [0, 0, 1, 3, 5]


def test_the_same_in_every_process(tmp_path):
    """This process has another seed of hashes: its own, which Python draws."""
    settings = {"families": (2, 1), "train": 30, "validation": 5, "test": 5, "width": 32}
    code = (
        "import sys; from pathlib import Path; from ctl.data.synthetic.family import SyntheticFamily;"
        f"SyntheticFamily(**{settings}).write(Path(sys.argv[1]))"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "1" if os.environ.get("PYTHONHASHSEED") != "1" else "2"}
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "1")], env=environment, check=True)
    SyntheticFamily(**settings).write(tmp_path / "2")
    files = sorted(path.relative_to(tmp_path / "1") for path in (tmp_path / "1").rglob("*") if path.is_file())
    assert len(files) == 3 * 3 + 1 + 4 + 5  # the decoder has a file more, for generation
    for path in files:
        assert (tmp_path / "1" / path).read_bytes() == (tmp_path / "2" / path).read_bytes(), path


def test_written_once_and_never_over_something_else(tmp_path):
    small = {"families": (1, 1), "train": 5, "validation": 2, "test": 2, "width": 32}
    root = tmp_path / "family"
    SyntheticFamily(**small).write(root)
    before = (root / "a1" / "train.txt").stat().st_mtime_ns
    SyntheticFamily(**small).write(root)
    assert (root / "a1" / "train.txt").stat().st_mtime_ns == before
    SyntheticFamily(**{**small, "seed": 1}).write(root)
    assert (root / "a1" / "train.txt").stat().st_mtime_ns != before
    with pytest.raises(CTLError, match="not empty and not a synthetic family"):
        SyntheticFamily(**small).write(tmp_path)


def test_nothing_beside_the_languages_is_lost(tmp_path):
    small = {"families": (1, 1), "train": 5, "validation": 2, "test": 2, "width": 32}
    root = tmp_path / "family"
    SyntheticFamily(**small).write(root)
    (root / "de").mkdir()
    (tmp_path / "family.partial").mkdir()
    other = SyntheticFamily(**{**small, "seed": 1})
    assert other.changed(root) == ["seed"] and SyntheticFamily(**small).changed(root) == []
    with pytest.raises(CTLError, match="it also holds de, which ctl did not write"):
        other.write(root)
    (root / "de").rmdir()
    other.write(root)
    assert other.changed(root) == [] and (tmp_path / "family.partial").is_dir()


def test_the_picture_in_the_docs_is_of_this_family():
    path = Path(__file__).parents[3] / "docs" / "family.svg"
    assert path.read_text(encoding="utf-8") == family_tree(SyntheticFamily(readable=True))
