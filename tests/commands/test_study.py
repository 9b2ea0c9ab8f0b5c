import json
from pathlib import Path

import pytest

from ctl.commands.study import BASIC, BASIC_READY, parse
from ctl.errors import CTLError
from ctl.main import main

GIVEN = ["--backbone", "x", "--languages", "[en,nl,es]", "--targets", "[de]"]


def test_defaults_of_a_study():
    study = parse([*GIVEN, "--output", "runs/s"])
    assert study.settings.methods == list(BASIC)
    assert study.settings.pretrain_languages == ["en", "nl", "es", "de"] and study.pool("de") == ["en", "nl", "es"]


def test_mistakes_stop_before_anything_is_read():
    with pytest.raises(CTLError, match="9/8"):
        parse([*GIVEN, "--shard", "9/8"])
    with pytest.raises(CTLError, match="fixed weights need --weights"):
        parse([*GIVEN, "--methods", "[ensemble:fixed]"])


TAGGERS = ["--teachers", '{fr: org/tagger, "*": gliner:org/all}', "--silver", "{pl: spacy:pl_core_news_sm}"]


def test_ready_made_taggers_are_languages_of_a_study():
    study = parse([*GIVEN, "--output", "runs/s", *TAGGERS, "--targets", "[de,fr]"])
    assert study.pool("de") == ["en", "nl", "es", "fr", "mul", "pl"] and "fr" not in study.pool("fr")
    assert study.settings.methods == list(BASIC_READY)
    assert study.settings.pretrain_languages == ["en", "nl", "es", "pl", "de"]  # fr is no text of a source
    few = study.settings.of(["en", "mul"], "de", 0, Path("x"))
    assert few.teachers == {"*": "gliner:org/all"} and list(few.ready) == ["mul"]
    assert few.silver is None and few.gold == ["en"]
    assert study.transfer("fr").teachers == {"*": "gliner:org/all"} and list(study.transfer("fr").silvered) == ["pl"]


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--methods", "[pooled]"], "method pooled trains on labelled data .* a ready-made tagger for fr, mul"),
        (["--leave_one_out", "true"], "fr has a ready-made tagger in their place"),
        (["--silver", "{fr: org/tagger}"], "fr is in --teachers and in --silver"),
    ],
)
def test_what_a_ready_made_tagger_can_not_be_used_for(more, message):
    with pytest.raises(CTLError, match=message):
        parse([*GIVEN, *TAGGERS, *more])


def test_a_study_with_ready_made_taggers(family, write_classifier, tmp_path):
    tagger = write_classifier("O", "B-PERSON", "I-PERSON", "B-GPE", "I-GPE")
    study = [
        "--data.root", str(family), "--backbone", str(family / "encoder"), "--data.limit", "20", "--targets", "[a1]",
        "--teachers", f"{{en: {tagger}}}", "--silver", f"{{a2: {tagger}}}", "--subsets.nested", "[2]", "--subsets.by",
        "given", "--seeds", "[0]", "--methods", '["direct", "student:uniform"]', "--teacher_steps", "2",
        "--student_steps", "2", "--validations", "1", "--trainer.accelerator", "cpu", "--output", str(tmp_path),
    ]  # fmt: skip
    assert main(["study", *study]) == 0
    (results,) = tmp_path.glob("seed0/a1/en+a2/results.json")
    records = {record["method"]: record for record in json.loads(results.read_text())}
    assert {name: record.get("silver") for name, record in records.items()} == {
        "direct:en": None, "direct:a2": ["a2"], "student:uniform": ["a2"]
    }  # fmt: skip
    assert (
        not list(tmp_path.glob("seed0/teachers/en/**/*.ckpt")) and (tmp_path / "seed0/silver/a2/soft_labels").is_dir()
    )
