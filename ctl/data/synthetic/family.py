"""Families of related artificial languages: a controlled experiment in cross-lingual transfer.

A first language has words for things, deeds and qualities, function words, and inventories of names. The others
descend from it along a family tree. It is an invented proto-language at the root of the tree or, in a *readable*
family, English, one of the leaves: then the others are its invented cousins, and a person can judge a tag. A branch of
length t brings, in exact numbers that are rounded products,

* ``sound_changes * t`` regular sound changes, each applied to every native word without exception,
* ``replacement * t`` of the common words replaced by new roots,
* one of eight word-order parameters, by turns, turned round for every two units of t.

So the distance of two languages, the length of the path between them, is set and not hoped for; it does not matter
where the way along the tree begins. A share of the names is international: the same in all languages. Others are
inherited like words. Some names are ambiguous between a person, a place and an organisation, and half of the names of
the test split are in no training sentence, so that context must decide.
"""

from __future__ import annotations

import dataclasses
import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from ctl.data.synthetic.backbones import write_backbones
from ctl.data.synthetic.grammar import Speaker
from ctl.data.synthetic.languages import ORDERS, Drift, Inventory, Language, english_words, invented_words
from ctl.errors import CTLError
from ctl.system.files import read_object, whole
from ctl.system.numbers import NonNegativeFloat, PositiveInt, Seed, Share

FORMAT = 3


@dataclass(frozen=True)
class Branch:
    """A node of the family tree and the branch above it.

    Attributes:
        name: a language, or the languages below.
        length: of the branch.
        children: the branches below; none for a language.
    """

    name: str
    length: int
    children: tuple[Branch, ...] = ()

    def languages(self) -> list[str]:
        """The languages below."""
        return [self.name] if not self.children else [name for child in self.children for name in child.languages()]

    def path(self, language: str) -> list[Branch]:
        """The nodes from this one down to a language."""
        inside = [child for child in self.children if language in child.languages()]
        return [self, *(inside[0].path(language) if inside else [])]

    def seen_from(self, language: str) -> Branch | None:
        """The node above a language, with all others below it: the same tree, walked from that language; None alone."""
        above: Branch | None = None
        for parent, child in itertools.pairwise(self.path(language)):
            others = [branch for branch in parent.children if branch is not child]
            below = (*others, above) if above else tuple(others)
            above = Branch(parent.name, child.length, below) if below else None
        return above


