"""Texts of a file on the words of a corpus: where each stands, and which of its words are others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import regex

from ctl.data.corpus import Corpus
from ctl.data.sentences import Place, split_lines_of_text
from ctl.data.words import SOFT_HYPHEN, UnicodeForm, plain
from ctl.llm.alignment import align
from ctl.system.names import some

LETTERS = regex.compile(r"\X")  # a letter with its accents
EXACT, NEARLY, NOWHERE = "stand in it as they are", "stand in it with other words", "stand nowhere in it"
OTHER, MISSING = "words are written otherwise there", "words of it are missing there"
ALIKE = 0.5  # of the words of a text, which must be the same
LONG = 500  # words of a text that is compared word by word
TRIED = 100  # places at which a text may begin
SHOWN = 3  # texts that are named


@dataclass(frozen=True)
class Match:
    """Words of the corpus that stand in a text.

    Attributes:
        words: their numbers in the corpus, in order (n).
        places: where each stands in the text (n).
    """

    words: list[int]
    places: list[Place]


@dataclass
class Aligner:
    """Finds texts in a corpus: letter by letter without spaces, so that words may be cut otherwise.

    A text is looked for after the one before it, then from the beginning. One that is not there is looked for line by
    line; a line that is not there either is compared word by word (`ctl.llm.alignment.align`) with what follows the
    last one. What still has no place is left out. Everything that differs is counted.

    Attributes:
        corpus: the text that has the words.
        form: in which its words are written.
        counts: texts by how they stand in the corpus, and words that differ.
        lost: the first places of lines that stand nowhere.
    """

    corpus: Corpus
    form: UnicodeForm = "NFC"
    counts: Counter[str] = field(default_factory=Counter)
    lost: list[str] = field(default_factory=list)
    _reached: int = 0  # the letter of the corpus after the last text

    def __post_init__(self) -> None:
        words = ["".join(word.split()) for word in self.corpus.words]
        self._letters = "".join(words)
        self._ends = np.cumsum([0, *map(len, words)])  # of every word, in letters (W + 1)
        self._cuts = set(self._ends.tolist())
        self._heads = set(self._ends[self.corpus.offsets[:-1]].tolist())

    def find(self, text: str, place: str) -> Match:
        """Finds a text; gives the words of the corpus that stand in it.

        Args:
            text: of one line or several.
            place: where it stands in its file.
        """
        if (match := self._exactly(text)) is not None:
            self.counts[EXACT] += 1
            return match
        parts = [self._line(text, begin, end) for begin, end in _lines(text)]
        known = [part for part in parts if part is not None]
        self.counts[NEARLY if known else NOWHERE] += 1
        if len(known) < len(parts):
            self.lost.append(place)
        pairs = sorted({word: at for part in known for word, at in zip(part.words, part.places, strict=True)}.items())
        pairs = [pair for number, pair in enumerate(pairs) if not number or pair[1] >= pairs[number - 1][1]]
        return Match([word for word, _ in pairs], [at for _, at in pairs])

    def bounds(self, match: Match) -> list[int]:
        """The places in a match at which a sentence of the corpus begins."""
        sentences = np.searchsorted(self.corpus.offsets, match.words, side="right").tolist()
        return [0, *(place for place, pair in enumerate(pairwise(sentences), 1) if pair[0] != pair[1])]

    def _exactly(self, text: str, begin: int = 0) -> Match | None:
        letters, places = spelled(text, self.form)
        at = self._place(letters) if letters else None
        if at is None:
            return None
        self._reached = at + len(letters)
        first, last = (int(number) for number in np.searchsorted(self._ends, [at, self._reached]))
        words = list(range(first, last))
        starts = (self._ends[first:last] - at).tolist()
        ends = (self._ends[first + 1 : last + 1] - at - 1).tolist()
        return Match(words, [(begin + places[a][0], begin + places[b][1]) for a, b in zip(starts, ends, strict=True)])

    def _place(self, letters: str) -> int | None:
        """The letter at which a text begins: of whole sentences, or else at the head of one, or of a word."""
        parts: list[int] = []
        for at in self._places(letters):
            end = at + len(letters)
            if at not in self._cuts or end not in self._cuts:
                continue
            if at in self._heads and (end in self._heads or end == len(self._letters)):
                return at
            parts.append(at)
        return next((at for at in parts if at in self._heads), parts[0] if parts else None)

    def _places(self, letters: str) -> Iterator[int]:
        """The places of a text, those after the last text first."""
        for begin, end in ((self._reached, len(self._letters)), (0, self._reached + len(letters))):
            at = self._letters.find(letters, begin, end)
            for _ in range(TRIED):
                if at < 0:
                    break
                yield at
                at = self._letters.find(letters, at + 1, end)

    def _line(self, text: str, begin: int, end: int) -> Match | None:
        """Finds a line of a text, letter by letter or word by word."""
        line = text[begin:end]
        match = self._exactly(line, begin)
        return match if match is not None else self._nearly(line, begin)

    def _nearly(self, line: str, begin: int) -> Match | None:
        places = [place for sentence in split_lines_of_text(line) for place in sentence]
        theirs = [plain(line[slice(*place)], self.form) for place in places]
        if not theirs or len(theirs) > LONG:
            return None
        first = int(np.searchsorted(self._ends, self._reached))
        ours = [str(word) for word in self.corpus.words[first : first + 2 * len(theirs) + 50]]
        indices = align(theirs, ours)
        same = [number for number, index in enumerate(indices) if index is not None and theirs[index] == ours[number]]
        if len(same) < ALIKE * len(theirs):
            return None
        within = range(same[0], same[-1] + 1)
        words = [number for number in within if indices[number] is not None]
        self.counts[OTHER] += len(words) - len(same)
        self.counts[MISSING] += len(within) - len(words)
        self._reached = int(self._ends[first + within.stop])
        taken = [places[index] for number in words if (index := indices[number]) is not None]
        return Match([first + number for number in words], [(begin + a, begin + b) for a, b in taken])


def spelled(text: str, form: UnicodeForm) -> tuple[str, list[Place]]:
    """Writes a text without spaces, as the words of a corpus are written; gives each letter's place in the text."""
    letters: list[str] = []
    places: list[Place] = []
    if text.isascii():
        places = [(number, number + 1) for number, letter in enumerate(text) if not letter.isspace()]
        return "".join(text.split()), places
    for cluster in LETTERS.finditer(text):
        unseen = cluster[0].isspace() or (cluster[0] == SOFT_HYPHEN and form != "none")
        written = "" if unseen else plain(cluster[0], form)
        letters.append(written)
        places += [cluster.span()] * len(written)
    return "".join(letters), places


