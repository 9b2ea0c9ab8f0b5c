"""The words of artificial languages, and how they change from a language to its daughters."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources

import numpy as np

CONSONANTS, VOWELS = "ptkbdgfszmnlrvhcjw", "aeiou"
WORDS = {  # how many an invented proto-language has of each class
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


class Inventory:
    """The things to talk about: the words of the first language, and which names have several uses.

    Args:
        words: of every class, the forms in the first language; the later half of each class of names is kept for test.
        rng: draws what follows.
        international: share of the names that are the same in all languages.
        ambiguous: share of the towns and brands that bear the form of a surname.

    Attributes:
        counts: how many there are of each class.
        original: form by class and number in the first language.
        fixed: the international names.
        shared: the ambiguous names, and the surname whose form each bears.
    """

    def __init__(self, words: Mapping[str, Sequence[str]], rng: Rng, international: float, ambiguous: float) -> None:
        self.counts = {kind: len(forms) for kind, forms in words.items()}
        self.original: Lexicon = {(kind, number): form for kind in words for number, form in enumerate(words[kind])}
        self.fixed: set[tuple[str, int]] = set()
        for kind in NAMES:
            chosen = rng.choice(self.counts[kind], size=round(international * self.counts[kind]), replace=False)
            self.fixed |= {(kind, int(number)) for number in chosen}
        self.shared: dict[tuple[str, int], tuple[str, int]] = {}
        for kind in ("town", "brand"):
            chosen = rng.choice(self.counts[kind], size=round(ambiguous * self.counts[kind]), replace=False)
            surnames = rng.choice(self.counts["surname"], size=len(chosen), replace=False)
            self.shared |= {(kind, int(a)): ("surname", int(b)) for a, b in zip(chosen, surnames, strict=True)}


def invented_words(rng: Rng) -> dict[str, list[str]]:
    """The words of a proto-language that nobody speaks, by class."""
    taken: set[str] = set()
    return {
        kind: [new_root(rng, taken, short=kind in ("determiner", "in", "of", "to")) for _ in range(count)]
        for kind, count in {**WORDS, **NAMES}.items()
    }


def english_words() -> dict[str, list[str]]:
    """The words of English that stand in ``english.txt``, in lower case, by class."""
    words: dict[str, list[str]] = {}
    for line in resources.files("ctl.data.synthetic").joinpath("english.txt").read_text("utf-8").splitlines():
        kind, _, forms = line.partition(": ")
        if not line.startswith("#"):
            words.setdefault(kind, []).extend(forms.lower().split())
    return words


@dataclass(frozen=True)
class Language:
    """One language: the form of every word, and the order of phrases.

    Attributes:
        name: the language.
        inventory: the things to talk about.
        lexicon: form by class and number.
        first: which heads go first.
        english: it is English or a cousin: sentences and the words for kinds of firms begin with a capital, as names
            always do, and verbs have persons and firms as objects too.
    """

    name: str
    inventory: Inventory
    lexicon: Mapping[tuple[str, int], str]
    first: Mapping[str, bool]
    english: bool = False

    @property
    def common(self) -> int:
        """The number of common words: all but the names."""
        return sum(kind in WORDS for kind, _ in self.lexicon)

    def changed(self, name: str, rules: Sequence[Rule], replaced: int, turned: Sequence[str], rng: Rng) -> Language:
        """Makes a daughter language.

        Args:
            name: of the daughter.
            rules: sound changes.
            replaced: number of common words that new roots replace, evenly over classes.
            turned: word orders that turn round.
            rng: draws the new roots.
        """
        lexicon = {
            key: form if key in self.inventory.fixed else apply(rules, form) for key, form in self.lexicon.items()
        }
        common, taken = [key for key in lexicon if key[0] in WORDS], set(lexicon.values())
        replaced = min(replaced, len(common))
        for index in ((np.arange(replaced) + rng.random()) * len(common) / max(1, replaced)).astype(int):
            lexicon[common[index]] = new_root(rng, taken, short=len(lexicon[common[index]]) < 4)
        first = {order: head != (order in turned) for order, head in self.first.items()}
        return Language(name, self.inventory, lexicon, first, self.english)


def new_root(rng: Rng, taken: set[str], short: bool = False) -> str:
    """Makes a root of one to three syllables that no word has yet, and adds it to those that are taken."""
    while True:
        syllables = 1 if short else int(rng.integers(2, 4))
        root = "".join(str(rng.choice(list(CONSONANTS))) + str(rng.choice(list(VOWELS))) for _ in range(syllables))
        root += str(rng.choice(list(CONSONANTS))) if rng.random() < 0.5 else ""
        if root not in taken:
            taken.add(root)
            return root


Rule = tuple[str, str, str]


class Drift:
    """The changes of a family: sounds and word orders take turns, so that chance does not set the distance."""

    def __init__(self, rng: Rng) -> None:
        self.rng = rng
        self.sounds = {kind: self._shuffled(kind) for kind in (CONSONANTS, VOWELS)}
        self.orders = itertools.cycle(ORDERS)

    def rules(self, first: int, last: int) -> list[Rule]:
        """Sound changes ``first`` to ``last - 1``, counted from the root: a sound, its new sound, where in the word."""
        rules = []
        for number in range(first, last):
            kind, position = TURNS[number % len(TURNS)]
            old = next(self.sounds[kind])
            rules.append((old, str(self.rng.choice(list(kind.replace(old, "")))), position))
        return rules

    def _shuffled(self, kind: str) -> Iterator[str]:
        """All sounds of a kind, each once before any comes again."""
        while True:
            yield from map(str, self.rng.permutation(list(kind)))


def apply(rules: Sequence[Rule], form: str) -> str:
    """The form after these changes, in order."""
    for old, new, position in rules:
        head, inner, tail = form[:1], form[1:-1], form[-1:] if len(form) > 1 else ""
        match position:
            case "initial":
                head = head.replace(old, new)
            case "inner":
                inner = inner.replace(old, new)
            case "final":
                tail = tail.replace(old, new)
        form = head + inner + tail
    return form
