"""A ready-made tagger as it was asked for."""

from ctl.transfer.teachers.tagger import ReadyTagger


def test_a_tagger_names_the_tokenizer_that_it_has():
    named = ReadyTagger("en", "a/b", {"X": "PER"})
    assert named.arguments == {"tagger": "a/b", "source": "en", "type_map": {"X": "PER"}}
    assert named.tokenizer == {"backbone": "a/b"} and ReadyTagger("ja", "spacy:xx").tokenizer == {}
    assert (named.module, list(named.splits)) == ("ReadyMade", ["train", "test", "few"])
