from ctl.importing.documents import entities_of, joined


def test_words_and_their_tags_are_entities_of_a_text():
    text, places = joined(["Ada", "Lovelace", "Bonn", "Ulm"])
    assert text == "Ada Lovelace Bonn Ulm" and places == [(0, 3), (4, 12), (13, 17), (18, 21)]
    entities = entities_of(["B-PER", "I-PER", "B-LOC", "B-LOC"], places, "f:1")
    assert [(text[e.start : e.end], e.type) for e in entities] == [
        ("Ada Lovelace", "PER"),
        ("Bonn", "LOC"),
        ("Ulm", "LOC"),
    ]
