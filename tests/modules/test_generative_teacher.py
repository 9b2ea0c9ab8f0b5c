"""The generative teacher through the commands that people use, on tiny models."""

import json

import numpy as np
import pytest
import torch

from ctl.data.datamodule import NERDataModule
from ctl.data.reading.splits import read_split
from ctl.data.soft_labels import SoftLabelStore
from ctl.main import main
from ctl.modules import GenerativeTeacher

WORDS = [["Ada", "ran", "to", "(", "\u200b", "Rome"], ["no"], ["x"] * 60]


@pytest.fixture(scope="module")
def run(family, language_models):
    """Runs a command with a tiny causal model, or with other data; few sentences."""

    def command(name, module, output, *more, data=()):
        given = {"root": family, "backbone": language_models["qwen3"], "target": "a1", "sources": "[a2]", "limit": 30}
        return main([
            name, "--model", module, "--trainer.default_root_dir", str(output), "--trainer.accelerator", "cpu",
            "--trainer.enable_progress_bar", "false", "--trainer.enable_model_summary", "false",
            *(part for key, value in (given | dict(data)).items() for part in (f"--data.{key}", str(value))), *more,
        ])  # fmt: skip

    return command


def keep(folder):
    checkpoint = f'{{class_path: ModelCheckpoint, init_args: {{dirpath: "{folder}", filename: last}}}}'
    return ["--trainer.callbacks", f"[{checkpoint}]", "--trainer.limit_val_batches", "0"]


@pytest.fixture(scope="module")
def tuned(run, tmp_path_factory):
    """A teacher with adapters, tuned on a2; its soft labels of a1's train and test splits."""
    folder = tmp_path_factory.mktemp("tuned")
    fit = [*keep(folder), "--trainer.max_epochs", "2", "--model.lr", "1e-2", "--trainer.log_every_n_steps", "1"]
    assert run("fit", "GenerativeTeacher", folder, *fit, "--model.lora_rank", "4", data={"batch_size": 8}) == 0
    checkpoint = ["--ckpt_path", str(folder / "last.ckpt"), "--model.lora_rank", "4"]
    labels = {"predict_splits": "[train, test]"}
    assert run("predict", "GenerativeTeacher", folder, *checkpoint, data=labels) == 0
    assert run("test", "GenerativeTeacher", folder, *checkpoint) == 0
    return folder


def answers(teacher):
    return teacher.distributions(WORDS, [0, 6, 7])


def test_tuning_lowers_the_loss_and_leaves_labels_of_every_word(tuned):
    lines = (tuned / "logs" / "fit" / "metrics.csv").read_text().splitlines()
    losses = [float(line.split(",")[lines[0].split(",").index("train/loss")]) for line in lines[1:]]
    assert losses[-1] < 0.7 * losses[0]
    (record,) = json.loads((tuned / "results.json").read_text())
    assert (record["method"], record["sources"]) == ("llm-direct:a2", ["a2"])
    store = SoftLabelStore(tuned / "soft_labels" / "train")
    card = store.manifest["teacher"]
    assert card["method"] == "llm-direct:a2" and card["train_seconds"] > 0 and card["prompt"]["style"] == "tagged"
    assert card["probabilities"] == "softmax over the tags of the model's own log-probabilities, word by word"
    np.testing.assert_allclose(store.probs[:].astype(float).sum(-1), 1, atol=2e-3)


def test_a_checkpoint_has_adapters_alone_and_gives_equal_distributions(tuned, language_models):
    checkpoint = torch.load(tuned / "last.ckpt", weights_only=True)
    assert all("lora_" in name or name == "temperature" for name in checkpoint["state_dict"])
    assert all("lm_head" not in name for name in checkpoint["state_dict"])
    first, second = (GenerativeTeacher.load_from_checkpoint(tuned / "last.ckpt").eval() for _ in range(2))
    torch.testing.assert_close(answers(first), answers(second), rtol=0, atol=0)
    untuned = GenerativeTeacher(str(language_models["qwen3"]), lora_rank=4).eval()
    untuned.configure_model()
    assert (answers(untuned)[:, 1].log() - answers(first)[:, 1].log()).abs().max() > 1


