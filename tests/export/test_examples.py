"""Example sentences are words and punctuation marks between spaces, each in its language."""

from ctl.export.examples import ENGLISH, SENTENCES, example


def test_a_language_has_its_own_sentence():
    assert example("nl") == "Anna woont in Berlijn ." and example("en") == example("xx") == example(None) == ENGLISH
    assert all(sentence.split()[-1] in (".", "。", "।") for sentence in SENTENCES.values())
