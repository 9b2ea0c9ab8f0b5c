"""Prompt styles: ways to ask a language model for entities, to write the answer and to read it back."""

from __future__ import annotations

import json
import re
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

from ctl.data.tags import TagSchema, is_legal, legalised
from ctl.llm.alignment import align_answer, most_words, occurrence

StyleName = Literal["tagged", "inline", "json"]
MEANINGS = {
    "PER": "people", "ORG": "organisations", "LOC": "places", "MISC": "other names", "GPE": "countries and cities",
    "DATE": "dates", "TIME": "times",
}  # fmt: skip
OTHER_TAG = re.compile(r"\(([BI]-[^()\s]{1,64})\)", re.IGNORECASE)  # in an answer, of whatever type
OTHER_TYPE = re.compile(r"<([^<>/]{1,64})>([^<>]{1,200})</\1>", re.IGNORECASE)


class Mark(NamedTuple):
    """A tag that stands in an answer: the word before it, the tag's id, and where it begins in the text."""

    word: str
    tag: int
    begin: int


class PromptStyle(ABC):
    """One way to ask for entities.

    Args:
        schema: the entity types and their tags.

    Attributes:
        request: the sentence that tells how the answer is written.
        ids: tag ids by the tags' names in lower case.
    """

    request: str

    def __init__(self, schema: TagSchema) -> None:
        self.schema = schema
        self.ids = {tag.casefold(): index for index, tag in enumerate(schema.tags)}

    def instruction(self) -> str:
        """The request, with the types that are wanted."""
        kinds = ", ".join(f"{kind} ({MEANINGS[kind]})" if kind in MEANINGS else kind for kind in self.schema.types)
        return f"Find the named entities in the text. The types are {kinds}. {self.request}"

    @abstractmethod
    def answer(self, words: Sequence[str], tags: Sequence[int]) -> str:
        """Writes the right answer, for examples."""

    @abstractmethod
    def parse(self, text: str, words: Sequence[str]) -> list[int] | None:
        """Reads tag ids of all words from an answer that was written freely; a word that it leaves out is O.

        Gives ``None`` for what is no answer: prose, an answer about another sentence, or one that names only types that
        were not asked for. It takes time in proportion to the text.
        """


class WordByWord(PromptStyle, ABC):
    """A style whose answer goes through the words in order, so that it can be written under constraint.

    At each word some text may be written before the tag is chosen, and then the text of one of the C tags. Both come in
    pieces that are tokenised on their own: a piece is a word, with the space before it where there is one, or markup.

    Attributes:
        alike: the texts of the tags are the same at every word after the same tag.
    """

    alike = False

    @abstractmethod
    def given(self, words: Sequence[str], index: int) -> tuple[str, ...]:
        """Text that is written at a word before its tag is chosen."""

    @abstractmethod
    def choices(self, words: Sequence[str], index: int, previous: int) -> list[tuple[str, ...] | None]:
        """Text of each of the C tags where the previous word has tag ``previous``; ``None`` where it can't follow."""

    def ending(self, previous: int) -> str:
        """Text that is written after the last word."""
        return ""

    def answer(self, words: Sequence[str], tags: Sequence[int]) -> str:
        """Writes the right answer."""
        pieces: list[str] = []
        tags = legalised(tags)
        for index, (before, tag) in enumerate(zip([0, *tags[:-1]], tags, strict=True)):
            choice = self.choices(words, index, before)[tag]
            assert choice is not None
            pieces += self.given(words, index) + choice
        return "".join(pieces) + (self.ending(tags[-1]) if tags else "")


class WordTags(WordByWord):
    """Every word followed by its tag: ``Ada(B-PER) Lovelace(I-PER) wrote(O)`` (GNER, Ding et al., ACL 2024)."""

    alike = True
    request = (
        "Write every word of the text once, in order, each followed by its tag in brackets: (B-TYPE) for the first "
        "word of an entity, (I-TYPE) for its other words, (O) for words outside."
    )

    def given(self, words: Sequence[str], index: int) -> tuple[str, ...]:
        """The word itself."""
        return (spaced(words, index),)

    def choices(self, words: Sequence[str], index: int, previous: int) -> list[tuple[str, ...] | None]:
        """Each tag in brackets."""
        return [(f"({tag})",) for tag in self.schema.tags]

    def marks(self, text: str) -> list[Mark]:
        """Finds the tags of an answer, each with the word before it."""
        tags = "|".join(re.escape(tag) for tag in sorted(self.schema.tags, key=len, reverse=True))
        marks: list[Mark] = []
        end = 0
        for match in re.finditer(rf"\((?:{tags})\)", text, re.IGNORECASE):
            tag = self.ids.get(match[0][1:-1].casefold(), 0)
            marks.append(Mark(text[end : match.start()].strip(), tag, match.start()))
            end = match.end()
        return marks

    def parse(self, text: str, words: Sequence[str]) -> list[int] | None:
        """Aligns the words of the answer with those of the sentence."""
        marks = self.marks(text)
        aligned = align_answer([mark.word for mark in marks], words)
        if aligned is None:
            return None
        tags = [0 if index is None else marks[index].tag for index in aligned]
        return tags if any(tags) or not self._has_other_tags(text, words) else None

    def _has_other_tags(self, text: str, words: Sequence[str]) -> bool:
        """Tells whether an answer has tags of types that were not asked for, which do not stand in the sentence."""
        sentence = " ".join(words)
        named = (match[1] for match in OTHER_TAG.finditer(text) if match[0] not in sentence)
        return any(tag.casefold() not in self.ids for tag in named)


