import json
import shutil
import signal
import time

import numpy as np
import pytest
import torch
import yaml
from processes import Command

from ctl.commands.transfer import parse
from ctl.data.soft_labels import SoftLabelStore
from ctl.main import main
from ctl.report.statistics.resampling import resampled_f1
from ctl.thresholds.curve_file import read_curve

SCORES = ("precision", "recall", "f1", "per_type", "method", "sources", "target", "seed", "split")


def arguments(root, output, *more):
    return [
        "--data.root", str(root), "--backbone", str(root / "encoder"), "--sources", "[a2,b1]", "--target", "a1",
        "--output", str(output), "--teacher_epochs", "2", "--student_epochs", "2", "--language_id_epochs", "2",
        "--teacher.lr", "1e-3", "--student.lr", "1e-3", "--trainer.accelerator", "cpu", *more,
    ]  # fmt: skip


def scores(output):
    records = json.loads((output / "results.json").read_text())
    return [{key: record[key] for key in SCORES} for record in records]


@pytest.fixture(scope="module")
def finished(family, tmp_path_factory):
    """A transfer with every method, unbroken."""
    output = tmp_path_factory.mktemp("finished")
    assert main(["transfer", *arguments(family, output)]) == 0
    return output


def test_every_method_is_scored(finished):
    records = json.loads((finished / "results.json").read_text())
    assert [record["method"] for record in records] == [
        "direct:a2", "direct:b1", "pooled",
        "ensemble:uniform", "ensemble:learned", "ensemble:learned+joint",
        "student:uniform", "student:learned", "student:learned+joint", "student:pooled",
    ]  # fmt: skip
    for record in records:
        assert record["target"] == "a1" and record["split"] == "test" and record["seed"] == 0
        assert set(record["per_type"]) == {"PER", "ORG", "LOC"}
        assert 0 <= record["f1"] <= 100 and record["train_seconds"] > 0
        assert {"versions", "git_commit", "data", "model", "config"} <= set(record["provenance"])
    assert [record["sources"] for record in records[:3]] == [["a2"], ["b1"], ["a2", "b1"]]
    assert "| student:learned |" in (finished / "results.md").read_text()


@pytest.mark.parametrize("name", ["results.json", "results.md"])
@pytest.mark.parametrize("content", ["[1, 2]", "{}", "# Mine"])
def test_results_of_the_user_are_not_replaced(family, tmp_path, capsys, name, content):
    (tmp_path / name).write_text(content)
    assert main(["transfer", *arguments(family, tmp_path)]) == 2
    assert f"{name}: " in (message := capsys.readouterr().err) and "move it away" in message
    assert (tmp_path / name).read_text() == content and not (tmp_path / "teachers").exists()


def test_records_say_what_was_trained(family, finished):
    records = {record["method"]: record["provenance"] for record in json.loads((finished / "results.json").read_text())}
    fit = records["direct:a2"]["fit"]
    assert (fit["max_epochs"], fit["max_steps"], fit["batch_size"], fit["precision"]) == (2, -1, 32, "32-true")
    assert fit["steps"] == 4 * fit["epochs"] and fit["arguments"]["lr"] == 1e-3  # 120 sentences
    assert list(fit["splits"]) == ["a2/train"] and list(records["pooled"]["fit"]["splits"]) == ["a2/train", "b1/train"]
    assert records["pooled"]["fit"]["splits"]["a2/train"] == fit["splits"]["a2/train"]
    student = records["student:learned"]
    assert (student["fit"]["class"], student["fit"]["steps"]) == ("Student", 2 * 5)  # of 150 sentences
    assert student["taught_by"]["fits"] == records["ensemble:learned"]["fits"]
    assert student["taught_by"]["fits"]["direct:a2"] == fit
    for provenance in records.values():
        assert provenance["transfer"]["sources"] == ["a2", "b1"] and provenance["transfer"]["teacher_epochs"] == 2
        assert "max_epochs" not in provenance["config"]["trainer"] and "precision" in provenance["config"]["trainer"]


def test_a_transfer_by_steps(family, tmp_path):
    """Every model takes equally many, whatever the size of its data, and a second run skips everything."""
    run = [*arguments(family, tmp_path), "--teacher_epochs", "null", "--student_epochs", "null"]
    run += ["--teacher_steps", "6", "--student_steps", "6", "--validations", "2", "--select_on", "last"]
    run += ["--methods", '["direct:a2", "pooled", "student:uniform+advpicker"]']
    assert main(["transfer", *run]) == 0
    records = json.loads((tmp_path / "results.json").read_text())
    assert [record["provenance"]["fit"]["steps"] for record in records] == [6, 6, 6]
    transfer = parse(run)
    assert all(stage.done() for stage in transfer.plan(transfer.read()))


