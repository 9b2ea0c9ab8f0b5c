"""Texts that are cut into words, by hand."""

from ctl.tagging.texts import Text


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
