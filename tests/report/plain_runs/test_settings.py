"""What tells runs of one method apart, by hand."""

from pathlib import Path

import numpy as np
from made_up_study import record

from ctl.report.plain_runs.reading import Run
from ctl.report.plain_runs.settings import group, recorded


def run(home, seed=0, model="1", text="9", target="de", **transfer):
    made = record("student:uniform", ["en", "nl"], target, seed, 50.0)
    made["provenance"] |= {"model": model, "data": {f"{target}/test": text}}
    made["provenance"] |= {"transfer": {**transfer, "output": f"runs/{home}"}} if transfer else {}
    return Run(made, np.full(3, 50.0), Path("runs") / home)


def values(runs):
    names, groups = group(runs)
    return names, [tuple(each.value(index) for index in range(len(names))) for each in groups]


def test_settings_are_text_by_the_names_of_options():
    settings = recorded(run("a", backbone="runs/a/encoder", student={"lr": 0.1, "pooling": None}, methods=["pooled"]))
    assert settings == {"backbone": "<run>/encoder", "student.lr": "0.1", "test text": "9"}
    assert recorded(run("a", data={"types": ["PER", "LOC"]}))["data.types"] == "PER, LOC"
    assert recorded(run("a")) == {}


def test_seeds_places_and_speed_tell_nothing_apart():
    runs = [run("a", 0, "1", lr=1, data={"root": "x"}), run("b", 1, "2", lr=1, data={"root": "y"})]
    names, groups = group(runs)
    assert names == [] and [each.runs for each in groups] == [tuple(runs)]


def test_a_setting_that_differs_is_named_with_its_default():
    runs = [run("a", model="1", student_steps=5), run("b", model="2", teacher={"compile": True})]
    assert values(runs) == (["student_steps"], [("5",), ("default",)])
    runs = [run("a", model="1", few=None, data={"normalization": "NFD"}), run("b", model="2", lr=None)]
    assert values(runs) == (["run"], [("a",), ("b",)])  # the same text, so how it was read does not matter


def test_another_text_is_named_with_how_it_was_read():
    runs = [run("a", data={"root": "x"}), run("b", model="2", text="8", data={"root": "y"})]
    assert values(runs) == (["data.root", "test text"], [("x", "9"), ("y", "8")])
    assert values([run("a", lr=1), run("b", lr=1, target="nl", text="8")])[0] == []  # of other targets


def test_folders_are_named_where_nothing_recorded_differs():
    """An early version recorded no settings: its run stands beside others as it is."""
    runs = [run("x/a", model="1"), run("x/b", model="2"), run("x/c", 1, model="3")]
    assert values(runs) == (["run"], [("a",), ("b",), ("c",)])
    runs = [run("a", 0, "1", student_steps=5), run("b", 0, "2", student_steps=6), run("old", 1, "3")]
    assert values(runs) == (["student_steps"], [("5",), ("6",), ("not recorded",)])


def test_the_same_models_are_one_row():
    runs = [run("a", student_steps=5), run("b", student_steps=6), run("c", student_steps=7, model="2")]
    assert values(runs) == (["student_steps"], [("5, 6",), ("7",)])
