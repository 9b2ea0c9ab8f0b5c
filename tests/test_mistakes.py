"""Mistakes of users, by the commands that people run: each is one line and status 2, before anything is trained."""

import json

import pytest

from ctl.main import main

FIT = [
    ("--data.limit -5", "--data.limit: -5: a whole number above zero is needed"),
    ("--data.limit 0", "--data.limit: 0: "),
    ("--data.batch_size -1", "--data.batch_size: -1: a whole number above zero is needed"),
    ("--data.batch_size 0", "--data.batch_size: 0: "),
    ("--data.batch_size 1.5", "--data.batch_size: 1.5: "),
    ("--data.batch_size true", "--data.batch_size: "),
    ("--data.eval_tokens 0", "--data.eval_tokens: 0: "),
    ("--data.train_tokens 0", "--data.train_tokens: 0: "),
    ("--data.num_workers -1", "--data.num_workers: -1: "),
    ("--data.max_length 0", "--data.max_length: 0: "),
    ("--data.max_length 1", "max_length"),
    ("--data.keep 2", "--data.keep: 2: "),
    ("--data.types [PER,PER,LOC]", "PER is there twice"),
    ("--data.types [O,PER]", "'O' can't be a type"),
    ("--data.types []", "data.types: there is none"),
    ("--data.types ['',PER]", "can't be a type"),
    ("--data.synthetic.ambiguous 1.5", "--data.synthetic.ambiguous: 1.5: "),
    ("--data.synthetic.width 0", "--data.synthetic.width: 0: "),
    ("--model.lr -1", "--model.lr: -1: a number from zero up is needed"),
    ("--model.lr .nan", "--model.lr: "),
    ("--model.lr nan", "--model.lr: "),
    ("--model.lr inf", "--model.lr: "),
    ("--model.weight_decay -1", "--model.weight_decay: -1: "),
    ("--model.warmup 5", "--model.warmup: 5: a number from 0 to 1 is needed"),
    ("--model.warmup -5", "--model.warmup: -5: "),
    ("--model.dropout 2", "--model.dropout: 2: "),
    ("--model.freeze_layers -1", "--model.freeze_layers: -1: "),
    ("--model.freeze_layers 99", "has 2 layers that can be frozen"),
    ("--model.lora_alpha 16", "without --model.lora_rank there are no adapters"),
    ("--model.lora_rank -1", "--model.lora_rank: -1: "),
    ("--model.nonsense 1", "--model: there is no setting nonsense"),
    ("--nonsense 1", "unknown option --nonsense"),
    ("--seed_everything -1", "--seed_everything: -1: "),
    ("--seed_everything 4294967296", "--seed_everything: 4294967296: "),
    ("--trainer.accumulate_grad_batches 0", "--trainer.accumulate_grad_batches: 0: a number from 1 up is needed"),
    ("--trainer.gradient_clip_val -1", "--trainer.gradient_clip_val: -1"),
    ("--trainer.max_epochs 0", "--trainer.max_epochs: 0: then nothing is done"),
    ("--trainer.max_epochs x", "--trainer.max_epochs: x: a whole number is needed"),
    ("--trainer.devices 0", "--trainer.devices: 0: then nothing is done; leave it out for all there are"),
    ("--trainer.precision foo", "trainer.precision: foo: one of "),
    ("--trainer.accelerator tpu9", "tpu9"),
    ("--trainer.strategy foo", "foo"),
]

