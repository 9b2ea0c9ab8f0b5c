from ctl.data.sentences import join_with_spaces
from ctl.importing.documents import entities_of


def test_words_and_their_tags_are_entities_of_a_text():
    text, places = join_with_spaces(["Ada", "Lovelace", "Bonn", "Ulm"])
    entities = entities_of(["B-PER", "I-PER", "B-LOC", "B-LOC"], places, "f:1")
    assert [(text[e.start : e.end], e.type) for e in entities] == [
        ("Ada Lovelace", "PER"),
        ("Bonn", "LOC"),
        ("Ulm", "LOC"),
    ]