def test_a_change_that_changes_nothing_runs_nothing_again(family, finished, tmp_path, monkeypatch):
    """Places, speed and display: the run may be moved, and named in another way."""
    shutil.copytree(finished, tmp_path / "moved")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "below").mkdir()
    (tmp_path / "link").symlink_to("moved")
    for output, more in {
        "link": ["--trainer.enable_model_summary", "false"],
        "below/../moved": ["--data.num_workers", "2"],
        "moved": ["--data.num_workers", "1", "--data.eval_tokens", "2048", "--trainer.enable_progress_bar", "false"],
        str(tmp_path / "moved"): ["--data.root", f"{family}/", "--data.limit", "100000", "--trainer.devices", "1"],
        "../moved/".replace("..", str(tmp_path)): ["--trainer.log_every_n_steps", "7", "--trainer.profiler", "simple"],
    }.items():
        transfer = parse([*arguments(family, output), *more])
        assert all(stage.done() for stage in transfer.plan(transfer.read())), more


def test_a_run_with_other_settings_is_not_replaced(family, finished, tmp_path, capsys):
    shutil.copytree(finished, tmp_path / "run")
    changed = ["transfer", *arguments(family, tmp_path / "run"), "--student.lr", "2e-3"]
    assert main(changed) == 2
    assert "students/uniform: there is a run with other settings (model.lr is 0.001 there" in capsys.readouterr().err
    assert main([*changed, "--dry_run"]) == 0
    prospects = capsys.readouterr().out.splitlines()
    assert sum("done before" in line for line in prospects) == len(prospects) - 8
    assert sum("would be made anew" in line for line in prospects) == 8  # four students
    assert scores(tmp_path / "run") == scores(finished)


@pytest.mark.parametrize("lost", ["teachers/a2/counts", "teachers/a2/soft_labels/train/probs.npy"])
def test_what_was_lost_is_made_again(family, finished, tmp_path, lost):
    shutil.copytree(finished, tmp_path / "run")
    before = (tmp_path / "run" / "teachers" / "a2" / "fit.json").read_text()
    path = tmp_path / "run" / lost
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    assert main(["transfer", *arguments(family, tmp_path / "run")]) == 0
    assert path.exists() and scores(tmp_path / "run") == scores(finished)
    assert (tmp_path / "run" / "teachers" / "a2" / "fit.json").read_text() == before


def test_a_name_that_is_a_path_deletes_nothing(family, tmp_path, capsys):
    corpus = shutil.copytree(family / "a2", tmp_path / "a2")
    names = f"[{tmp_path}/a2,{tmp_path}/b1]"
    assert main(["transfer", *arguments(family, tmp_path / "run"), "--data.root", ".", "--sources", names]) == 2
    assert "can't be the name of a language" in capsys.readouterr().err
    assert (corpus / "train.txt").read_bytes() == (family / "a2" / "train.txt").read_bytes()


def test_learned_weights_are_a_distribution_over_the_sources(finished):
    found = json.loads((finished / "language_id" / "weights.json").read_text())
    assert list(found) == ["learned", "cosine", "l1", "l2"]
    for weights in found.values():
        assert list(weights) == ["a2", "b1"] and min(weights.values()) >= 0
        assert sum(weights.values()) == pytest.approx(1, abs=1e-3)


def test_counts_of_sentences_add_up_to_the_scores(finished):
    """What the paired bootstrap draws from gives the same F1 as the metric."""
    for record in json.loads((finished / "results.json").read_text()):
        counts = np.load(finished / "counts" / f"{record['method'].replace(':', '-')}.npy")
        assert len(counts) == 60 and resampled_f1(counts, np.ones((1, 60))).item() == pytest.approx(
            record["f1"], abs=0.01
        )


def test_curves_begin_with_the_scores(finished):
    """Of all entities, and of each type."""
    names = ("precision", "recall", "f1")
    for record in json.loads((finished / "results.json").read_text()):
        points = read_curve(finished, record["method"])
        first = {point.type: point[2:] for point in points if point.threshold is None}
        assert len(points) == 20 * 4 and first.pop("all") == tuple(record[name] for name in names)
        assert first == {kind: tuple(scores[name] for name in names) for kind, scores in record["per_type"].items()}


