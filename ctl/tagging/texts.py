"""Texts that a tagger reads and what it gives back: words with their places, tags and entities."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from ctl.arrays import Floats
from ctl.data.sentences import Place, join_with_spaces, split_sentences
from ctl.report.drawing import PALETTE
from ctl.system.cells import mark


@dataclass(frozen=True)
class Span:
    """An entity.

    Attributes:
        type: ``PER``, say.
        text: the entity as it stands in the text.
        start: its first character.
        end: the character after its last; ``text[start:end]`` is the entity.
        first_word: its first word.
        end_word: the word after its last.
        confidence: the mean probability of the tags of its words, as in the pipeline of `transformers`.
        score: the mean probability that its words are in an entity of its type; thresholds are compared with it.
    """

    type: str
    text: str
    start: int
    end: int
    first_word: int
    end_word: int
    confidence: float
    score: float


@dataclass(frozen=True)
class Tagged:
    """A text with its words, their tags and its entities.

    Attributes:
        text: the text as it was given; if words were given, these joined by spaces.
        words: the words (W).
        places: for each word its first character in ``text`` and the one after its last (W).
        sentences: the first word of every sentence, and W as the last entry (S + 1).
        tags: legal BIO2 tags (W), by the tagger's threshold if it has one.
        probabilities: P(tag | word), in the order of the tagger's ``schema.tags`` (W, C).
        spans: the entities in their order.
        types: of the tagger, whose order gives each type its colour in a notebook.
    """

    text: str
    words: list[str]
    places: list[Place]
    sentences: list[int]
    tags: list[str]
    probabilities: Floats
    spans: list[Span]
    types: tuple[str, ...] = ()

    def _repr_html_(self) -> str:
        parts, before = [], 0
        for span in self.spans:
            marked = mark(span.text, f"{span.type} {span.confidence:.2f}", colour_of(span.type, self.types))
            parts += [escape(self.text[before : span.start]), marked]
            before = span.end
        return f'<p style="line-height: 2">{"".join(parts)}{escape(self.text[before:])}</p>'


class TaggedTexts(list[Tagged]):
    """Tagged texts in the order in which they were given, which a notebook shows one below the other."""

    def _repr_html_(self) -> str:
        return "".join(tagged._repr_html_() for tagged in self)


def colour_of(kind: str, types: Sequence[str]) -> str:
    """The colour of a type by its place among all of them; of one that is not there, the first."""
    return PALETTE[types.index(kind) % len(PALETTE)] if kind in types else PALETTE[0]


@dataclass(frozen=True)
class Text:
    """A text that is cut into sentences of words.

    Attributes:
        text: the text.
        places: for each sentence the places of its words, as in `Tagged`.
    """

    text: str
    places: list[list[Place]]

    @classmethod
    def raw(cls, text: str) -> Text:
        """Cuts running text by rules (`split_sentences`)."""
        return cls(text, split_sentences(text))

    @classmethod
    def of_words(cls, words: Sequence[str]) -> Text:
        """Makes a text of one sentence whose words are known."""
        text, places = join_with_spaces(words)
        return cls(text, [places] if places else [])
