"""How an artificial language comes about and speaks: its words, how they change, and a small grammar."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

CONSONANTS, VOWELS = "ptkbdgfszmnlrvhcjw", "aeiou"
WORDS = {  # how many the proto-language has of each class
    "noun": 800, "verb": 200, "adjective": 300,
    "determiner": 4, "conjunction": 1, "in": 6, "of": 4, "to": 5,
    "title": 12, "says": 12, "serves": 12, "travels": 12, "place": 10, "firm": 10,
}  # fmt: skip
NAMES = {"given": 600, "surname": 1200, "town": 1200, "brand": 800}
ORDERS = (  # each first or last in its phrase, turned round by turns
    "verb", "adposition", "adjective", "determiner", "given", "place", "title", "firm",
)  # fmt: skip
TURNS = (  # which sounds change next, and where in the word
    (CONSONANTS, "initial"), (VOWELS, "inner"), (CONSONANTS, "inner"), (CONSONANTS, "final"),
    (CONSONANTS, "initial"), (VOWELS, "final"), (CONSONANTS, "inner"), (CONSONANTS, "final"),
)  # fmt: skip
Rng = np.random.Generator
Lexicon = dict[tuple[str, int], str]
Tagged = list[tuple[str, str]]


class Inventory:
    """What there is to talk about: the words of the proto-language, and which names have several uses."""

    def __init__(self, rng: Rng, international: float, ambiguous: float) -> None:
        self.proto: Lexicon = {}
        self.fixed: set[tuple[str, int]] = set()
        taken: set[str] = set()
        for kind, count in {**WORDS, **NAMES}.items():
            for number in range(count):
                self.proto[kind, number] = new_root(rng, taken, short=kind in ("determiner", "in", "of", "to"))
        for kind, count in NAMES.items():
            chosen = rng.choice(count, size=round(international * count), replace=False)
            self.fixed |= {(kind, int(number)) for number in chosen}
        # ambiguous names: a town or a brand that bears the form of a surname
        self.shared: dict[tuple[str, int], tuple[str, int]] = {}
        for kind in ("town", "brand"):
            chosen = rng.choice(NAMES[kind], size=round(ambiguous * NAMES[kind]), replace=False)
            surnames = rng.choice(NAMES["surname"], size=len(chosen), replace=False)
            self.shared |= {(kind, int(a)): ("surname", int(b)) for a, b in zip(chosen, surnames, strict=True)}


@dataclass(frozen=True)
class Language:
    """One language: the form of every word, and the order of phrases.

    Attributes:
        name: the language.
        inventory: what there is to talk about.
        lexicon: form by class and number.
        first: which heads go first.
    """

    name: str
    inventory: Inventory
    lexicon: Mapping[tuple[str, int], str]
    first: Mapping[str, bool]

    def changed(self, name: str, rules: Sequence[Rule], replaced: int, turned: Sequence[str], rng: Rng) -> Language:
        """A daughter: after these sound changes, so many words replaced, evenly over classes, these orders turned."""
        lexicon = {
            key: form if key in self.inventory.fixed else apply(rules, form) for key, form in self.lexicon.items()
        }
        common, taken = [key for key in lexicon if key[0] in WORDS], set(lexicon.values())
        replaced = min(replaced, len(common))
        for index in ((np.arange(replaced) + rng.random()) * len(common) / max(1, replaced)).astype(int):
            lexicon[common[index]] = new_root(rng, taken, short=len(lexicon[common[index]]) < 4)
        first = {order: head != (order in turned) for order, head in self.first.items()}
        return Language(name, self.inventory, lexicon, first)

    def sentence(self, rng: Rng, unseen: bool) -> Tagged:
        """A tagged sentence; with ``unseen``, half of its names are such as training never shows."""
        return _Speaker(self, rng, unseen).sentence()


def new_root(rng: Rng, taken: set[str], short: bool = False) -> str:
    """A root that no word has yet, and now is taken: one syllable, or two or three."""
    while True:
        syllables = 1 if short else int(rng.integers(2, 4))
        root = "".join(str(rng.choice(list(CONSONANTS))) + str(rng.choice(list(VOWELS))) for _ in range(syllables))
        root += str(rng.choice(list(CONSONANTS))) if rng.random() < 0.5 else ""
        if root not in taken:
            taken.add(root)
            return root


Rule = tuple[str, str, str]


class Drift:
    """How a family changes: places of sounds and word orders take turns, so that chance does not set the distance."""

    def __init__(self, rng: Rng) -> None:
        self.rng = rng
        self.sounds = {kind: self._shuffled(kind) for kind in (CONSONANTS, VOWELS)}
        self.orders = itertools.cycle(ORDERS)

    def rules(self, first: int, last: int) -> list[Rule]:
        """The changes from the first to before the last, counted from the root: a sound, what it becomes, and where."""
        rules = []
        for number in range(first, last):
            kind, place = TURNS[number % len(TURNS)]
            old = next(self.sounds[kind])
            rules.append((old, str(self.rng.choice(list(kind.replace(old, "")))), place))
        return rules

    def _shuffled(self, kind: str) -> Iterator[str]:
        """All sounds of a kind, each once before any comes again."""
        while True:
            yield from map(str, self.rng.permutation(list(kind)))


def apply(rules: Sequence[Rule], form: str) -> str:
    """The form after these changes, in order."""
    for old, new, place in rules:
        head, inner, tail = form[:1], form[1:-1], form[-1:] if len(form) > 1 else ""
        match place:
            case "initial":
                head = head.replace(old, new)
            case "inner":
                inner = inner.replace(old, new)
            case "final":
                tail = tail.replace(old, new)
        form = head + inner + tail
    return form


class _Speaker:
    """Makes sentences of a small grammar."""

    def __init__(self, language: Language, rng: Rng, unseen: bool) -> None:
        self.language = language
        self.rng = rng
        self.unseen = unseen

    def sentence(self) -> Tagged:
        patterns = (
            self._says,
            self._serves,
            self._travels,
            self._firm_acts,
            self._plain,
            self._plain_in,
            self._of_place,
        )
        return [*patterns[self.rng.integers(len(patterns))](), (".", "O")]

    def _says(self) -> Tagged:
        return self._clause(self._person(), "says", self._thing())

    def _serves(self) -> Tagged:
        return self._clause(self._person(), "serves", self._firm())

    def _travels(self) -> Tagged:
        traveller = self._person() if self.rng.random() < 0.6 else self._thing()
        return self._clause(traveller, "travels", self._adposition("to", self._town()))

    def _firm_acts(self) -> Tagged:
        return self._clause(self._firm(), "verb", self._thing() + self._maybe_where())

    def _plain(self) -> Tagged:
        return self._clause(self._thing(), "verb", self._thing())

    def _plain_in(self) -> Tagged:
        return self._clause(self._thing(), "verb", self._thing() + self._adposition("in", self._town()))

    def _of_place(self) -> Tagged:
        person = self._person() + self._adposition("of", self._town())
        return self._clause(person, "verb", self._thing())

    def _clause(self, subject: Tagged, verb: str, rest: Tagged) -> Tagged:
        deed = [self._word(verb)]
        return subject + (deed + rest if self.language.first["verb"] else rest + deed)

    def _maybe_where(self) -> Tagged:
        return self._adposition("in", self._town()) if self.rng.random() < 0.4 else []

    def _adposition(self, kind: str, phrase: Tagged) -> Tagged:
        return self._ordered("adposition", [self._word(kind)], phrase)

    def _thing(self) -> Tagged:
        noun = [self._word("noun")]
        if self.rng.random() < 0.4:
            noun = self._ordered("adjective", [self._word("adjective")], noun)
        return self._ordered("determiner", [self._word("determiner")], noun) if self.rng.random() < 0.5 else noun

    def _person(self) -> Tagged:
        if self.rng.random() < 0.4:
            return self._ordered("title", [self._word("title")], self._name("PER", "surname"))
        full = ("given", "surname") if self.language.first["given"] else ("surname", "given")
        return self._name("PER", *full) if self.rng.random() < 0.6 else self._name("PER", "surname")

    def _town(self) -> Tagged:
        town = self._name("LOC", "town")
        return self._ordered("place", [self._word("place")], town) if self.rng.random() < 0.3 else town

    def _firm(self) -> Tagged:
        if self.rng.random() < 0.5:
            return self._name("ORG", "brand")
        parts = [self._form("brand" if self.rng.random() < 0.7 else "town"), self._form("firm")]
        ordered = parts[::-1] if self.language.first["firm"] else parts
        return [(ordered[0], "B-ORG"), (ordered[1], "I-ORG")]

    def _name(self, kind: str, *classes: str) -> Tagged:
        return [(self._form(name), f"{'I' if place else 'B'}-{kind}") for place, name in enumerate(classes)]

    def _word(self, kind: str) -> tuple[str, str]:
        return self._form(kind), "O"

    def _form(self, kind: str) -> str:
        key = kind, self._number(kind)
        form = self.language.lexicon[self.language.inventory.shared.get(key, key)]
        return form.capitalize() if kind in NAMES else form

    def _number(self, kind: str) -> int:
        """Zipf's law; of the names, the later half is kept for test."""
        count = NAMES[kind] // 2 if kind in NAMES else WORDS[kind]
        later = count if kind in NAMES and self.unseen and self.rng.random() < 0.5 else 0
        return later + int(np.searchsorted(_zipf(count), self.rng.random()))

    def _ordered(self, order: str, head: Tagged, rest: Tagged) -> Tagged:
        return head + rest if self.language.first[order] else rest + head


@cache
def _zipf(count: int) -> npt.NDArray[np.float64]:
    """Cumulative probabilities of ranks 1..count, in proportion to 1 / (rank + 1)."""
    weights = 1 / np.arange(2, count + 2)
    return np.asarray(np.cumsum(weights) / weights.sum())
