"""Texts that are cut into words, by hand."""

from ctl.report.drawing import PALETTE
from ctl.tagging.texts import Span, Tagged, TaggedTexts, Text, colour_of


def test_words_are_joined_by_spaces_and_have_their_places():
    text = Text.of_words(["Ada", "", "ran"])
    assert text.text == "Ada  ran" and text.places == [[(0, 3), (4, 4), (5, 8)]]
    assert Text.of_words([]) == Text("", [])


def test_running_text_is_cut_into_sentences():
    text = Text.raw("She ran. He sat.")
    assert [[text.text[start:end] for start, end in sentence] for sentence in text.places] == [
        ["She", "ran", "."],
        ["He", "sat", "."],
    ]


def test_entities_are_marked_in_a_notebook():
    spans = [Span("LOC", "<Bonn>", 4, 10, 1, 2, 0.9, 0.9)]
    tagged = Tagged("In  <Bonn> & so", ["In", "<Bonn>", "&", "so"], [], [], [], None, spans, ("PER", "LOC"))
    shown = tagged._repr_html_()
    assert ">&lt;Bonn&gt; <small><b>LOC 0.90</b></small></mark> &amp; so</p>" in shown and "In  <mark" in shown
    assert PALETTE[1] in shown and PALETTE[0] == colour_of("GPE", tagged.types)
    assert TaggedTexts([tagged, tagged])._repr_html_() == 2 * shown