def test_all_weights_are_tuned_and_come_back(run, tmp_path):
    more = [*keep(tmp_path), "--trainer.max_epochs", "1", "--model.lora_rank", "0", "--model.style", "inline"]
    shots = ["--model.shots", "1"]
    assert run("fit", "GenerativeTeacher", tmp_path, *more, *shots, data={"limit": 8, "sources": "[a2, b1]"}) == 0
    teacher = GenerativeTeacher.load_from_checkpoint(tmp_path / "last.ckpt").eval()
    assert teacher.identity()["method"] == "llm-pooled" and teacher.examples[0].language == "a2"
    (tmp_path / "saved").mkdir()
    teacher.network.encoder.save_pretrained(tmp_path / "saved")
    teacher.script.tokenizer.save_pretrained(tmp_path / "saved")
    again = GenerativeTeacher(str(tmp_path / "saved"), style="inline", lora_rank=0).eval()
    again.examples = teacher.examples
    again.configure_model()
    torch.testing.assert_close(answers(again), answers(teacher))


def test_prompted_with_examples_of_the_sources_alone(run, family, tmp_path):
    prompted = ["--model.lora_rank", "0", "--model.shots", "3"]
    data = {"sources": "[a2, b1]", "limit": 10}
    assert run("predict", "GenerativeTeacher", tmp_path, *prompted, data=data) == 0
    card = SoftLabelStore(tmp_path / "soft_labels" / "train").manifest["teacher"]
    assert card["method"] == "llm-prompted" and card["sources"] == ["a2", "b1"] and card["train_seconds"] == 0
    assert card["prompt"]["shots"] == 3
    assert run("predict", "GenerativeTeacher", tmp_path / "none", "--model.lora_rank", "0", data=data) == 0
    none = SoftLabelStore(tmp_path / "none" / "soft_labels" / "train").manifest["teacher"]
    assert none["sources"] == [] and none["prompt"]["sha256"] != card["prompt"]["sha256"]


@pytest.mark.parametrize("half", [("--trainer.precision", "bf16-mixed"), ("--model.base", "bfloat16")], ids=str)
def test_half_precision_answers_much_the_same(run, half, tmp_path):
    stores = []
    for number, more in enumerate([("--trainer.precision", "32-true"), ("--trainer.precision", "32-true", *half)]):
        output = tmp_path / str(number)
        assert run("predict", "GenerativeTeacher", output, "--model.lora_rank", "0", *more, data={"limit": 10}) == 0
        stores.append(SoftLabelStore(output / "soft_labels" / "train").rows(slice(None)))
    assert np.abs(stores[0] - stores[1]).mean() < 0.02 and (stores[0] != stores[1]).any()


def test_the_target_has_no_shots(family, language_models):
    """Examples are gold sentences of sources, word for word; the target's gold is not to be had."""
    from types import SimpleNamespace

    data = NERDataModule(sources=["a2", "b1"], target="a1", root=str(family), backbone=str(language_models["llama"]))
    teacher = GenerativeTeacher(str(language_models["llama"]), shots=4)
    teacher._trainer = SimpleNamespace(datamodule=data)
    teacher.setup("predict")
    for shot, language in zip(teacher.examples, ["a2", "b1", "a2", "b1"], strict=True):
        corpus = read_split(language, "train", root=family).project(data.schema)
        sentences = [tuple(corpus.sentence(place)) for place in range(len(corpus))]
        first = int(corpus.offsets[sentences.index(shot.words)])
        assert shot.tags == tuple(corpus.tags[first : first + len(shot.words)].tolist())


