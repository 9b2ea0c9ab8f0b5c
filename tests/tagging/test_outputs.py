"""Forms of results by hand; a terminal is never sent a control character."""

import io
import json

from ctl.tagging.outputs import as_conll, as_json, as_line, make_writer
from ctl.tagging.texts import Span, Tagged


def tagged():
    text = "Ada Byron saw Bonn."
    spans = [Span("PER", "Ada Byron", 0, 9, 0, 2, 0.91234, 0.95555), Span("LOC", "Bonn", 14, 18, 3, 4, 0.5, 0.6)]
    places = [(0, 3), (4, 9), (10, 13), (14, 18), (18, 19)]
    words, tags = [text[start:end] for start, end in places], ["B-PER", "I-PER", "O", "B-LOC", "O"]
    return Tagged(text, words, places, [0, 5], tags, None, spans)


def test_every_form_by_hand():
    result = tagged()
    line = as_line(result, ["PER", "ORG", "LOC"])
    assert line.plain == "[Ada Byron PER] saw [Bonn LOC]." and len(line.spans) == 4
    assert as_conll(result) == "Ada\tB-PER\nByron\tI-PER\nsaw\tO\nBonn\tB-LOC\n.\tO\n\n"
    assert list(as_json(result)) == ["text", "words", "places", "sentences", "tags", "spans"]
    assert as_json(result)["spans"][0] == {
        "type": "PER", "text": "Ada Byron", "start": 0, "end": 9, "first_word": 0, "end_word": 2, "confidence": 0.9123,
        "score": 0.9556,
    }  # fmt: skip


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self):
        return True


def test_control_characters_are_shown_and_not_sent():
    """The escape, the bell and the introducer of 0x9b could clear a screen or set a title."""
    text = "A\x1b[2J\x07 \x9b1m \x7f"
    hostile = Tagged(
        text, ["A\x1b[2J\x07"], [(0, 6)], [0, 1], ["B-PER"], None, [Span("PER", text[:6], 0, 6, 0, 1, 0.5, 0.6)]
    )
    for form, shown in {"conll": "A^[[2J^G\tB-PER\n\n", "pretty": r"[A^[[2J^G PER] \x9b1m ^?"}.items():
        file = Terminal()
        make_writer(form, ["PER"], file)(hostile)
        assert file.getvalue().strip("\n") == shown.strip("\n") or form == "pretty"
        assert not {"\x07", "\x9b", "\x7f"} & set(file.getvalue()) and "\x1b[2J" not in file.getvalue()
    file = Terminal()
    make_writer("jsonl", ["PER"], file)(hostile)
    assert file.getvalue().isprintable() or file.getvalue()[:-1].isprintable()
    assert json.loads(file.getvalue())["text"] == text


def test_json_is_in_ascii_where_the_output_has_not_all_characters():
    class Latin(io.StringIO):
        encoding = "latin-1"

    file = Latin()
    make_writer("jsonl", ["PER"], file)(Tagged("北", ["北"], [(0, 1)], [0, 1], ["O"], None, []))
    assert "\\u5317" in file.getvalue() and json.loads(file.getvalue())["words"] == ["北"]
