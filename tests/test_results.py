import json

import numpy as np
import pytest

from ctl.errors import CTLError
from ctl.results import (
    add_record,
    columns,
    counts_file,
    f1_of_counts,
    git_commit,
    make_record,
    markdown_table,
    print_table,
    read_counts,
    read_records,
    rows,
    versions,
    weights_by_source,
    without_later,
    write_counts,
)

SCORES = {
    "test/precision": 50.004, "test/recall": 100.0, "test/f1": 66.666, "test/PER/precision": 50.0,
    "test/PER/recall": 60, "test/PER/f1": 54.545, "test/loss": 1.0,
}  # fmt: skip
CALIBRATION = {"ece": 3.14159, "count": [1, 2], "confidence": [0.12345, 0.9], "accuracy": [0.0, 1.0]}


def made(method="pooled", seed=0, **more):
    identity = {"method": method, "sources": ["en", "nl"], "train_seconds": 61.0, **more}
    return make_record(identity, SCORES, target="de", seed=seed, provenance={"model": "1"}, calibration=CALIBRATION)


def test_a_record_has_rounded_scores_and_the_rest_in_its_provenance():
    record = made(weights=[0.7, 0.3])
    assert (record["precision"], record["recall"], record["f1"]) == (50.0, 100.0, 66.67)
    assert record["per_type"] == {"PER": {"precision": 50.0, "recall": 60.0, "f1": 54.55}}
    assert record["calibration"]["ece"] == 3.14 and record["calibration"]["confidence"] == [0.1235, 0.9]
    assert record["provenance"]["weights"] == [0.7, 0.3] and record["provenance"]["model"] == "1"
    assert "method" not in record["provenance"]


def test_types_may_have_any_letters():
    """Slashes stand between a type and the name of its score, too."""
    names = ("location-road/railway", "<b>X</b>", "[red]", "$x^{$")
    scores = {f"test/{name}/{score}": 1.0 for name in names for score in ("precision", "recall", "f1")}
    identity = {"method": "pooled", "sources": ["en"], "train_seconds": 0}
    record = make_record(
        identity, {**SCORES, **scores}, target="de", seed=0, provenance={}, calibration=CALIBRATION
    )  # fmt: skip
    assert set(record["per_type"]) == {*names, "PER"}


@pytest.mark.parametrize("name", ["method", "sources", "seed", "f1", "per_type", "provenance"])
@pytest.mark.parametrize("value", [None, [3]])
def test_a_record_with_a_value_of_another_kind_is_told(tmp_path, name, value):
    (tmp_path / "results.json").write_text(json.dumps([{**made(), name: value}]))
    with pytest.raises(CTLError, match="no records of scored models; move it away"):
        read_records(tmp_path / "results.json")


@pytest.mark.parametrize("content", ["[1, 2]", "[{}]", "{}", "7", '"x"', "null"])
def test_what_is_no_record_is_told(tmp_path, content):
    (tmp_path / "results.json").write_text(content)
    with pytest.raises(CTLError, match="no records of scored models"):
        read_records(tmp_path / "results.json")


def test_f1_of_counts():
    assert f1_of_counts(np.array([[3, 4, 6], [0, 0, 0]])).tolist() == [60, 0]


def test_a_setting_that_came_later_is_recorded_where_it_changes_something():
    settings = {"drop_test_duplicates": False, "limit": None}
    assert without_later("data", settings) == {"limit": None} and without_later("trainer", settings) == settings
    for dropped in (False, True):
        config = {"data": {**settings, "drop_test_duplicates": dropped}}
        record = make_record(
            {"method": "pooled", "sources": ["en"], "train_seconds": 0}, SCORES, target="de", seed=0,
            provenance={"config": config}, calibration=CALIBRATION,
        )  # fmt: skip
        assert ("drop_test_duplicates" in record["provenance"]["config"]["data"]) == dropped


def test_a_record_takes_the_place_of_an_earlier_one(tmp_path):
    path = tmp_path / "run" / "results.json"
    for method, seed in (("pooled", 0), ("pooled", 1), ("student:learned", 0), ("pooled", 0)):
        add_record(path, made(method, seed))
    keys = [(record["method"], record["seed"]) for record in read_records(path)]
    assert keys == [("pooled", 1), ("student:learned", 0), ("pooled", 0)]
    assert [file.name for file in path.parent.iterdir()] == ["results.json"]