OPTIONS = [
    "direct:a2+adapted", "ensemble:agreement", "ensemble:fixed", "ensemble:learned-sentence", "ensemble:cosine",
    "ensemble:uniform+calibrated", "ensemble:uniform+replace", "student:uniform+unanimous", "student:uniform+filter",
    "student:uniform+kl", "student:uniform+advpicker", "student:uniform+knn", "student:uniform+rounds2",
    "student:learned-sentence", "student:uniform+adapted",
]  # fmt: skip


def test_every_option_runs_and_goes_by_its_name(family, finished, tmp_path, capsys):
    output = tmp_path / "run"
    shutil.copytree(finished, output)
    more = ["--methods", json.dumps(OPTIONS), "--weights", "{a2: 0.9, b1: 0.1}", "--adapt_epochs", "1"]
    assert main(["transfer", *arguments(family, output, *more)]) == 0
    records = {record["method"]: record for record in json.loads((output / "results.json").read_text())}
    assert list(records) == OPTIONS
    assert records["ensemble:fixed"]["provenance"]["weights"] == [0.9, 0.1]
    assert records["ensemble:agreement"]["provenance"]["weights"] == [0.5, 0.5]  # two always agree with each other
    taught_by = records["student:uniform+rounds2"]["provenance"]["taught_by"]
    assert taught_by["method"] == "student:uniform"
    assert main(["report", str(output.parent)]) == 0
    told = (output.parent / "report.md").read_text()
    assert "student:uniform+knn" in told and "a1 F1" in told


def test_report_compares_seeds(family, finished, tmp_path, capsys):
    shutil.copytree(finished, tmp_path / "0")
    shutil.copytree(finished, tmp_path / "1")
    records = json.loads((finished / "results.json").read_text())
    for record in records:
        record["seed"], record["f1"] = 1, record["f1"] + 2
    (tmp_path / "1" / "results.json").write_text(json.dumps(records))
    assert main(["report", str(tmp_path)]) == 0
    row = next(
        line for line in (tmp_path / "report.md").read_text().splitlines() if line.startswith("| student:uniform |")
    )
    mean = next(record["f1"] for record in records if record["method"] == "student:uniform") - 1
    assert row.startswith(f"| student:uniform | {mean:.1f} ± 1.4 (n=2) |  | ")
    assert main(["report", str(tmp_path / "nowhere")]) == 2
    assert "no results" in capsys.readouterr().err


def test_report_does_not_take_other_settings_for_repetitions(finished, tmp_path):
    for run in ("a", "b"):
        shutil.copytree(finished, tmp_path / run)
    assert main(["report", str(tmp_path)]) == 0  # the same models, scored twice
    assert "±" not in (tmp_path / "report.md").read_text()
    records = json.loads((finished / "results.json").read_text())
    records[0]["provenance"]["model"] = "another"
    (tmp_path / "b" / "results.json").write_text(json.dumps(records))
    assert main(["report", str(tmp_path)]) == 0
    table, (one, other) = (tmp_path / "report.md").read_text(), (record["method"] for record in records[:2])
    assert f"| {one} | a |" in table and f"| {one} | b |" in table and f"| {other} | a, b |" in table
    assert "±" not in table


def test_a_second_run_skips_everything(family, finished, capsys):
    before = {path: path.stat().st_mtime_ns for path in finished.rglob("*.ckpt")}
    assert main(["transfer", *arguments(family, finished)]) == 0
    told = capsys.readouterr().err
    assert " ...\n" not in told and told.count("done before") == len(told.splitlines()) - 3
    assert {path: path.stat().st_mtime_ns for path in finished.rglob("*.ckpt")} == before


def test_a_changed_setting_redoes_what_depends_on_it(family, finished, tmp_path, capsys):
    copy = tmp_path / "copy"
    shutil.copytree(finished, copy)

    def redone(*more):
        transfer = parse(arguments(family, finished, *more))
        return {stage.title for stage in transfer.plan(transfer.read()) if not stage.done()}

    assert redone() == set()
    students = ("uniform", "learned", "learned+joint", "pooled")
    assert redone("--student.loss", "kl") == {f"{do} student:{of}" for do in ("train", "score") for of in students}
    assert not any("teacher" in title for title in redone("--language_id.rank", "8"))
    assert "train teacher of a2" in redone("--seed", "1")