TRANSFER = [
    ("--seed -1", "--seed: -1: a whole number from 0 to 4294967295 is needed"),
    ("--seed 4294967296", "--seed: 4294967296: "),
    ("--patience -1", "--patience: -1: "),
    ("--validations 0", "--validations: 0: "),
    ("--teacher_epochs -1", "--teacher_epochs: -1: "),
    ("--pretrain_epochs -1", "--pretrain_epochs: -1: "),
    ("--student_epochs 0", "--student_epochs: 0: a whole number above zero is needed"),
    ("--student_steps 0", "--student_steps: 0: "),
    ("--language_id_epochs 0", "--language_id_epochs: 0: "),
    ("--language_id_sentences 0", "--language_id_sentences: 0: "),
    ("--adapt_epochs 0", "--adapt_epochs: 0: "),
    ("--data.keep 2", "--data.keep: 2: a number above 0 and at most 1 is needed"),
    ("--data.batch_size -1", "--data.batch_size: -1: "),
    ("--data.types [PER,PER]", "PER is there twice"),
    ("--student.temperature 0", "--student.temperature: 0: a number above zero is needed"),
    ("--student.temperature -1", "--student.temperature: -1: "),
    ("--student.loss none", "--student.loss: none: one of mse, kl, cross_entropy, hard is needed"),
    ("--student.dropout 1.5", "--student.dropout: 1.5: "),
    ("--student.lr .inf", "--student.lr: "),
    ("--student.unanimous_weight .nan", "--student.unanimous_weight: "),
    ("--adapt.lr -1", "--adapt.lr: -1: "),
    ("--adapt.masked 1", "--adapt.masked: 1: "),
    ("--language_id.rank 0", "--language_id.rank: 0: "),
    ("--adversary.keep 0", "--adversary.keep: 0: "),
    ("--neighbours.neighbours 0", "--neighbours.neighbours: 0: "),
    ("--trainer.accumulate_grad_batches 0", "--trainer.accumulate_grad_batches: 0: "),
    ("--trainer.max_steps 0", "--trainer.max_steps: 0: "),
    ("--trainer.fast_dev_run true", "--trainer.fast_dev_run: True: "),
    ("--trainer.limit_test_batches 0", "--trainer.limit_test_batches: 0"),
    ("--weights {a2:.nan,a3:1} --methods [ensemble:fixed]", "--weights: "),
    ("--methods []", "methods []: name at least one"),
    ("--methods 5", "unknown method 5"),
    ("--student.base 4bit", "--student.base: 4bit is for a frozen backbone"),
    ("--student.attention full", "--student: attention 'full' is for decoders"),
    ("--student.freeze_layers 99", "--student.freeze_layers: 99: "),
    ("--student.lora_alpha 16", "--student.lora_alpha: without --student.lora_rank"),
    ("--neighbours.layers 99", "--neighbours.layers: 99: "),
    ("--student.unanimous_weight 1 --methods [student:uniform]", "student:uniform+unanimous has"),
    ("--data.max_length 1", "max_length 1 leaves no room"),
    ("--backbone /nowhere", "backbone /nowhere: no such folder"),
    ("--trainer.precision foo", "trainer.precision: foo: one of "),
    ("--sources []", "sources []: name at least one language"),
    ("--sources [a2,a2]", "each once"),
    ("--student.lrr 1", "unknown option --student.lrr: did you mean --student.lr?"),
]

STUDY = [
    ("--jobs 0", "--jobs: 0: a whole number above zero is needed"),
    ("--jobs -1", "--jobs: -1: "),
    ("--seeds []", "--seeds: []: name at least one"),
    ("--seeds [-1]", "--seeds: -1: "),
    ("--seeds 5", "--seeds: 5: a list, [a,b] is needed"),
    ("--targets []", "--targets: []: name at least one"),
    ("--languages []", "--languages: []: name at least one"),
    ("--subsets.nested [0]", "--subsets.nested: 0: "),
    ("--subsets.draws 0", "--subsets.draws: 0: "),
    ("--shard 0/0", "--shard 0/0"),
    ("--executor dask", "--executor: dask: one of local, ray, slurm is needed"),
    ("--keep some", "--keep: some: one of all, shared, labels, results is needed"),
    ("--cores 0", "--cores: 0: a whole number above zero is needed"),
    ("--estimate.tokens 0", "--estimate.tokens: 0: "),
    ("--estimate.utilisation 2", "--estimate.utilisation: 2: "),
    ("--student_epochs 0", "--student_epochs: 0: "),
    ("--student.temperature 0", "--student.temperature: 0: "),
]

REMOTE = [
    ("timeout -1", "--model.endpoint.timeout: -1: a number above zero is needed"),
    ("timeout .nan", "--model.endpoint.timeout: "),
    ("requests_per_minute 0", "--model.endpoint.requests_per_minute: 0: "),
    ("concurrency 0", "--model.endpoint.concurrency: 0: "),
    ("retries -1", "--model.endpoint.retries: -1: "),
    ("backoff -1", "--model.endpoint.backoff: -1: "),
    ("prompt_price -1", "--model.endpoint.prompt_price: -1: "),
    ("max_cost .nan", "--model.endpoint.max_cost: "),
    ("max_cost 1", "max_cost needs prices"),
    ("url http://me:sesame@host/v1", "model.endpoint.url holds a user, a password"),
    ("url nonsense", "this is no address"),
]

OTHERS = [
    ("tag --model x --chunk 0", "--chunk: 0: "),
    ("tag --model x --format xml", "--format: xml: one of jsonl, conll, pretty is needed"),
    ("tag", "--model is missing: `ctl tag --help`"),
    ("inspect x --sentences -1", "--sentences: -1: "),
    ("inspect x --sentences 0", "--sentences: 0: "),
    ("inspect . --split ../../y", "--split: '../../y' is no split"),
    ("export x", "--model is missing"),
    ("report x --y", "unknown option --y"),
    ("report", "folder is missing"),
    ("tag --modle x", "unknown option --modle: did you mean --model?"),
    ("fit", "--model: which? Name a class"),
    ("fit --model Nonsense", "there is no class Nonsense"),
    ("predict --model RemoteTeacher --model.model x", "--model.endpoint.url is missing: RemoteTeacher needs it"),
    ("predict --model RemoteTeacher", "--model.model is missing: RemoteTeacher needs it"),
    ("fit --model Teacher --lr_scheduler ReduceLROnPlateau", "--lr_scheduler.monitor is missing"),
    ("fit --model Teacher --trainer.callbacks+=EarlyStopping", "--trainer.callbacks.monitor is missing"),
    ("inspect", "paths is missing"),
    ("import x --as y", "--language is missing"),
]

