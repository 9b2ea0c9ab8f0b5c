"""Pre-training on raw text: what is hidden, what the loss is, what is left."""

import json
import shutil

import torch
from tiny import batch_of
from transformers import AutoConfig, AutoModelForCausalLM

from ctl.backbones.checks import check_backbone
from ctl.backbones.vocabulary import subword_loss
from ctl.data.datamodule import NERDataModule
from ctl.modules import Adaptation

SIZE = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}


def test_adaptation_lowers_the_loss_and_leaves_a_backbone(command, family, tmp_path):
    more = ["--trainer.max_epochs", "3", "--trainer.log_every_n_steps", "1", "--model.lr", "3e-3"]
    data = {"sources": "[]", "text": "[a1]"}
    assert command("fit", "Adaptation", family, tmp_path, *more, data=data) == 0
    check_backbone(str(tmp_path / "backbone"))
    logged = (tmp_path / "logs" / "fit" / "metrics.csv").read_text().splitlines()
    column = logged[0].split(",").index("train/loss")
    losses = [float(line.split(",")[column]) for line in logged[1:]]
    assert losses[-1] < losses[0] - 0.2
    adapted = {"sources": "[a2]", "backbone": tmp_path / "backbone"}
    assert command("fit", "Teacher", family, tmp_path / "teacher", "--trainer.max_epochs", "1", data=adapted) == 0


def test_a_fit_that_was_stopped_at_its_very_end_still_leaves_a_backbone(command, family, tmp_path):
    """Its last state is there, so nothing is left to train, and Lightning does not call what ends training."""
    keep = {"dirpath": str(tmp_path / "checkpoints"), "save_top_k": 0, "save_last": True}
    lean = {"path": str(tmp_path / "checkpoints" / "last.ckpt")}
    kept = {"class_path": "ModelCheckpoint", "init_args": keep}
    more = ["--trainer.max_epochs", "1", "--trainer.callbacks"]
    data = {"sources": "[]", "text": "[a1]"}
    assert command("fit", "Adaptation", family, tmp_path, *more, json.dumps([kept]), data=data) == 0
    weights = (tmp_path / "backbone" / "model.safetensors").read_bytes()
    shutil.rmtree(tmp_path / "backbone")
    both = json.dumps([kept, {"class_path": "WeightsOnly", "init_args": lean}])
    resumed = ["--ckpt_path", str(tmp_path / "checkpoints" / "last.ckpt")]
    assert command("fit", "Adaptation", family, tmp_path, *more, both, *resumed, data=data) == 0
    assert (tmp_path / "backbone" / "model.safetensors").read_bytes() == weights
    assert "loops" not in torch.load(tmp_path / "checkpoints" / "last.ckpt", weights_only=True)


def test_what_is_hidden_for_adaptation(family):
    """Only subwords that stand in a sentence; about the share that was asked for; a causal model sees everything."""
    module = Adaptation(str(family / "encoder"), masked=0.5)
    module.configure_model()
    data = NERDataModule(root=str(family), backbone=str(family / "encoder"), text=["a1"])
    data.setup("fit")
    batch = next(iter(data.train_dataloader()))
    inputs, labels = module.hide(batch)
    chosen = labels != -100
    ids = batch.subwords.ids
    words = ids > max(module.tokenizer.all_special_ids)
    assert not (chosen & ~words).any() and (labels[chosen] == ids[chosen]).all()
    assert 0.4 < chosen.sum() / words.sum() < 0.6
    assert 0.7 < (inputs[chosen] == module.tokenizer.mask_token_id).float().mean() < 0.9
    assert (inputs[~chosen] == ids[~chosen]).all()
    module.masked = 0
    inputs, labels = module.hide(batch)
    last = batch.subwords.positions == batch.subwords.sizes[batch.subwords.windows] - 1
    assert (inputs == ids).all() and (labels == torch.where(last, -100, ids.roll(-1))).all()


def test_the_next_subword_is_predicted_within_a_sentence_alone():
    """The loss of a causal model on packed sentences is the mean over those of each sentence, counted by subwords."""
    torch.manual_seed(0)
    module = Adaptation("unused", masked=0)
    small = {"num_key_value_heads": 2, "head_dim": 8, "vocab_size": 50, "pad_token_id": 0}
    module.model = AutoModelForCausalLM.from_config(AutoConfig.for_model("qwen3", **SIZE, **small)).eval()
    sentences = [list(range(5, 17)), [7, 8, 9], [30], [4, 40]]
    batch = batch_of(sentences)
    assert batch.subwords.packed
    _, labels = module.hide(batch)
    alone = [torch.tensor([ids]) for ids in sentences if len(ids) > 1]
    losses = [module.model(input_ids=ids, labels=ids).loss * (ids.shape[1] - 1) for ids in alone]
    expected = sum(losses) / sum(ids.shape[1] - 1 for ids in alone)
    torch.testing.assert_close(subword_loss(module.model, batch.subwords, labels), expected)
