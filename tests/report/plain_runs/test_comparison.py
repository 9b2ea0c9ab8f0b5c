import json

import numpy as np
import pytest
from made_up_study import record

from ctl.errors import CTLError
from ctl.report.plain_runs.comparison import Comparison
from ctl.report.plain_runs.reading import read_runs
from ctl.results import write_counts, write_records

HITS = {"direct:en": 200, "direct:nl": 240, "student:uniform": 280, "ensemble:learned": 320}  # of 400 entities


def write_run(folder, seed, target="de", methods=HITS, model="2", sources=("en", "nl"), transfer=None):
    folder.mkdir(parents=True)
    (folder / ".lock").touch()
    records = []
    for name, hits in methods.items():
        found = np.zeros(200, dtype=np.int32)
        found[: hits // 2] = 2
        found = np.random.default_rng(seed).permutation(found)
        write_counts(folder, name, np.stack([found, np.full(200, 2), np.full(200, 2)], axis=-1).astype(np.int32))
        of = [name.partition(":")[2]] if name.startswith("direct") else list(sources)
        one = record(name, of, target, seed, 100 * hits / 400)
        one["provenance"] |= {"model": model} if transfer is None else {"model": model, "transfer": transfer}
        records.append(one)
    write_records(folder / "results.json", records)


def test_a_run_that_was_copied_without_its_hidden_files_is_seen(tmp_path):
    write_run(tmp_path / "run", 0)
    (tmp_path / "run" / ".lock").unlink()
    with pytest.raises(CTLError, match="no results"):
        read_runs(tmp_path)  # as a stage of a transfer leaves it
    (tmp_path / "run" / "results.md").touch()
    assert Comparison.of(read_runs(tmp_path)).methods == list(HITS)


def test_means_spreads_and_differences_are_numbers(tmp_path):
    for seed in (0, 1):
        write_run(tmp_path / f"run{seed}", seed)
    table = Comparison.of(read_runs(tmp_path)).table().set_index("method")
    assert table.loc["ensemble:learned", "f1"] == 80 and table.loc["ensemble:learned", "sd"] == 0
    assert table.loc["ensemble:learned", "seeds"] == 2 and set(table.best_direct) == {"direct:nl"}
    assert table.loc["ensemble:learned", "over_baseline"] == pytest.approx(10)
    assert table.loc["ensemble:learned", "over_direct"] == pytest.approx(20)
    assert table.loc["direct:en", "over_direct"] == pytest.approx(-10)
    assert np.isnan(table.loc["direct:nl", "over_direct"]) and np.isnan(table.loc["student:uniform", "over_baseline"])


def test_one_seed_has_no_spread(tmp_path):
    write_run(tmp_path / "run", 0)
    assert Comparison.of(read_runs(tmp_path)).table().sd.isna().all()


def test_stages_of_a_transfer_are_not_read_twice(tmp_path):
    write_run(tmp_path / "run", 0)
    stage = tmp_path / "run" / "stage" / "results.json"
    stage.parent.mkdir()
    stage.write_text(json.dumps([]))
    assert len(Comparison.of(read_runs(tmp_path)).all_runs) == len(HITS)


def test_settings_that_differ_are_columns_and_rows_are_compared_within_them(tmp_path):
    """With another student.lr the students are others, and the teachers the same; 2 seeds each."""
    for seed in (0, 1):
        slow, fast = ({"student": {"lr": lr}} for lr in (0.1, 0.2))
        write_run(tmp_path / f"a{seed}", seed, transfer=slow)
        teachers = {name: hits for name, hits in HITS.items() if name.startswith("direct")}
        write_run(tmp_path / f"b{seed}", seed, methods=teachers, transfer=fast)
        write_run(
            tmp_path / f"c{seed}", seed, methods={"student:uniform": 300}, model=3, transfer={"student": {"lr": 0.2}}
        )
    comparison = Comparison.of(read_runs(tmp_path))
    table = comparison.table().set_index(["method", "student.lr"])
    assert table.f1.to_dict() == {
        ("direct:en", "0.1, 0.2"): 50, ("direct:nl", "0.1, 0.2"): 60, ("student:uniform", "0.1"): 70,
        ("student:uniform", "0.2"): 75, ("ensemble:learned", "0.1"): 80,
    }  # fmt: skip
    assert table.over_direct["student:uniform", "0.2"] == pytest.approx(15)
    assert table.over_baseline["ensemble:learned", "0.1"] == pytest.approx(10)  # not over the mean of both students
    (gap,) = comparison.settings_table().to_dict("records")
    assert (gap["method"], gap["under"], gap["against"]) == ("student:uniform", "student.lr 0.2", "student.lr 0.1")
    assert gap["points"] == pytest.approx(5) and gap["seeds"] == 2 and gap["low"] < 5 < gap["high"]
    assert gap["p_holm"] == gap["p"]  # there is one test
    names = comparison.scores().method.tolist()
    assert "student:uniform (student.lr 0.2)" in names and "ensemble:learned" in names


def test_sources_that_differ_are_a_column(tmp_path):
    write_run(tmp_path / "two", 0, methods={"direct:en": 200, "student:uniform": 280})
    write_run(tmp_path / "three", 0, methods={"student:uniform": 300}, sources=["en", "nl", "es"], model=4)
    table = Comparison.of(read_runs(tmp_path)).table()
    assert dict(zip(table.sources, table.f1, strict=True)) == {"": 50, "en, nl": 70, "en, nl, es": 75}


# Like with like


def test_methods_of_other_sources_are_not_compared(tmp_path):
    """A student of en and nl against a mixture of en, nl and es would show what es brings, not what the method does."""
    write_run(tmp_path / "two", 0, methods={"direct:en": 200, "student:uniform": 280})
    write_run(tmp_path / "three", 0, methods={"ensemble:learned": 320}, sources=["en", "nl", "es"])
    table = Comparison.of(read_runs(tmp_path)).table().set_index("method")
    assert np.isnan(table.loc["ensemble:learned", "over_baseline"])
    assert table.loc["ensemble:learned", "over_direct"] == pytest.approx(30)  # a teacher of one of its languages


def test_the_best_direct_teacher_is_the_best_in_the_seeds_that_all_have(tmp_path):
    """The teacher of nl has the good seed alone, in which en is as far ahead of it as ever."""
    write_run(tmp_path / "good", 0, methods={"direct:en": 300, "direct:nl": 260, "student:uniform": 320})
    write_run(tmp_path / "bad", 1, methods={"direct:en": 100, "student:uniform": 120})
    table = Comparison.of(read_runs(tmp_path)).table().set_index("method")
    assert set(table.best_direct) == {"direct:en"}
    assert table.loc["student:uniform", "over_direct"] == pytest.approx(5)


def test_a_difference_over_one_seed_is_not_starred(tmp_path):
    write_run(tmp_path / "0", 0, methods={"direct:en": 100, "student:uniform": 320})
    write_run(tmp_path / "1", 1, methods={"direct:en": 100})
    table = Comparison.of(read_runs(tmp_path)).table().set_index("method")
    assert (
        table.loc["student:uniform", "over_direct_seeds"] == 1 and not table.loc["student:uniform", "over_direct_shown"]
    )


def test_types_are_of_the_seeds_that_all_methods_have(tmp_path):
    write_run(tmp_path / "0", 0, methods={"direct:en": 100, "student:uniform": 320})
    write_run(tmp_path / "1", 1, methods={"direct:en": 100})
    alike = [(name, run.record["seed"]) for name, run in Comparison.of(read_runs(tmp_path)).alike]
    assert alike == [("direct:en", 0), ("student:uniform", 0)]


def test_controls_are_compared_and_an_upper_bound_is_marked(tmp_path):
    """Seeds of en are like mixtures that read en; what saw gold of the target is like all, and says so."""
    for seed in (0, 1):
        write_run(tmp_path / str(seed), seed)
        for name, hits, of in (("seeds:en", 260, ("en",)), ("supervised", 380, ("de",))):
            write_run(tmp_path / f"{name}{seed}", seed, methods={name: hits}, sources=of)
            path = tmp_path / f"{name}{seed}" / "results.json"
            records = json.loads(path.read_text())
            records[0] |= {"upper_bound": True} if name == "supervised" else {}
            path.write_text(json.dumps(records))
    table = Comparison.of(read_runs(tmp_path)).table().set_index("method")
    assert table.over_baseline["seeds:en"] == pytest.approx(-5.0, abs=0.2)
    assert table.over_baseline["supervised (upper bound: target's gold)"] == pytest.approx(25.0, abs=0.2)