class Inline(WordByWord):
    """The text itself with its entities marked: ``<PER>Ada Lovelace</PER> wrote``."""

    request = "Write the text again, word by word, with <TYPE> before and </TYPE> after every entity."

    def given(self, words: Sequence[str], index: int) -> tuple[str, ...]:
        """Nothing, because markup comes before the word."""
        return ()

    def choices(self, words: Sequence[str], index: int, previous: int) -> list[tuple[str, ...] | None]:
        """The word, after the markup that ends one entity and begins the next one."""
        space = " " if index else ""
        types = self.schema.types
        end = (f"</{types[self.schema.type_of(previous)]}>",) if previous else ()
        written: list[tuple[str, ...] | None] = [(*end, space + words[index])]
        for number, kind in enumerate(types):
            written.append((*end, f"{space}<{kind}>", words[index]))
            inside = is_legal(previous, self.schema.inside(number))
            written.append((space + words[index],) if inside else None)
        return written

    def ending(self, previous: int) -> str:
        """Ends the entity that is open."""
        return f"</{self.schema.types[self.schema.type_of(previous)]}>" if previous else ""

    def parse(self, text: str, words: Sequence[str]) -> list[int] | None:
        """Reads markup, and aligns the words between with those of the sentence."""
        kinds = {kind.casefold(): self.schema.begin(number) for number, kind in enumerate(self.schema.types)}
        pattern = rf"<(/?)({'|'.join(map(re.escape, self.schema.types))})>"
        tagged: list[tuple[str, int]] = []
        tag, begin = 0, 0
        for mark in [*re.finditer(pattern, text, re.IGNORECASE), None]:
            for word in text[begin : mark.start() if mark else None].split():
                tagged.append((word, tag))
                tag = self.schema.inside(self.schema.type_of(tag)) if tag else 0  # after B- comes I-
            if mark:
                tag, begin = 0 if mark[1] else kinds.get(mark[2].casefold(), 0), mark.end()
        aligned = align_answer([word for word, _ in tagged], words)
        if aligned is None:
            return None
        tags = legalised([0 if index is None else tagged[index][1] for index in aligned])
        return tags if any(tags) or not self._has_other_types(text, words) else None

    def _has_other_types(self, text: str, words: Sequence[str]) -> bool:
        """Tells whether an answer marks words of the sentence with types that were not asked for."""
        known, own, sentence = {kind.casefold() for kind in self.schema.types}, set(words), " ".join(words)
        marked = (match.groups() for match in OTHER_TYPE.finditer(text) if match[1].casefold() not in known)
        return any(f"<{kind}>" not in sentence and own.issuperset(part.split()) for kind, part in marked)


class JsonList(PromptStyle):
    """A list of entities, ``[{"text": "Ada Lovelace", "type": "PER"}]``: what chat models write most readily."""

    request = (
        'Answer with a JSON list of all mentions in order of appearance, [{"text": "...", "type": "..."}], and with '
        "nothing else; the text of a mention is copied exactly. Answer [] where there is none."
    )

    def answer(self, words: Sequence[str], tags: Sequence[int]) -> str:
        """Writes the right answer."""
        mentions: list[dict[str, str]] = []
        for word, tag in zip(words, legalised(tags), strict=True):
            if self.schema.is_begin(tag):
                mentions.append({"text": word, "type": self.schema.types[self.schema.type_of(tag)]})
            elif tag:
                mentions[-1]["text"] += f" {word}"
        return json.dumps(mentions, ensure_ascii=False)

    def parse(self, text: str, words: Sequence[str]) -> list[int] | None:
        """Finds each mention in the sentence: the second mention of a name is its second occurrence, and so on."""
        mentions = self.mentions(text)
        if mentions is None or len(mentions) > most_words(words):
            return None
        tags = [0] * len(words)
        seen: dict[str, int] = {}
        for mention, kind in mentions:
            first_id = self.ids.get(f"b-{kind}".casefold())
            span = occurrence(mention, words, seen.get(mention, 0))
            if span is None:
                continue
            seen[mention] = span[1]
            if first_id is not None and not any(tags[slice(*span)]):
                inside = self.schema.inside(self.schema.type_of(first_id))
                tags[slice(*span)] = [first_id, *[inside] * (span[1] - span[0] - 1)]
        return tags if any(tags) or not mentions else None

    @staticmethod
    def mentions(text: str) -> list[tuple[str, str]] | None:
        """Reads text and type of every mention in an answer; gives ``None`` where it holds no JSON list of them."""
        begin, end = text.find("["), text.rfind("]")
        try:
            items: Any = json.loads(text[begin : end + 1])
        except (ValueError, RecursionError):
            return None
        if not isinstance(items, list):
            return None
        mentions = [
            (str(i["text"]), str(i["type"])) for i in items if isinstance(i, Mapping) and {"text", "type"} <= set(i)
        ]
        return mentions if mentions or not items else None


def prompt_style(name: StyleName, schema: TagSchema) -> PromptStyle:
    """Gives the style of this name."""
    match name:
        case "tagged":
            return WordTags(schema)
        case "inline":
            return Inline(schema)
        case "json":
            return JsonList(schema)


def spaced(words: Sequence[str], index: int) -> str:
    """Gives a word with the space before it."""
    return f" {words[index]}" if index else words[index]
