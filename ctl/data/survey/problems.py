"""Problems that a survey finds, in words, each with its remedy."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

from ctl.data.survey.roles import Roles, types_of
from ctl.data.survey.tree import LanguageFacts
from ctl.system.names import some

MANY_TOKENS = 3.0  # a word; backbones that know a language need fewer than two
UNKNOWN = 0.01  # share of tokens
DUPLICATES = 0.05  # share of a split's sentences
NAMED = 6  # of many in a line


def problems(languages: Mapping[str, LanguageFacts], chosen: Roles) -> list[str]:
    """Says what is wrong, each with its remedy.

    Args:
        languages: what is known of each.
        chosen: which are sources, and which is the target.
    """
    lines = [
        line for name, language in languages.items() for line in _of_language(name, language, name == chosen.target)
    ]
    return [*lines, *_of_duplicates(languages), *_of_types(languages, chosen), *_of_scripts(languages, chosen)]


def _of_language(name: str, language: LanguageFacts, is_target: bool) -> Iterator[str]:
    """Goes through one language."""
    yield from (f"{reason} (read as raw text)" for reason in language.untagged)
    yield from _of_roles(name, language, is_target)
    yield from _of_subwords(name, language)
    if language.unread:
        yield f"{some(language.unread, NAMED)}: not read, as no split has this name (train, validation or dev, test)"


def _of_roles(name: str, language: LanguageFacts, is_target: bool) -> Iterator[str]:
    """Says what a language lacks for what it is to be."""
    if "train" not in language.splits:
        yield f"{name}: no train split, so it is neither source nor target"
    elif is_target and not language.is_labelled("test"):
        yield f"{name}: no labelled test split: a transfer to it trains everything and scores nothing"
    elif not is_target and not language.can_teach:
        lacking = [split for split in ("train", "validation") if not language.is_labelled(split)]
        states = {split: "has no entities" if split in language.splits else "is not there" for split in lacking}
        said = " and ".join(f"{split} {state}" for split, state in states.items())
        yield f"{name}: a target but no source, which needs labelled train and validation splits ({said})"


def _of_duplicates(languages: Mapping[str, LanguageFacts]) -> Iterator[str]:
    """Says what stands twice in a split, or in two: a line for all languages."""
    repeated: list[str] = []
    shared: dict[tuple[str, str], list[str]] = defaultdict(list)
    for name, language in languages.items():
        for split, facts in language.splits.items():
            if facts.duplicates > DUPLICATES * facts.sentences:
                repeated.append(f"{name}/{split} {facts.duplicates / facts.sentences:.1%}")
            for other, count in facts.seen.items():
                shared[split, other] += [f"{name} {count:,} ({count / facts.sentences:.1%})"] if count else []
    if repeated:
        yield f"many sentences are repeated in their split: {some(repeated, NAMED)}"
    for (split, other), counts in shared.items():
        remedy = "; --data.drop_test_duplicates true leaves them out" if (split, other) == ("test", "train") else ""
        if counts:
            yield f"{split} sentences stand in {other} as well: {some(counts, NAMED)}{remedy}"


def _of_subwords(name: str, language: LanguageFacts) -> Iterator[str]:
    """Says where a tokenizer hardly knows a language."""
    if (cut := language.subwords) is None:
        return
    if cut.unknown > UNKNOWN:
        yield f"{name}: the tokenizer does not know {cut.unknown:.1%} of its text: take another backbone"
    if cut.per_word > MANY_TOKENS:
        yield (
            f"{name}: {cut.per_word:.1f} tokens a word; a backbone that knows a language has fewer than two: take "
            "another, or let it read the text first (methods with +adapted)"
        )


def _of_types(languages: Mapping[str, LanguageFacts], chosen: Roles) -> Iterator[str]:
    """Says which types some of the sources lack, and which the target's test split lacks or has more."""
    union = types_of(languages, chosen.sources)
    for name in chosen.sources:
        if lacking := [kind for kind in union if kind not in languages[name].types]:
            yield (
                f"{name}: no {', '.join(lacking)}, which other sources have; if it has them under other names: "
                f"--data.type_map '{{OTHER: {lacking[0]}}}'"
            )
    target = languages.get(chosen.target or "")
    if union and target and (more := [kind for kind in target.types if kind not in union]):
        yield f"{chosen.target}: no source has {', '.join(more)}, so no model learns it"


def _of_scripts(languages: Mapping[str, LanguageFacts], chosen: Roles) -> Iterator[str]:
    """Says where the target is written in a script of its own."""
    if chosen.target is None or not chosen.sources:
        return
    script, others = languages[chosen.target].script, {languages[name].script for name in chosen.sources}
    if script not in others:
        yield (
            f"{chosen.target} is written in another script ({script}) than all sources ({', '.join(sorted(others))}): "
            "expect less of a transfer"
        )
