"""Sentences and words of running text, by rules that know no language; every word keeps its place in the text."""

# ruff: noqa: RUF001  (punctuation of many scripts)

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import regex

Place = tuple[int, int]  # first character, and the one after the last

LETTER = r"[\p{L}\p{M}\p{N}_\u00ad\u200c\u200d]"  # a soft hyphen is inside a word
UNSPACED = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"  # a word is a character in WikiANN
ABBREVIATIONS = (
    "Mr Mrs Ms Dr Prof St Sr Sra Jr Hr Fr Mw Dhr Mme Mlle Sig Dott Ing Rev Gen Col Capt Lt Sgt Sen Rep Gov Hon "
    "Inc Ltd Corp Co Bros vs etc ca bzw usw Nr No Nos Abs Art Bd Str bl tzn tzv np ul św"
)
WORD = regex.compile(
    rf"""
      (?:https?://|www\.)\S*[^\s\p{{P}}]/?              # an address of a page
    | [\w.+-]{{1,64}}@\w[\w-]*(?:\.\w[\w-]*)+             # and of a person; 64 at most (RFC 5321), or time is squared
    | (?<!{LETTER})\p{{L}}\.(?:-?\p{{L}}\.)*            # J. U.S. z.B. J.-P.
    | (?<!{LETTER})(?:{"|".join(ABBREVIATIONS.split())})\.
    | [{UNSPACED}]\p{{M}}*
    | (?:(?![{UNSPACED}]){LETTER})+(?:                  # letters and numbers, and within them
          (?:[-\u2010\u2011·]|\.(?=[\p{{Ll}}\p{{N}}]))      # Baden-Baden, google.com, 3.14
          (?:(?![{UNSPACED}]){LETTER})+
        | (?<=\p{{N}})[,:/](?=\p{{N}})(?:{LETTER})+     # 1,000 and 12:30
        | ['’ʼ](?:(?![{UNSPACED}]){LETTER})+            # see `_at_apostrophe`
      )*
    | \.\.+ | [!?]+ | --+ | \p{{Extended_Pictographic}}\p{{Emoji_Modifier}}* | \S
    """,
    regex.VERBOSE,
)
APOSTROPHE = regex.compile(r"['’ʼ]")
CLITIC = regex.compile(r"['’ʼ](?:s|re|ve|ll|d|m)$", regex.IGNORECASE)  # Berlin's
ELISION = regex.compile(  # l'Italia, but not O'Neil or D'Angelo
    r"^(?:[ljcnmst]|(?-i:d)|(?:jus|lors|puis)?qu|(?:a|da|de|ne|su|co)ll|un|quest|sant)['’ʼ]", regex.IGNORECASE
)
ENDS, CLOSES = regex.compile(r"[.!?…]+|[。！？।॥؟۔]"), regex.compile(r"[\p{Pe}\p{Pf}\"'”’»]+")
PARAGRAPH = regex.compile(r"\n\s*\n")


def split_sentences(text: str) -> list[list[Place]]:
    """Cuts a text into sentences of words, given as places in the text: ``text[start:end]`` is the word.

    A sentence ends at a full stop, a question mark or an exclamation mark, together with quotation marks and brackets
    that close there, if a space follows and the next word does not begin in lower case. It does not end after an
    abbreviation, an initial or an ordinal number. An empty line ends it as well. In scripts without spaces (Chinese,
    Japanese, Thai and others) every character is a word, as in WikiANN. Where the rules are not sure they join two
    sentences: a tagger reads both, but never sees across a cut.
    """
    sentences: list[list[Place]] = [[]]
    last = START
    for place in _words(text):
        if sentences[-1] and _ends_before(text, sentences[-1][-1][1], place[0], last):
            sentences.append([])
        if not sentences[-1] or not CLOSES.fullmatch(text, *place):
            last = _Last.of(text, place, sentences[-1])
        sentences[-1].append(place)
    return [sentence for sentence in sentences if sentence]


def split_lines_of_text(text: str) -> Iterator[list[Place]]:
    """Cuts every line of a text by `split_sentences`: no sentence goes over the end of a line. Places are in the text.

    Yields:
        The words of one sentence after another.
    """
    begin = 0
    for line in text.split("\n"):
        for sentence in split_sentences(line):
            yield [(begin + start, begin + end) for start, end in sentence]
        begin += len(line) + 1


def join_with_spaces(words: Sequence[str]) -> tuple[str, list[Place]]:
    """Makes a text of words with spaces between them; gives the place of each word in it (W)."""
    places, begin = [], 0
    for word in words:
        places.append((begin, begin + len(word)))
        begin += len(word) + 1
    return " ".join(words), places


class _Last(NamedTuple):
    """The last word of a sentence before the marks that close there; looked at once, so that time is linear.

    Attributes:
        ends: whether it is a mark at which a sentence ends.
        at_once: whether no space has to follow, as in Chinese.
        ordinal: whether it is the full stop of an ordinal number.
    """

    ends: bool
    at_once: bool
    ordinal: bool

    @classmethod
    def of(cls, text: str, place: Place, before: list[Place]) -> _Last:
        """Looks at a word and at the words before it in its sentence."""
        ends = ENDS.fullmatch(text, *place) is not None
        mark = text[slice(*place)] if ends else ""
        start, end = before[-1] if before else (0, 0)
        return cls(ends, ends and mark in "。！？", mark == "." and 0 < end - start < 3 and text[start:end].isdigit())


START = _Last(False, False, False)


def _words(text: str) -> Iterator[Place]:
    for word in WORD.finditer(text):
        yield from _at_apostrophe(text, *word.span())


def _at_apostrophe(text: str, start: int, end: int) -> Iterator[Place]:
    """Cuts a word at its apostrophe: Berlin 's and l' Italia are two words each, O'Neil is one."""
    word = text[start:end]
    if elided := ELISION.match(word) if APOSTROPHE.search(word) else None:
        yield start, start + elided.end()
        start += elided.end()
    if clitic := CLITIC.search(text[start:end]):
        yield start, start + clitic.start()
        start += clitic.start()
    yield start, end


def _ends_before(text: str, end: int, start: int, last: _Last) -> bool:
    """Tells whether a sentence whose last word ends here has ended before the word that starts there."""
    if PARAGRAPH.search(text, end, start):
        return True
    if not last.ends or last.at_once:
        return last.at_once
    return start > end and not last.ordinal and not text[start].islower()