def test_self_consistency_is_the_mean_over_walks_that_company_does_not_change(language_models):
    teacher = GenerativeTeacher(str(language_models["gpt2"]), samples=3, sampling_temperature=30.0, lora_rank=0).eval()
    teacher.configure_model()
    mean = answers(teacher)
    torch.testing.assert_close(teacher.distributions(WORDS[2:], [7]), mean[7:], rtol=1e-3, atol=1e-5)
    assert (teacher.distributions(WORDS[2:], [8]) - mean[7:]).abs().max() > 1e-6  # another place, another draw
    torch.testing.assert_close(mean.sum(-1), torch.ones(67))
    from ctl.llm.decoding import walk

    walks = [
        walk(teacher.network, teacher.script, WORDS[:1], [np.random.default_rng([0, n, 0]).random(6)], 30.0)[0]
        for n in range(3)
    ]
    torch.testing.assert_close(torch.stack(walks).mean(0), mean[:6], rtol=1e-3, atol=1e-5)
    assert (walks[0] - walks[1]).abs().max() > 1e-6


def test_validation_finds_the_temperature(run, tmp_path):
    more = ["--trainer.max_epochs", "1", "--model.calibrate", "true", "--model.lr", "1e-2"]
    assert run("fit", "GenerativeTeacher", tmp_path, *more, data={"limit": 8}) == 0
    logged = (tmp_path / "logs" / "fit" / "metrics.csv").read_text()
    assert "val/f1" in logged and "val/temperature" in logged


def test_it_mixes_with_an_encoder_and_a_student_learns_from_both(run, tuned, family, tmp_path):
    encoder = {"backbone": family / "encoder", "sources": "[b1]"}
    fit = [*keep(tmp_path / "teacher"), "--trainer.max_epochs", "2", "--model.lr", "2e-3"]
    assert run("fit", "Teacher", tmp_path / "teacher", *fit, data=encoder) == 0
    checkpoint = ["--ckpt_path", str(tmp_path / "teacher" / "last.ckpt")]
    assert run("predict", "Teacher", tmp_path / "teacher", *checkpoint, data=encoder) == 0
    stores = [str(folder / "soft_labels" / "train") for folder in (tuned, tmp_path / "teacher")]
    mixed = tmp_path / "mixed"
    assert (
        run("predict", "Ensemble", mixed, "--model.teachers", json.dumps(stores), data=encoder | {"sources": "[]"}) == 0
    )
    store = SoftLabelStore(mixed / "soft_labels" / "train")
    expected = np.mean([SoftLabelStore(path).rows(slice(None)) for path in stores], axis=0)
    np.testing.assert_allclose(store.rows(slice(None)), expected, atol=2e-3)
    assert store.manifest["teacher"]["sources"] == ["a2", "b1"]
    student = {"backbone": family / "encoder", "sources": "[]", "soft_labels": mixed / "soft_labels" / "train"}
    assert run("fit", "Student", tmp_path / "student", "--trainer.max_epochs", "1", data=student) == 0


def test_mistakes_are_said_in_one_line(run, tuned, family, tmp_path, capsys):
    checkpoint = ["--ckpt_path", str(tuned / "last.ckpt")]
    members = ["--model.teachers", json.dumps([str(tuned / "last.ckpt")])]
    cases = [
        (("predict", "GenerativeTeacher", "--model.shots", "2"), {"sources": "[]"}, "name some in data.sources"),
        (
            ("predict", "GenerativeTeacher", "--model.samples", "0"),
            {},
            "--model.samples: 0: a whole number above zero is needed",
        ),
        (("predict", "GenerativeTeacher", "--model.max_length", "100"), {}, "the prompt has"),
        (("test", "GenerativeTeacher", *checkpoint), {}, "the checkpoint's lora_rank is 4, this run's is 16"),
        (("fit", "GenerativeTeacher", "--model.lora_rank", "0", "--model.base", "bfloat16"), {}, "frozen backbone"),
        (("test", "Ensemble", *members), {}, "a tagger but of GenerativeTeacher: let it `ctl predict`"),
    ]
    for (name, module, *more), data, said in cases:
        assert run(name, module, tmp_path, *more, data=data) == 2, said
        told = capsys.readouterr().err
        assert said in told and "Traceback" not in told
