import numpy as np

from ctl.data.synthetic.family import SyntheticFamily
from ctl.data.synthetic.languages import NAMES, WORDS, apply, english_words, new_root


def test_changes_are_counted_and_regular():
    family = SyntheticFamily(sound_changes=0, families=(2,))
    one, two = family.grow().values()
    replaced = sum(one.lexicon[key] != two.lexicon[key] for key in one.lexicon)
    assert replaced <= 2 * round(family.replacement * sum(WORDS.values()))
    one_only = SyntheticFamily(sound_changes=0, replacement=0.1, families=(1, 1)).grow()
    parent = {key: form for key, form in one_only["a1"].inventory.original.items() if key[0] in WORDS}
    changed = [key for key in parent if one_only["b1"].lexicon[key] != parent[key]]
    assert len(changed) == round(0.1 * 4 * sum(WORDS.values()))
    rules = [("p", "f", "initial"), ("a", "e", "inner"), ("k", "g", "final"), ("f", "h", "initial")]
    assert [apply(rules, form) for form in ("patak", "apap", "kak", "k")] == ["heteg", "apep", "keg", "k"]


def test_words_are_replaced_evenly_over_classes():
    grown = SyntheticFamily(sound_changes=0, replacement=0.1, families=(1, 1)).grow()
    b1 = grown["b1"]
    for kind, count in WORDS.items():
        replaced = sum(b1.lexicon[kind, i] != b1.inventory.original[kind, i] for i in range(count))
        assert abs(replaced - 0.4 * count) <= 1, kind


def test_names_are_shared_and_ambiguous():
    grown = SyntheticFamily().grow()
    a1, c1 = grown["a1"], grown["c1"]
    international = [key for key in a1.inventory.fixed if a1.lexicon[key] == c1.lexicon[key]]
    assert len(international) == len(a1.inventory.fixed) == round(0.25 * sum(NAMES.values()))
    assert len(a1.inventory.shared) == round(0.3 * NAMES["town"]) + round(0.3 * NAMES["brand"])


def test_roots_are_new():
    rng = np.random.default_rng(0)
    roots: set[str] = set()
    for _ in range(500):
        new_root(rng, roots)
    assert len(roots) == 500


def test_english_words_have_every_class_and_no_word_twice_in_one():
    words = english_words()
    assert list(words) == [*WORDS, *NAMES]
    for kind, forms in words.items():
        assert len(forms) == len(set(forms)) and all(form.isalpha() and form.islower() for form in forms), kind
    assert sum(len(words[kind]) for kind in WORDS) > 500
