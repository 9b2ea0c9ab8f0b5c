"""A small grammar: how an artificial language makes sentences with names of persons, places and organisations."""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt

from ctl.data.synthetic.languages import NAMES, Language, Rng

TaggedWords = list[tuple[str, str]]  # words and their BIO2 tags


class Speaker:
    """Makes tagged sentences of one language.

    Args:
        language: whose words and word orders are used.
        rng: draws sentences and words.
        unseen: half of the names are drawn from those that training never shows.
    """

    def __init__(self, language: Language, rng: Rng, unseen: bool) -> None:
        self.language = language
        self.rng = rng
        self.unseen = unseen

    def sentence(self) -> TaggedWords:
        """One sentence of one of seven patterns, with a full stop."""
        patterns = (
            self._says,
            self._serves,
            self._travels,
            self._firm_acts,
            self._plain,
            self._plain_in,
            self._of_place,
        )
        (word, tag), *rest = patterns[self.rng.integers(len(patterns))]()
        opening = word[:1].upper() + word[1:] if self.language.english else word
        return [(opening, tag), *rest, (".", "O")]

    def _says(self) -> TaggedWords:
        return self._clause(self._person(), "says", self._thing())

    def _serves(self) -> TaggedWords:
        return self._clause(self._person(), "serves", self._firm())

    def _travels(self) -> TaggedWords:
        traveller = self._person() if self.rng.random() < 0.6 else self._thing()
        return self._clause(traveller, "travels", self._adposition("to", self._town()))

    def _firm_acts(self) -> TaggedWords:
        return self._clause(self._firm(), "verb", self._thing() + self._maybe_where())

    def _plain(self) -> TaggedWords:
        return self._clause(self._thing(), "verb", self._object())

    def _plain_in(self) -> TaggedWords:
        return self._clause(self._thing(), "verb", self._object() + self._adposition("in", self._town()))

    def _of_place(self) -> TaggedWords:
        person = self._person() + self._adposition("of", self._town())
        return self._clause(person, "verb", self._object())

    def _clause(self, subject: TaggedWords, verb: str, rest: TaggedWords) -> TaggedWords:
        deed = [self._word(verb)]
        return subject + (deed + rest if self.language.first["verb"] else rest + deed)

    def _object(self) -> TaggedWords:
        if not self.language.english:
            return self._thing()
        return (self._thing, self._thing, self._person, self._firm)[self.rng.integers(4)]()

    def _maybe_where(self) -> TaggedWords:
        return self._adposition("in", self._town()) if self.rng.random() < 0.4 else []

    def _adposition(self, kind: str, phrase: TaggedWords) -> TaggedWords:
        return self._ordered("adposition", [self._word(kind)], phrase)

    def _thing(self) -> TaggedWords:
        noun = [self._word("noun")]
        if self.rng.random() < 0.4:
            noun = self._ordered("adjective", [self._word("adjective")], noun)
        return self._ordered("determiner", [self._word("determiner")], noun) if self.rng.random() < 0.5 else noun

    def _person(self) -> TaggedWords:
        if self.rng.random() < 0.4:
            return self._ordered("title", [self._word("title")], self._name("PER", "surname"))
        full = ("given", "surname") if self.language.first["given"] else ("surname", "given")
        return self._name("PER", *full) if self.rng.random() < 0.6 else self._name("PER", "surname")

    def _town(self) -> TaggedWords:
        town = self._name("LOC", "town")
        return self._ordered("place", [self._word("place")], town) if self.rng.random() < 0.3 else town

    def _firm(self) -> TaggedWords:
        if self.rng.random() < 0.5:
            return self._name("ORG", "brand")
        parts = [self._form("brand" if self.rng.random() < 0.7 else "town"), self._form("firm")]
        ordered = parts[::-1] if self.language.first["firm"] else parts
        return [(ordered[0], "B-ORG"), (ordered[1], "I-ORG")]

    def _name(self, kind: str, *classes: str) -> TaggedWords:
        return [(self._form(name), f"{'I' if number else 'B'}-{kind}") for number, name in enumerate(classes)]

    def _word(self, kind: str) -> tuple[str, str]:
        return self._form(kind), "O"

    def _form(self, kind: str) -> str:
        key = kind, self._number(kind)
        form = self.language.lexicon[self.language.inventory.shared.get(key, key)]
        return form.capitalize() if kind in NAMES or (kind == "firm" and self.language.english) else form

    def _number(self, kind: str) -> int:
        """Draws a number by Zipf's law; the later half of the names is kept for test."""
        count = self.language.inventory.counts[kind] // (2 if kind in NAMES else 1)
        later = count if kind in NAMES and self.unseen and self.rng.random() < 0.5 else 0
        return later + int(np.searchsorted(_zipf(count), self.rng.random()))

    def _ordered(self, order: str, head: TaggedWords, rest: TaggedWords) -> TaggedWords:
        return head + rest if self.language.first[order] else rest + head


@cache
def _zipf(count: int) -> npt.NDArray[np.float64]:
    """Cumulative probabilities of ranks 1..count (count), in proportion to 1 / (rank + 1)."""
    weights = 1 / np.arange(2, count + 2)
    return np.asarray(np.cumsum(weights) / weights.sum())
