"""Taggers of several architectures with random weights, as checkpoints that a fit leaves."""

import torch

import ctl
from ctl.modules import Student, Teacher

SMALL = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 64}
ARCHITECTURES = {
    "bert": {"max_position_embeddings": 128},
    "xlm-roberta": {"max_position_embeddings": 130},
    "modernbert": {"max_position_embeddings": 128, "norm_bias": True, "classifier_bias": True},
    "distilbert": {"dim": 32, "hidden_dim": 64, "n_heads": 4, "n_layers": 2, "max_position_embeddings": 128},
    "qwen3": {"num_key_value_heads": 2, "head_dim": 8, "max_position_embeddings": 128},
}


def make_checkpoint(folder, family, architecture, taught_by=None, **settings):
    """The checkpoint of a tagger with this backbone, as a fit leaves it, with random weights, norms included."""
    from transformers import AutoConfig, AutoModel, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(family / "encoder")
    special = {f"{name}_token_id": getattr(tokenizer, f"{name}_token_id") for name in ("pad", "cls", "sep")}
    special |= {"bos_token_id": tokenizer.cls_token_id, "eos_token_id": tokenizer.sep_token_id}
    config = AutoConfig.for_model(
        architecture, vocab_size=len(tokenizer), **{**SMALL, **special, **ARCHITECTURES[architecture]}
    )
    torch.manual_seed(3)
    backbone = folder / "backbone"
    AutoModel.from_config(config).save_pretrained(backbone)
    tokenizer.save_pretrained(backbone)
    kind = Teacher if taught_by is None else Student
    tagger = kind(backbone=str(backbone), types=["PER", "ORG", "LOC"], **settings)
    tagger.configure_model()
    with torch.no_grad():
        for parameter in tagger.parameters():  # far from where models begin, where norms do nothing
            parameter.add_(torch.randn_like(parameter) * (0.3 if parameter.ndim == 1 else 0.1))
    tagger.sources, tagger.taught_by = ("a2",), taught_by
    checkpoint = {"hyper_parameters": dict(tagger.hparams), "state_dict": tagger.state_dict()}
    tagger.on_save_checkpoint(checkpoint)
    path = folder / "checkpoints" / "last.ckpt"
    path.parent.mkdir()
    torch.save(checkpoint, path)
    return path


def load(run):
    """The tagger of a run, on the CPU in float32."""
    return ctl.load_tagger(run, device="cpu", precision="32")
