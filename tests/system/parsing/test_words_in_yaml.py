"""Norwegian, and other words that YAML takes for something else."""

import pytest
from jsonargparse import ArgumentParser

from ctl.commands.transfer import make_parser
from ctl.system.parsing.words_in_yaml import read_words, with_lists
from ctl.transfer.settings import TransferSettings, read_settings

USUAL = ["--target", "de", "--backbone", "x"]


def settings(*args):
    return read_settings(TransferSettings, make_parser(), [*USUAL, *args])[0]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("[no]", ["no"]),
        ("[no, da]", ["no", "da"]),
        ('["no", da]', ["no", "da"]),
        ("pl,ru", ["pl", "ru"]),
        ("no", ["no"]),
        ("no, on", ["no", "on"]),
        ("[on, off, yes, n, nan, 'null']", ["on", "off", "yes", "n", "nan", "null"]),
        ("[007, 1e3, 12, 1_0, true, 2024-01-01]", ["007", "1e3", "12", "1_0", "true", "2024-01-01"]),
    ],
)
def test_a_list_of_words_is_a_list_of_strings(given, expected, tmp_path):
    assert settings("--sources", given).sources == expected
    assert settings(f"--sources={given}", "--data.types", given).data["types"] == expected
    (tmp_path / "x.yaml").write_text(f"sources: {given}\ndata: {{types: {given if '[' in given else [given]}}}\n")
    assert settings("--config", str(tmp_path / "x.yaml")).sources == expected


def test_other_settings_are_what_they_were(tmp_path):
    """Truth values, numbers, nothing, and keys."""
    text = (
        "sources: [no]\ntarget: on\noutput: 2024-01-01\nteacher_steps: 12\nllm_backbone: null\n"
        "weights: {no: 1, 12: 0.5}\n"
        "data: {type_map: {NO: PER, DATE: null}, limit: 7, synthetic: {families: [3, 1]}, root: r}\n"
        "student: {lr: 3e-4}\ntrainer: {devices: [0, 1], accelerator: cpu, deterministic: yes, max_time: null}\n"
    )
    (tmp_path / "x.yaml").write_text(text)
    read = settings("--config", str(tmp_path / "x.yaml"), "--target", "no")
    assert (read.sources, read.target, read.teacher_steps, read.weights) == (["no"], "no", 12, {"no": 1, "12": 0.5})
    assert read.output == "2024-01-01"
    assert read.llm_backbone is None and read.data["limit"] == 7 and read.student["lr"] == 3e-4
    assert read.data["type_map"] == {"NO": "PER", "DATE": None} and list(read.data["synthetic"]["families"]) == [3, 1]
    assert read.trainer["devices"] == [0, 1] and read.trainer["deterministic"] is True
    assert settings("--sources", "[a]", "--data.hub", "{no: {path: a/b, name: '{lang}'}}").data["hub"]["no"]


def test_the_language_of_a_configuration_may_be_no(tmp_path):
    (tmp_path / "x.yaml").write_text("sources: [da]\ntarget: no\nbackbone: x\n")
    read, _ = read_settings(TransferSettings, make_parser(), ["--config", str(tmp_path / "x.yaml")])
    assert read.target == "no"


def test_arguments_that_are_no_lists_stay():
    args = ["--sources", "[a]", "--output", "a,b", "--methods", "direct,few", "--sources", "--help"]
    assert with_lists(args) == [*args[:5], '["direct", "few"]', *args[6:]]


def test_a_stage_reads_words_too():
    read_words()
    parser = ArgumentParser()
    parser.add_argument("--data.sources", type=list[str])
    assert parser.parse_args(["--data.sources", "[no, 007]"]).data.sources == ["no", "007"]