CONFIGS = [
    (bytes(range(256)), "this is no text in UTF-8"),
    (b"data: [1, 2\nseed: 3", "line 2: this is no YAML"),
    (b"- 1\n- 2\n", "settings with their values"),
    (b"seed: 1\ndata:\n  limit: 2\n  limit: 3\n", "line 4: limit is there twice"),
    (b"data:\n  batch_size: -1\n", "--data.batch_size: -1: "),
]


@pytest.fixture
def refused(capsys):
    """Runs a command, and expects its one line."""

    def run(arguments, message):
        assert main([str(argument) for argument in arguments]) == 2
        printed = capsys.readouterr()
        (line,) = [line for line in printed.err.splitlines() if not line.startswith("ctl: a1/")]  # notes on the data
        assert line.startswith("ctl: error: ") and message in line and not printed.out
        return line

    return run


@pytest.fixture
def transfer(family, tmp_path):
    return [
        "--data.root", family, "--backbone", family / "encoder", "--output", tmp_path / "run",
        "--trainer.accelerator", "cpu",
    ]  # fmt: skip


@pytest.mark.parametrize(("mistake", "message"), FIT)
def test_fit(refused, family, tmp_path, mistake, message):
    run = ["--data.root", family, "--data.backbone", family / "encoder", "--data.sources", "[a2]"]
    more = ["--trainer.default_root_dir", tmp_path / "run", "--trainer.accelerator", "cpu"]
    refused(["fit", "--model", "Teacher", *run, *more, *mistake.split(" ")], message)
    assert not list(tmp_path.rglob("*.ckpt"))


@pytest.mark.parametrize(("mistake", "message"), TRANSFER)
def test_transfer(refused, transfer, tmp_path, mistake, message):
    mistakes = mistake.replace(":", ": ").split(" ") if mistake.startswith("{") else mistake.split(" ")
    refused(["transfer", "--sources", "[a2,a3]", "--target", "a1", *transfer, *mistakes], message)
    assert not (tmp_path / "run" / "teachers").exists()


@pytest.mark.parametrize(("mistake", "message"), STUDY)
def test_study(refused, transfer, tmp_path, mistake, message):
    languages = ["--languages", "[a2,a3]", "--targets", "[a1]", "--subsets.nested", "[1]"]
    refused(["study", *languages, *transfer, *mistake.split(" ")], message)
    assert not list(tmp_path.rglob("teachers"))


@pytest.mark.parametrize(("mistake", "message"), REMOTE)
def test_an_endpoint(refused, tmp_path, mistake, message):
    name, value = mistake.split(" ")
    url = ["--model.model", "m", "--model.endpoint.url", "http://127.0.0.1:9/v1", "--data.target", "a1"]
    folder = ["--trainer.default_root_dir", tmp_path]
    line = refused(["predict", "--model", "RemoteTeacher", *url, *folder, f"--model.endpoint.{name}", value], message)
    assert "sesame" not in line and not list(tmp_path.iterdir())


@pytest.mark.parametrize(("mistake", "message"), OTHERS)
def test_other_commands(refused, mistake, message):
    refused(mistake.split(" "), message)


@pytest.mark.parametrize("command", ["fit", "transfer"])
@pytest.mark.parametrize(("content", "message"), CONFIGS)
def test_a_configuration(refused, tmp_path, command, content, message):
    (tmp_path / "mine.yaml").write_bytes(content)
    refused([command, "--config", tmp_path / "mine.yaml"], message)


def test_remedies_name_a_setting_that_there_is(refused, family):
    """Settings in a file are refused by the same words as on the command line."""
    model = {"class_path": "Teacher", "init_args": {"lr": -1}}
    refused(["fit", "--model", json.dumps(model)], "--model.lr: -1: a number from zero up is needed")


@pytest.mark.parametrize("content", ["{}", "[1, 2]", "no json"])
def test_a_study_that_is_none(refused, tmp_path, content):
    (tmp_path / "study.json").write_text(content)
    refused(["report", tmp_path], "this does not describe a study")


@pytest.mark.parametrize("content", ["[1, 2]", "[{}]"])
def test_results_that_are_none(refused, tmp_path, content):
    (tmp_path / "results.json").write_text(content)
    (tmp_path / ".lock").touch()
    refused(["report", tmp_path], "no records of scored models")
