"""Ready-made taggers in a transfer: what is read, what is planned, and what is refused before anything runs."""

import json
from pathlib import Path

import pytest

from ctl.commands.transfer import parse
from ctl.data.tags import TagSchema
from ctl.errors import CTLError
from ctl.main import main
from ctl.methods import Method
from ctl.transfer.plan import Plan
from ctl.transfer.planner import Planner, Split
from ctl.transfer.teachers.ready import (
    basic_methods,
    check_methods,
    check_taggers,
    read_taggers,
)
from ctl.transfer.teachers.stored import StoredLabels
from ctl.transfer.teachers.tagger import ReadyTagger

SPLITS = {f"{name}/{split}": Split(10, name) for name in ("en", "nl", "de", "mul") for split in
          ("train", "validation", "test", "text")}  # fmt: skip


@pytest.fixture(autouse=True)
def fingerprints(monkeypatch):
    """A fingerprint of a tagger is its name, so that plans need no files."""
    monkeypatch.setattr("ctl.transfer.teachers.tagger.ReadyTagger.fingerprint", property(lambda self: self.tagger))


def arguments(*more, teachers='{en: a/b, "*": spacy:xx}'):
    return [
        "--backbone", "encoder", "--target", "de", "--trainer.accelerator", "cpu", "--trainer.precision", "32-true",
        *(["--teachers", teachers] if teachers else []), *more,
    ]  # fmt: skip


def planned(*more, **given):
    transfer = parse(arguments(*more, **given))
    return Plan(transfer.methods, Planner(transfer.settings, "context", SPLITS))


def test_names_and_maps_are_read():
    given = {"en": "a/b", "*": {"model": "spacy:xx", "type_map": {"X": "PER"}}}
    assert read_taggers(given, "--teachers") == {
        "en": ReadyTagger("en", "a/b"), "mul": ReadyTagger("mul", "spacy:xx", {"X": "PER"})
    }  # fmt: skip
    assert read_taggers(None, "--teachers") == {}


@pytest.mark.parametrize("value", [{"type_map": {}}, {"model": "x", "colour": "red"}, {"model": 3}, ""])
def test_what_is_no_tagger(value):
    with pytest.raises(CTLError, match=r"--teachers en: .*give a name, or "):
        read_taggers({"en": value}, "--teachers")


def test_a_tagger_of_all_languages_labels_none_of_its_own():
    with pytest.raises(CTLError, match=r"--silver \*: gliner:x: which language does it label"):
        read_taggers({"*": "gliner:x"}, "--silver")


def test_an_unknown_kind_names_the_setting():
    with pytest.raises(CTLError, match="--silver fr: flair:ner: no tagger; there are spacy:NAME"):
        read_taggers({"fr": "flair:ner"}, "--silver")


def test_a_folder_outside_is_no_name():
    with pytest.raises(CTLError, match="can't be the name of a language"):
        read_taggers({"../en": "a/b"}, "--teachers")


def test_the_names_are_sources_and_nothing_is_trained_for_them():
    plan = planned()
    assert plan.settings.sources == ["en", "mul"] and plan.settings.labelled == []
    assert [str(method) for method in parse(arguments()).methods] == [
        "direct:en", "direct:mul", "ensemble:uniform", "ensemble:truth", "student:uniform", "student:truth"
    ]  # fmt: skip
    fits = [stage for stage in plan if stage.command == "fit"]
    assert {stage.config["model"]["class_path"] for stage in fits} == {"Student"}


def test_a_tagger_reads_subwords_of_its_own_or_the_text():
    backbones = {
        stage.config["model"]["init_args"]["source"]: stage.config["data"]["backbone"]
        for stage in planned() if stage.config["model"]["class_path"] == "ReadyMade"
    }  # fmt: skip
    assert backbones == {"en": "a/b", "mul": "encoder"}


def test_trained_and_ready_made_teachers_are_mixed_in_the_order_of_the_sources():
    plan = planned("--sources", "[nl]", "--methods", "[student:uniform]", teachers="{en: a/b}")
    (mixture,) = [stage for stage in plan if stage.config["model"]["class_path"] == "Ensemble"]
    folders = [Path(path).parts[-3] for path in mixture.config["model"]["init_args"]["teachers"]]
    assert folders == ["nl", "en"]
    (fit,) = [stage for stage in plan if stage.config["model"]["class_path"] == "Teacher" and stage.command == "fit"]
    assert fit.config["data"]["sources"] == ["nl"]


def test_a_key_changes_with_the_tagger_alone():
    def keys(teachers):
        plan = planned("--sources", "[nl]", teachers=teachers)
        return {stage.title: stage.key for stage in plan}

    before, after = keys("{en: a/b}"), keys("{en: a/c}")
    same = {title for title in before if before[title] == after[title]}
    assert same == {"train teacher of nl", "teacher of nl labels de", "score direct:nl"}


