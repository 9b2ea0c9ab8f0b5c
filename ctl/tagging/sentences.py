"""Raw text to sentences of words, by rules that know no language; every word keeps its place in the text."""

# ruff: noqa: RUF001  (punctuation of many scripts)

from __future__ import annotations

from collections.abc import Iterator

import regex

Place = tuple[int, int]  # first character, and the one after the last

LETTER = r"[\p{L}\p{M}\p{N}_\u200c\u200d]"
UNSPACED = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"  # a word is a character in WikiANN
ABBREVIATIONS = (
    "Mr Mrs Ms Dr Prof St Sr Sra Jr Hr Fr Mw Dhr Mme Mlle Sig Dott Ing Rev Gen Col Capt Lt Sgt Sen Rep Gov Hon "
    "Inc Ltd Corp Co Bros vs etc ca bzw usw Nr No Nos Abs Art Bd Str bl tzn tzv np ul św"
)
WORD = regex.compile(
    rf"""
      (?:https?://|www\.)\S*[^\s\p{{P}}]/?              # an address of a page
    | [\w.+-]+@\w[\w-]*(?:\.\w[\w-]*)+                  # and of a person
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
    """Words of every sentence, as places in the text: ``text[start:end]`` is the word.

    A sentence ends at a full stop, a question or exclamation mark, with what closes a quotation after it, where space
    follows and the next word does not begin in lower case; not after an abbreviation, an initial or an ordinal. An
    empty line ends one as well. Chinese, Japanese, Thai and their like, written without spaces, become a word a
    character, as in WikiANN. Where it is wrong it joins rather than cuts: a tagger reads on, but not across.
    """
    sentences: list[list[Place]] = [[]]
    for start, end in _words(text):
        if sentences[-1] and _ends_before(text, sentences[-1], start):
            sentences.append([])
        sentences[-1].append((start, end))
    return [sentence for sentence in sentences if sentence]


def _words(text: str) -> Iterator[Place]:
    for found in WORD.finditer(text):
        yield from _at_apostrophe(text, *found.span())


def _at_apostrophe(text: str, start: int, end: int) -> Iterator[Place]:
    """Berlin 's and l' Italia are two words each; O'Neil is one."""
    word = text[start:end]
    if elided := ELISION.match(word) if APOSTROPHE.search(word) else None:
        yield start, start + elided.end()
        start += elided.end()
    if clitic := CLITIC.search(text[start:end]):
        yield start, start + clitic.start()
        start += clitic.start()
    yield start, end


def _ends_before(text: str, words: list[Place], start: int) -> bool:
    """Whether the sentence of these words is over before the word that starts here."""
    gap = text[words[-1][1] : start]
    if PARAGRAPH.search(gap):
        return True
    last = len(words) - 1
    while last > 0 and CLOSES.fullmatch(text, *words[last]):
        last -= 1
    mark = text[slice(*words[last])]
    if not ENDS.fullmatch(mark):
        return False
    if mark in "。！？":
        return True
    before = text[slice(*words[last - 1])] if last else ""
    ordinal = mark == "." and before.isdigit() and len(before) < 3
    return bool(gap) and not ordinal and not text[start].islower()