def _lines(text: str) -> Iterator[Place]:
    """The lines of a text that hold something."""
    begin = 0
    for line in text.split("\n"):
        if line.strip():
            yield begin, begin + len(line)
        begin += len(line) + 1


def alignment_lines(name: str, counts: Counter[str], lost: Sequence[str], total: npt.NDArray[np.bool_]) -> list[str]:
    """Says how well the texts of a file stand in a corpus.

    Args:
        name: of the corpus.
        counts: of an `Aligner`.
        lost: places of texts that stand nowhere, or not as a whole.
        total: which words of the corpus have a label (W).
    """
    texts = [f"{counts[kind]:,} {kind}" for kind in (EXACT, NEARLY, NOWHERE) if counts[kind]]
    lines = [f"of {sum(counts[kind] for kind in (EXACT, NEARLY, NOWHERE)):,} texts for {name}, {', '.join(texts)}"]
    lines += [f"{counts[kind]:,} {kind}" for kind in (OTHER, MISSING) if counts[kind]]
    if counts[NOWHERE] > counts[EXACT] + counts[NEARLY]:
        lines.append("most of them stand nowhere in it: is the file for another split or language?")
    if lost:
        lines.append(f"not found, whole or in part: the text at {some(lost, SHOWN)}")
    lines.append(f"{int(total.sum()):,} of {len(total):,} words of {name} have a label ({total.mean():.1%})")
    return lines