def test_weights_by_similarity_read_raw_text_of_the_sources():
    plan = planned("--sources", "[nl]", "--methods", "[ensemble:learned]", teachers="{en: a/b}")
    (fit,) = [stage for stage in plan if stage.title == "train language identifier"]
    assert fit.config["data"]["text"] == ["en"] and fit.config["data"]["sources"] == ["nl", "en"]
    assert fit.context.split()[1::2] == ["nl/train", "nl/validation", "en/text"]
    plan = planned("--sources", "[nl]", "--methods", "[ensemble:nearest]", teachers="{en: a/b}")
    (nearest,) = [stage for stage in plan if stage.config["model"]["class_path"] == "NearestLanguages"]
    assert nearest.context.split()[1::2] == ["de/train", "nl/train", "en/text"]


def test_without_that_text_the_run_stops(family, capsys):
    run = ["transfer", *arguments("--data.root", str(family), "--target", "a1", "--methods", "[ensemble:cosine]")]
    assert main(run) == 2
    message = capsys.readouterr().err
    assert "method ensemble:cosine: weights by similarity need raw text of en (unknown language en" in message
    assert "or choose the weighting uniform, agreement, truth or fixed" in message


@pytest.mark.parametrize("name", ["pooled", "student:uniform+joint", "student:uniform+adapted", "merged:uniform",
                                  "ensemble:uniform+calibrated", "seeds:en"])  # fmt: skip
def test_methods_that_train_on_labels_that_are_not_there(name):
    ready = {"en": ReadyTagger("en", "a/b")}
    with pytest.raises(CTLError, match="--teachers names a ready-made tagger for en"):
        check_methods([Method.parse(name)], ready, ["en", "nl"])
    check_methods([Method.parse(name)], {}, ["en", "nl"])


def test_methods_that_need_none():
    ready = {"en": ReadyTagger("en", "a/b")}
    names = [
        "direct:nl+adapted",
        "student:uniform+abstain",
        "ensemble:learned",
        "seeds:nl",
        "supervised",
        "student:fixed+knn",
    ]
    check_methods([Method.parse(name) for name in names], ready, ["en", "nl"])


def test_every_tagger_is_opened_before_anything_runs(tmp_path):
    with pytest.raises(CTLError, match=r"--teachers en: .*no config\.json, so no model of transformers"):
        check_taggers({"en": ReadyTagger("en", str(tmp_path))}, TagSchema(("PER",)), "--teachers")


def test_records_of_other_runs_do_not_name_the_setting():
    transfer = parse(arguments("--sources", "[nl]", teachers=None))
    assert not {"teachers", "silver"} & transfer.settings.recorded().keys()
    assert parse(arguments()).settings.recorded()["teachers"] == {"en": "a/b", "*": "spacy:xx"}


# Silver sources


def test_a_silver_source_is_labelled_first_and_taught_then():
    plan = planned(
        "--silver", "{en: spacy:en_x}", "--sources", "[nl]", "--methods", "[pooled, direct:en]", teachers=None
    )
    assert plan.settings.sources == ["nl", "en"] and plan.settings.labelled == ["nl", "en"]
    (labels,) = [stage for stage in plan if stage.config["model"]["class_path"] == "ReadyMade"]
    assert labels.config["data"]["target"] == "en" and labels.context.split()[1::2] == [
        "en/train",
        "en/validation",
        "tagger",
    ]
    fits = {stage.title: stage for stage in plan if stage.command == "fit"}
    assert fits.keys() == {"train teacher of en", "train teacher of nl, en"}
    for fit in fits.values():
        assert fit.config["data"]["silver"] == {"en": str(labels.folder / "soft_labels")} and labels in fit.after


@pytest.mark.parametrize("given", [["--leave_one_out", "true"], ["--methods", '["ensemble:learned+sharp"]']])
def test_weightings_are_not_tried_on_labels_that_are_not_gold(given):
    with pytest.raises(CTLError, match="try weightings on gold labels of every source, and en has a ready-made tagger"):
        parse(arguments("--sources", "[nl,es]", "--silver", "{en: spacy:x}", *given, teachers=None))


def test_a_language_is_not_both():
    with pytest.raises(CTLError, match="en is in --teachers and in --silver"):
        parse(arguments("--silver", json.dumps({"en": "spacy:x"})))


def test_votes_alone_have_a_student():
    ready = {"crowd": StoredLabels("crowd", "nowhere")}
    assert basic_methods(ready, ["crowd"]) == ["student:uniform"]
    assert basic_methods({}, ["crowd"]) is None