def test_a_file_that_is_no_json_is_a_mistake_in_one_line(tmp_path):
    assert read_records(tmp_path / "none.json") == []
    (tmp_path / "results.json").write_text('[{"method":')
    with pytest.raises(CTLError, match="not readable as JSON"):
        read_records(tmp_path / "results.json")


def test_counts_are_read_again(tmp_path):
    counts = np.array([[1, 2, 3], [0, 0, 1]], dtype=np.int32)
    write_counts(tmp_path, "student:learned+hard", counts)
    assert counts_file(tmp_path, "student:learned+hard").name == "student-learned+hard.npy"
    assert np.array_equal(read_counts(tmp_path, "student:learned+hard"), counts)


@pytest.mark.parametrize(
    "counts", [None, b"", b"\x93NUMPY\x01", np.zeros(3, int), np.zeros((2, 2), int), np.zeros((2, 3))], ids=str
)
def test_what_is_no_counts_is_told(tmp_path, counts):
    path = counts_file(tmp_path, "pooled")
    path.parent.mkdir()
    if isinstance(counts, bytes):
        path.write_bytes(counts)
    elif counts is not None:
        np.save(path, counts)
    with pytest.raises(CTLError, match=r"counts/pooled\.npy: .*scores the model again") as told:
        read_counts(tmp_path, "pooled")
    assert "allow_pickle" not in str(told.value)


def test_weights_of_two_kinds_of_teachers_are_added_by_language():
    record = made(weights=[0.1, 0.2, 0.3, 0.4])
    assert weights_by_source(record) == pytest.approx({"en": 0.4, "nl": 0.6})
    assert weights_by_source(made()) == {}


def test_weights_of_pooled_teachers_are_added_up_apart():
    """The teachers are named by their fits: two encoders and two decoders, then the pooled model of each kind."""
    names = ["direct:en", "direct:nl", "llm-direct:en", "llm-direct:nl", "pooled", "llm-pooled"]
    record = made(weights=[0.1, 0.2, 0.1, 0.2, 0.15, 0.25], fits={name: {} for name in names})
    assert weights_by_source(record) == pytest.approx({"en": 0.2, "nl": 0.4, "pooled": 0.4})


def test_a_table_of_results(capsys):
    other = json.loads(json.dumps(made("student:learned", weights=[0.5, 0.5])))
    other["per_type"]["LOC"] = {"precision": 1.0, "recall": 1.0, "f1": 1.0}
    records = [made(), other]
    assert columns(records) == ["method", "P", "R", "F1", "PER", "LOC", "training"]
    assert rows(records)[0] == ["pooled", "50.0", "100.0", "66.7", "54.5", "-", "1 min 1 s"]
    assert markdown_table(records).splitlines()[2] == "| pooled | 50.0 | 100.0 | 66.7 | 54.5 | - | 1 min 1 s |"
    print_table(records, "de")
    assert "student:learned weighs its teachers  en 0.500  nl 0.500" in capsys.readouterr().out


def test_versions_and_commit_are_those_of_this_checkout():
    assert versions()["numpy"] == np.__version__
    assert git_commit() is None or len(git_commit().rstrip("+")) == 40


def test_what_saw_a_few_labels_is_marked_and_not_the_best(capsys):
    record = made("student:uniform+few", few=50)
    assert record["few"] == 50 and "few" not in record["provenance"] and "few" not in made()
    assert rows([record])[0][0] == "student:uniform+few (sees 50 labelled target sentences)"
    print_table([record], "x")
    assert "sees 50 labelled target" in capsys.readouterr().out


def test_an_upper_bound_is_marked_and_not_the_best(capsys):
    record = made("supervised", upper_bound=True)
    assert record["upper_bound"] and "upper_bound" not in record["provenance"] and "upper_bound" not in made()
    assert rows([record])[0][0] == "supervised (upper bound: target's gold)"
    assert "| supervised (upper bound: target's gold) |" in markdown_table([record, made()])
    print_table([record], "x")
    assert "upper bound" in capsys.readouterr().out