@dataclass(frozen=True)
class SyntheticFamily:
    """Artificial languages, named by family and number: ``a1 a2 a3 b1 c1``, or ``en a2 a3 b1 c1`` if readable.

    ``a1`` is the natural target: ``a2`` is its sister at distance 2, ``a3`` a cousin at 4, family ``b`` is at 8, ``c``
    at 12, and each further family 4 more. All languages are equally far from the root of the tree.

    Attributes:
        families: number of languages in each family.
        train: sentences of every language's train split.
        raw: sentences of a1's train split: the target needs no labels, and raw text is cheap.
        validation: sentences of its validation split.
        test: sentences of its test split.
        seed: of everything.
        sound_changes: for a unit of branch length.
        replacement: share of the common words replaced for a unit of branch length.
        international: share of the names that are the same in all languages.
        ambiguous: share of the names that are also names of another type.
        vocabulary: entries of the WordPiece vocabulary.
        width: of the hidden states of encoder and decoder.
        layers: of either.
        readable: ``a1`` is English, with a small inventory of words, and is called ``en``.
    """

    families: tuple[PositiveInt, ...] = (3, 1, 1)
    train: PositiveInt = 2000
    raw: PositiveInt = 8000
    validation: PositiveInt = 400
    test: PositiveInt = 1000
    seed: Seed = 0
    sound_changes: NonNegativeFloat = 1.5
    replacement: Share = 0.05
    international: Share = 0.25
    ambiguous: Share = 0.3
    vocabulary: PositiveInt = 1200
    width: PositiveInt = 128
    layers: PositiveInt = 2
    readable: bool = False

    @cached_property
    def tree(self) -> Branch:
        """The family tree; every language is at the same depth."""
        families = [self._family(chr(ord("a") + number), size) for number, size in enumerate(self.families)]
        tree, height = families[0], 2
        for number, family in enumerate(families[1:], 1):
            joined = 2 + 2 * number
            below = [dataclasses.replace(tree, length=joined - height)]
            below.append(dataclasses.replace(family, length=joined - (2 if family.children else 0)))
            tree, height = Branch("-".join(child.name for child in below), 0, tuple(below)), joined
        return tree

    @property
    def target(self) -> str:
        """The language that the others are meant to help."""
        return "en" if self.readable else "a1"

    def _family(self, letter: str, size: int) -> Branch:
        """Two sisters at height 1, all cousins at height 2."""
        eldest = self.target if letter == "a" else f"{letter}1"
        if size == 1:
            return Branch(eldest, 0)
        sisters = Branch(f"{eldest}-{letter}2", 1, (Branch(eldest, 1), Branch(f"{letter}2", 1)))
        return Branch(letter, 0, (sisters, *(Branch(f"{letter}{number}", 2) for number in range(3, size + 1))))

    @property
    def languages(self) -> list[str]:
        """All languages."""
        return self.tree.languages()

    def distance(self, language: str, other: str) -> int:
        """Length of the path between two languages in the tree."""
        first, second = self.tree.path(language), self.tree.path(other)
        return sum(branch.length for branch in first + second if branch not in first or branch not in second)

    def grow(self) -> dict[str, Language]:
        """Derives every language from the first one."""
        rng = np.random.default_rng([self.seed, 0])
        return self._cousins(rng) if self.readable else self._descendants(rng)

    def _descendants(self, rng: np.random.Generator) -> dict[str, Language]:
        inventory = Inventory(invented_words(rng), rng, self.international, self.ambiguous)
        proto = Language("proto", inventory, inventory.original, dict.fromkeys(ORDERS, True))
        return dict(self._descend(self.tree, proto, Drift(rng), 0))

    def _cousins(self, rng: np.random.Generator) -> dict[str, Language]:
        inventory = Inventory(english_words(), rng, self.international, self.ambiguous)
        order = {**dict.fromkeys(ORDERS, True), "firm": False}
        english = Language(self.target, inventory, inventory.original, order, english=True)
        above = self.tree.seen_from(self.target)
        return {self.target: english, **(dict(self._descend(above, english, Drift(rng), 0)) if above else {})}

    def _descend(self, branch: Branch, parent: Language, drift: Drift, above: int) -> Iterator[tuple[str, Language]]:
        depth = above + branch.length
        language = parent.changed(
            branch.name,
            rules=drift.rules(round(self.sound_changes * above), round(self.sound_changes * depth)),
            replaced=round(self.replacement * branch.length * parent.common),
            turned=list(itertools.islice(drift.orders, branch.length // 2)),
            rng=drift.rng,
        )
        if not branch.children:
            yield branch.name, language
        for child in branch.children:
            yield from self._descend(child, language, drift, depth)

    def write(self, root: Path) -> None:
        """Writes a CoNLL tree, ``ROOT/<lang>/{train,validation,test}.txt``, ``ROOT/encoder`` and ``ROOT/decoder``.

        Does nothing where the same family stands already.

        Raises:
            CTLError: the folder holds something else.
        """
        manifest = json.dumps({"format": FORMAT, **dataclasses.asdict(self)}, indent=2)
        if root.is_dir() and any(root.iterdir()):
            if not (root / "family.json").is_file():
                raise CTLError(f"data.root {root}: not empty and not a synthetic family; choose another folder")
            if not self.changed(root):
                return
            self._check_nothing_else(root)
        with whole(root) as folder:
            folder.mkdir()
            text: list[str] = []
            for number, (name, language) in enumerate(self.grow().items()):
                text += self._write_language(folder / name, language, number)
            write_backbones(folder, text, self.vocabulary, self.width, self.layers, self.seed)
            (folder / "family.json").write_text(manifest, encoding="utf-8")

    def changed(self, root: Path) -> list[str]:
        """Names the settings in which the family that stands in a folder differs; none where there is none."""
        there = read_object(root / "family.json")
        here = json.loads(json.dumps({"format": FORMAT, **dataclasses.asdict(self)}))
        return [name for name, value in here.items() if there and there.get(name, False) != value]

    @staticmethod
    def _check_nothing_else(root: Path) -> None:
        """Refuses to replace a family beside which there is anything else."""
        there = read_object(root / "family.json")
        families, readable = tuple(there.get("families", ())), bool(there.get("readable"))
        languages = SyntheticFamily(families=families, readable=readable).languages if families else []
        written = {"family.json", "encoder", "decoder", *languages}
        if others := sorted({path.name for path in root.iterdir()} - written):
            raise CTLError(
                f"data.root {root}: other settings would replace the artificial languages there, but it also holds "
                f"{', '.join(others[:3])}, which ctl did not write; choose another folder"
            )

    def _write_language(self, folder: Path, language: Language, number: int) -> list[str]:
        """Writes the splits of the language of this number; returns the sentences of its train split."""
        folder.mkdir()
        text: list[str] = []
        sizes = {"train": self.train if number else self.raw, "validation": self.validation, "test": self.test}
        for kind, (split, size) in enumerate(sizes.items()):
            rng = np.random.default_rng([self.seed, 1, number, kind])
            sentences = [Speaker(language, rng, unseen=split == "test").sentence() for _ in range(size)]
            lines = ["".join(f"{word} {tag}\n" for word, tag in sentence) for sentence in sentences]
            (folder / f"{split}.txt").write_text("\n".join(lines), encoding="utf-8")
            if split == "train":
                text += [" ".join(word for word, _ in sentence) for sentence in sentences]
        return text