def test_gold_tags_of_the_target_change_nothing(family, finished, tmp_path):
    """Zero resource: with other gold in the target's train and validation splits, every score stays the same."""
    root = tmp_path / "family"
    shutil.copytree(family, root)
    (root / "family.json").unlink()
    for split in ("train", "validation"):
        path = root / "a1" / f"{split}.txt"
        lines = path.read_text(encoding="utf-8").splitlines()
        path.write_text(
            "\n".join(line.split(" ")[0] + " B-ORG" if line else "" for line in lines) + "\n", encoding="utf-8"
        )
    assert main(["transfer", *arguments(root, tmp_path / "run")]) == 0
    assert scores(tmp_path / "run") == scores(finished)


@pytest.mark.parametrize("moment", ["train teacher of a2 ...", "labels a1 ...", "train student:uniform ..."])
def test_a_killed_run_resumes_to_the_same_scores(family, finished, tmp_path, moment):
    transfer = ["transfer", *arguments(family, tmp_path / "run", "--methods", "[student:uniform]")]
    with Command(*transfer) as run:
        for line in run.stderr:
            if moment in line:
                time.sleep(0.4)  # somewhere in the middle
                run.send_signal(signal.SIGKILL)
                break
    assert run.returncode == -signal.SIGKILL
    assert main(transfer) == 0
    assert scores(tmp_path / "run") == [one for one in scores(finished) if one["method"] == "student:uniform"]


def test_a_finished_fit_keeps_one_checkpoint_of_weights_alone(finished):
    for stage, name in {"teachers/a2": "best", "students/uniform": "last", "language_id": "last"}.items():
        (kept,) = (finished / stage / "checkpoints").glob("*.ckpt")
        assert kept.name == f"{name}.ckpt" and "optimizer_states" not in torch.load(kept, weights_only=True)


def test_a_fit_killed_at_its_very_end_is_trained_anew(family, finished, tmp_path):
    run = arguments(family, tmp_path / "run", "--methods", '["student:uniform"]')
    assert main(["transfer", *run]) == 0
    marker = tmp_path / "run" / "students" / "uniform" / "fit.json"
    marker.write_text(json.dumps({**json.loads(marker.read_text()), "done": False}))
    (tmp_path / "run" / "students" / "uniform" / "test.json").unlink()
    assert main(["transfer", *run]) == 0
    assert scores(tmp_path / "run") == [one for one in scores(finished) if one["method"] == "student:uniform"]
    assert len(list(marker.parent.glob("checkpoints/*.ckpt"))) == 1


def test_training_goes_on_from_a_whole_epoch_as_if_unbroken(family, tmp_path):
    """Resumed from the checkpoint of the first of three epochs, a run ends in the very same weights."""

    def fit(output, *more):
        checkpoint = {"dirpath": str(output), "save_top_k": -1, "save_on_train_epoch_end": True}
        callbacks = [{"class_path": "ModelCheckpoint", "init_args": checkpoint}]
        trainer = {"default_root_dir": str(output), "max_epochs": 3, "callbacks": callbacks, "accelerator": "cpu"}
        config = {
            "seed_everything": 3,
            "trainer": {**trainer, "enable_progress_bar": False, "enable_model_summary": False},
            "model": {"class_path": "Teacher", "init_args": {"lr": 1e-3}},
            "data": {"root": str(family), "sources": ["a2"], "target": "a1", "backbone": str(family / "encoder")},
        }
        (tmp_path / "config.yaml").write_text(yaml.safe_dump(config))
        assert main(["fit", "--config", str(tmp_path / "config.yaml"), *more]) == 0
        (last,) = output.glob("epoch=2-*.ckpt")
        return torch.load(last, weights_only=True)["state_dict"]

    unbroken = fit(tmp_path / "unbroken")
    (first,) = (tmp_path / "unbroken").glob("epoch=0-*.ckpt")
    resumed = fit(tmp_path / "resumed", "--ckpt_path", str(first))
    assert all(torch.equal(value, resumed[name]) for name, value in unbroken.items())
    start = torch.load(first, weights_only=True)["state_dict"]
    assert not all(torch.equal(value, resumed[name]) for name, value in start.items())


def test_two_runs_in_one_folder(family, finished, capsys):
    from filelock import FileLock

    with FileLock(finished / ".lock"):
        assert main(["transfer", *arguments(family, finished)]) == 2
    assert "another run writes there" in capsys.readouterr().err


