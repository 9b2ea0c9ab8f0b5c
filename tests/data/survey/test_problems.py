import pytest
from made_up_survey import TYPES, labelled, language, split

from ctl.data.survey.problems import problems
from ctl.data.survey.roles import roles

CASES = {
    "nothing": (labelled(), []),
    "twice in a split": (
        language(train=split(TYPES, duplicates=6), validation=TYPES),
        ["many sentences are repeated in their split: en/train 6.0%"],
    ),
    "hardly twice": (language(train=split(TYPES, duplicates=5), validation=TYPES), []),
    "in two splits": (
        language(
            train=TYPES,
            validation=split(TYPES, seen={"train": 1}),
            test=split(TYPES, seen={"train": 11, "validation": 0}),
        ),
        [
            "validation sentences stand in train as well: en 1 (1.0%)",
            "test sentences stand in train as well: en 11 (11.0%); --data.drop_test_duplicates true leaves them out",
        ],
    ),
    "no validation": (
        language(train=TYPES, validation={}),
        ["en: a target but no source, which needs labelled train and validation splits (validation has no entities)"],
    ),
    "no text": (language(test=TYPES), ["en: no train split, so it is neither source nor target"]),
    "many tokens": (labelled(subwords=(3.2, 0.0)), ["en: 3.2 tokens a word"]),
    "unknown tokens": (labelled(subwords=(1.2, 0.05)), ["en: the tokenizer does not know 5.0% of its text"]),
    "known tokens": (labelled(subwords=(2.9, 0.001)), []),
    "a file of no split": (labelled(unread=("en/trian.txt",)), ["en/trian.txt: not read, as no split has this name"]),
    "tags": (labelled(untagged=("en/dev.txt:3: unknown tag",)), ["en/dev.txt:3: unknown tag (read as raw text)"]),
}


@pytest.mark.parametrize("case", CASES)
def test_each_is_said_and_nothing_else(case):
    """Of one language, beside a source and a target of which nothing is to be said."""
    english, expected = CASES[case]
    languages = {"de": labelled(), "en": english, "nl": labelled()}
    said = problems(languages, roles(languages, "nl"))
    assert len(said) == len(expected) and all(map(str.startswith, said, expected))


def test_what_is_said_of_a_target():
    languages = {"de": labelled(), "ru": language(train=100, script="CYRILLIC")}
    assert problems(languages, roles(languages)) == [
        "ru: no labelled test split: a transfer to it trains everything and scores nothing",
        "ru is written in another script (cyrillic) than all sources (latin): expect less of a transfer",
    ]


def test_types_that_differ():
    languages = {
        "de": labelled({"PER": 1}),
        "en": labelled({"PER": 1, "DATE": 1}),
        "nl": labelled({"PER": 1, "LAW": 2}),
    }
    lacking, more = problems(languages, roles(languages, "nl"))
    assert lacking.startswith(
        "de: no DATE, which other sources have; if it has them under other names: --data.type_map"
    )
    assert more == "nl: no source has LAW, so no model learns it"
