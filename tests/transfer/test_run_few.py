"""A few labelled sentences of the target: from `--few` to records that say so, and back from a file."""

import json

import numpy as np
import pytest

from ctl.data.soft_labels import SoftLabelStore
from ctl.main import main
from ctl.tagging import load_tagger


def arguments(family, output, *more):
    return [
        "--backbone", str(family / "encoder"), "--data.root", str(family), "--data.limit", "20", "--sources", "[a2,b1]",
        "--target", "a1", "--teacher_steps", "2", "--student_steps", "2", "--few_steps", "2", "--validations", "1",
        "--trainer.accelerator", "cpu", "--trainer.precision", "32-true", "--output", str(output), *more,
    ]  # fmt: skip


@pytest.fixture(scope="module")
def run(family, tmp_path_factory):
    output = tmp_path_factory.mktemp("few")
    methods = '["student:few", "few", "student:few+few"]'
    assert main(["transfer", *arguments(family, output, "--few", "5", "--methods", methods)]) == 0
    return output


def test_records_and_tables_say_how_many_labels_were_seen(run):
    records = {record["method"]: record for record in json.loads((run / "results.json").read_text())}
    assert {name: record.get("few") for name, record in records.items()} == {
        "student:few": 5, "few": 5, "student:few+few": 5
    }  # fmt: skip
    assert records["few"]["sources"] == ["a1"] and records["student:few+few"]["sources"] == ["a2", "b1"]
    assert records["student:few+few"]["provenance"]["taught_by"]["method"] == "ensemble:few"
    table = (run / "results.md").read_text()
    assert table.count("(sees 5 labelled target sentences)") == 3


def test_sources_weigh_what_their_teachers_score(run):
    (written,) = run.glob("few/5/ranking/*/weights.json")
    weights = json.loads(written.read_text())
    f1 = np.array(list(weights["few_f1"].values()))
    even = np.full(2, 0.5)
    assert np.allclose(list(weights["few"].values()), f1 / f1.sum() if f1.sum() else even, atol=1e-3)
    identity = SoftLabelStore(run / "few" / "5" / "ensembles" / "few" / "soft_labels" / "train").manifest["teacher"]
    assert np.allclose(identity["weights"], list(weights["few"].values()), atol=1e-3)


def test_a_student_goes_on_where_it_was(run):
    zero, more = (load_tagger(run, name).trained.model for name in ("student:few", "student:few+few"))
    changes = [(a - b).abs().max() for a, b in zip(zero.network.parameters(), more.network.parameters(), strict=True)]
    assert 0 < max(changes) < 1e-3  # two steps at 5e-5, not another beginning


@pytest.mark.parametrize(("given", "message"), [
    (["--methods", '["few"]'], "method few sees a few labelled sentences of a1: give their number with --few"),
    (["--few", "21"], "--few 21: a1/train has 20 labelled sentences"),
    (["--few", "5", "--data.few", "x.conll"], "--few 5 and --data.few x.conll"),
    (["--data.few", "x.conll"], "--data.few x.conll: no such file"),
])  # fmt: skip
def test_what_stops_a_run(given, message, family, tmp_path, capsys):
    assert main(["transfer", *arguments(family, tmp_path, *given)]) == 2
    assert message in capsys.readouterr().err