def rewrite(path, text, encoding="utf-8"):
    path.write_bytes(text.encode(encoding))


def drop_tokenizer(root):
    for path in (root / "encoder").glob("tokenizer*"):
        path.unlink()


BAD_INPUT = {
    "no folder": (lambda root: shutil.rmtree(root), "no such folder"),
    "no split": (lambda root: (root / "a2" / "validation.txt").unlink(), "no validation split"),
    "malformed line": (
        lambda root: rewrite(root / "b1" / "train.txt", "Ada B-PER\nsang\n"),
        "train.txt:2: 1 of 2 columns",
    ),
    "unknown tag": (lambda root: rewrite(root / "b1" / "train.txt", "Ada X-PER\n"), "train.txt:1: unknown tag 'X-PER'"),
    "other types": (lambda root: rewrite(root / "b1" / "train.txt", "Ada B-P\n"), "have none in common"),
    "unknown language": (lambda root: shutil.rmtree(root / "b1"), "unknown language b1"),
    "empty split": (lambda root: rewrite(root / "a1" / "test.txt", "\n"), "no sentences"),
    "encoding": (lambda root: rewrite(root / "a1" / "train.txt", "Málaga O\n", "latin-1"), "train.txt:1: not utf-8"),
    "no weights": (lambda root: (root / "encoder" / "model.safetensors").unlink(), "has no weights"),
    "no tokenizer": (drop_tokenizer, "the folder has no tokenizer"),
    "no backbone": (lambda root: shutil.rmtree(root / "encoder"), "no such folder"),
}


@pytest.mark.parametrize("case", BAD_INPUT)
def test_bad_input_stops_before_training(family, tmp_path, capsys, case):
    spoil, said = BAD_INPUT[case]
    root = tmp_path / "family"
    shutil.copytree(family, root)
    spoil(root)
    assert main(["transfer", *arguments(root, tmp_path / "run")]) == 2
    told = capsys.readouterr().err
    assert said in told and "Traceback" not in told and "train teacher" not in told
    assert told.splitlines()[-1].startswith("ctl: error: ")


def test_bad_settings_stop_before_training(family, tmp_path, capsys):
    for more, said in (
        (["--target", "a2"], "the target a2 is among the sources"),
        (["--methods", "[student:best]"], "unknown method student:best"),
        (["--methods", "[student:fixed]"], "fixed weights need --weights"),
        (["--methods", "[student:fixed]", "--weights", "{a2: 1}"], "--weights: none for b1"),
        (["--sources", "[a2,a2]"], "each once"),
    ):
        assert main(["transfer", *arguments(family, tmp_path / "run", *more)]) == 2
        assert said in capsys.readouterr().err


def test_two_small_corpora_of_different_types(family, tmp_path):
    """The tags of b1 lack LOC: its teacher knows, and leaves it to that of a2; numbers by hand from their labels."""
    root = tmp_path / "data"
    for language in ("a1", "a2", "b1"):
        shutil.copytree(family / language, root / language)
    for path in (root / "b1").glob("*.txt"):
        path.write_text(path.read_text(encoding="utf-8").replace("B-LOC", "O").replace("I-LOC", "O"), encoding="utf-8")
    few = ["--teacher_epochs", "1", "--methods", "[ensemble:uniform, 'student:uniform+abstain']"]
    settings = arguments(family, tmp_path / "run", *few, "--student_epochs", "1", "--data.root", str(root))
    assert main(["transfer", *settings]) == 0
    stores = {name: SoftLabelStore(tmp_path / "run/teachers" / name / "soft_labels/train") for name in ("a2", "b1")}
    types = {name: store.manifest["teacher"]["source_types"] for name, store in stores.items()}
    assert types == {"a2": ["PER", "ORG", "LOC"], "b1": ["PER", "ORG"]}
    knows, lacks = (store.rows(slice(None)) for store in stores.values())
    shared = knows[:, [0, 5, 6]] / knows[:, [0, 5, 6]].sum(-1, keepdims=True) * lacks[:, :1]
    changed = lacks.copy()
    changed[:, [0, 5, 6]] = shared + lacks[:, [0, 5, 6]] * [0, 1, 1]
    mixed = SoftLabelStore(tmp_path / "run/ensembles/uniform+abstain/soft_labels/train")
    np.testing.assert_allclose(mixed.probs[:], (knows + changed) / 2, atol=1e-3)
