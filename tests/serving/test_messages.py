"""Requests of another form are refused in one short line; answers have the form of ``ctl tag``."""

import pytest
from pydantic import ValidationError

from ctl.serving.messages import TaggedText, TagRequest, refusal_of
from ctl.tagging.outputs import as_json
from ctl.tagging.texts import Span, Tagged


@pytest.mark.parametrize("texts", [[], ["a"], [["a", "b"], "c"], [[]], [""]])
def test_texts_and_lists_of_words_are_read(texts):
    assert TagRequest.model_validate({"texts": texts}).texts == texts


@pytest.mark.parametrize(
    "body",
    [[], None, "x", {}, {"texts": "a"}, {"texts": [1]}, {"texts": [["a", 1]]}, {"texts": [None]}, {"texts": {}},
     {"texts": [[["a"]]]}, {"texts": ["\ud800"]}, {"texts": [True]}, {"text": ["a"]}, {"texts": ["a"], "x": "y" * 999}],
    ids=repr,
)  # fmt: skip
def test_others_are_refused_in_one_line(body):
    with pytest.raises(ValidationError) as caught:
        TagRequest.model_validate(body)
    message = refusal_of([{**error, "loc": ("body", *error["loc"])} for error in caught.value.errors()])
    assert len(message) < 300 and message.isprintable() and 'such as {"texts"' in message


def test_an_answer_is_what_ctl_tag_writes():
    tagged = Tagged("Bonn", ["Bonn"], [(0, 4)], [0, 1], ["B-LOC"], None, [Span("LOC", "Bonn", 0, 4, 0, 1, 0.5, 0.6)])
    plain = as_json(tagged)
    assert TaggedText.model_validate(plain).model_dump() == plain
