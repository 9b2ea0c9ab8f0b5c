from dataclasses import fields, replace
from pathlib import Path

import pytest
from jsonargparse import ArgumentParser

from ctl.data.datamodule import NERDataModule
from ctl.errors import CTLError
from ctl.methods import Method
from ctl.transfer.settings import (
    SECTIONS,
    STEPS,
    Length,
    Settings,
    StudySettings,
    TransferSettings,
    add_settings,
    check_weights,
    read_settings,
    with_types,
)

TRANSFER = ["--backbone", "encoder", "--sources", "[en,nl]", "--target", "de", "--trainer.accelerator", "cpu"]


def read(*more, kind=TransferSettings, first=TRANSFER):
    parser = ArgumentParser()
    add_settings(parser, kind)
    return read_settings(kind, parser, [*first, *more])[0]


def test_options_become_settings():
    settings = read("--teacher.lr", "1e-3", "--seed", "3", "--weights", "{en: 0.5, nl: 0.5}")
    assert (settings.sources, settings.target, settings.seed) == (["en", "nl"], "de", 3)
    assert settings.teacher["lr"] == 1e-3 and settings.llm_teacher["lr"] == 2e-4
    assert settings.weights == {"en": 0.5, "nl": 0.5}


def test_every_setting_has_an_option_with_a_help_text():
    parser = ArgumentParser()
    add_settings(parser, StudySettings)
    parser.add_argument("--dry_run", help="a flag of the command")
    helps = {action.dest: action.help for action in parser._actions}
    names = {entry.name for entry in fields(StudySettings)} - SECTIONS.keys()
    assert all(helps[name] for name in names)


def test_sections_of_data_and_trainer_hold_what_was_given():
    settings = read("--data.root", "somewhere")
    assert settings.data["root"] == "somewhere" and "hub" not in settings.data and "limit" not in settings.data
    assert settings.trainer["accelerator"] == "cpu" and settings.trainer["gradient_clip_val"] == 1.0
    assert "max_time" not in settings.trainer


def test_settings_that_came_later_are_named_where_they_change_something():
    assert "drop_test_duplicates" not in read().data and "schedule" not in read().language_id
    assert read("--data.drop_test_duplicates", "true").data["drop_test_duplicates"] is True
    assert read("--language_id.schedule", "linear").language_id["schedule"] == "linear"


def test_fast_takes_fewer_sentences_and_steps_where_no_number_is_given():
    assert read("--fast").data["limit"] == 2000 and read("--fast", "--data.limit", "5").data["limit"] == 5
    fast = read("--fast", "--student_steps", "2000", "--llm_backbone", "x")
    assert fast.of_family("").length == fast.of_family("llm").length == (500, None)
    assert fast.student_length == (2000, None) and read().student_length == (STEPS, None)


def test_each_family_has_settings_of_its_own():
    settings = read("--llm_backbone", "decoder", "--llm_teacher_epochs", "7", "--llm_pretrain_epochs", "2")
    encoders, decoders = settings.of_family(""), settings.of_family("llm")
    assert (encoders.backbone, encoders.pretrain_epochs) == ("encoder", 0)
    assert (decoders.backbone, decoders.pretrain_epochs, decoders.length.epochs) == ("decoder", 2, 7)
    assert decoders.teacher["lora_rank"] == 16 and encoders.teacher["lora_rank"] == 0
    assert decoders.adapt["masked"] == 0 and encoders.adapt["masked"] > 0


def test_a_length_in_steps_or_epochs():
    by_steps, by_epochs = Length(2000), Length(2000, epochs=3)
    assert by_steps.trainer == {"max_steps": 2000, "max_epochs": -1} and by_epochs.trainer == {"max_epochs": 3}
    assert by_steps.taken(100, 8) == 2000 and by_epochs.taken(100, 8) == 3 * 13
    assert by_steps.read(100, 8) == 16_000 and by_epochs.read(100, 8) == 300
    assert read("--data.batch_size", "8", "--trainer.accumulate_grad_batches", "4").batch == 32


def test_languages_that_a_backbone_reads_first():
    assert read().pretraining_languages == []
    assert read("--pretrain_epochs", "1").pretraining_languages == ["en", "nl", "de"]
    assert read("--pretrain_epochs", "1", "--pretrain_languages", "[fr]").pretraining_languages == ["fr"]


def test_a_study_s_settings_give_those_of_its_transfers():
    first = ["--backbone", "encoder", "--languages", "[en,nl]", "--targets", "[de]", "--student_epochs", "9"]
    study = read(kind=StudySettings, first=first)
    transfer = study.of(["nl"], "de", 2, Path("runs/x"))
    assert (transfer.sources, transfer.target, transfer.seed, transfer.folder) == (["nl"], "de", 2, Path("runs/x"))
    assert all(getattr(transfer, entry.name) == getattr(study, entry.name) for entry in fields(Settings))


def test_a_folder_is_named_by_the_languages():
    assert read().folder == Path("runs/de-from-en-nl") and read("--output", "here").folder == Path("here")


def test_fixed_weights_must_be_there_for_every_source():
    fixed = [Method.parse("ensemble:fixed")]
    check_weights(fixed, {"en": 1, "nl": 2}, ["en", "nl"])
    check_weights([Method.parse("pooled")], None, ["en", "nl"])
    for weights in (None, {"en": 1.0}):
        with pytest.raises(CTLError, match="weights"):
            check_weights(fixed, weights, ["en", "nl"])


@pytest.fixture
def two_languages(tmp_path):
    """English with persons and places, Dutch with persons and dates, German without an entity."""
    for language, tags in (("en", ["B-PER", "B-LOC"]), ("nl", ["B-PER", "B-DATE"]), ("de", ["O", "O"])):
        (tmp_path / language).mkdir()
        (tmp_path / language / "train.txt").write_text("".join(f"w {tag}\n" for tag in tags))
    return NERDataModule(root=str(tmp_path), types=["auto"], type_map={"DATE": "TIME", "LOC": None})


def test_types_are_all_that_the_labelled_languages_have(two_languages, capsys):
    settings, data = with_types(read("--data.types", "auto"), two_languages, ["en", "nl"])
    assert settings.data["types"] == data.types == ["PER", "TIME"] and data.schema.types == ("PER", "TIME")
    said = "types are PER, TIME, all that the sources have: en has PER; nl has PER, TIME"
    assert said in " ".join(capsys.readouterr().err.split())


def test_types_that_are_named_stay(two_languages):
    settings, data = read("--data.types", "[PER]"), replace(two_languages, types=["PER"])
    assert with_types(settings, data, ["en"]) == (settings, data)


@pytest.mark.parametrize(
    ("languages", "message"),
    [
        (["de"], "--data.types auto: de have no entities"),
        ([], "--data.types auto takes the types of labelled sources, and there are none: name the types"),
    ],
)
def test_without_entities_there_are_no_types(two_languages, languages, message):
    with pytest.raises(CTLError, match=message):
        with_types(read("--data.types", "auto"), two_languages, languages)
