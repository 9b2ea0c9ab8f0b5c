import json
import shutil
from types import SimpleNamespace

from torch import nn

from ctl.backbones.facts import count_parameters, fingerprint_backbone, longest_input, stamp
from ctl.backbones.loading import (
    load_encoder,
)


def test_subwords_that_can_be_read_at_once():
    tokenizer = SimpleNamespace(model_max_length=512)
    for kind, positions, expected in (("bert", 512, 512), ("xlm-roberta", 514, 512), ("t5", None, 512)):
        config = SimpleNamespace(model_type=kind, max_position_embeddings=positions, pad_token_id=1)
        assert longest_input(tokenizer, config) == expected


def test_embeddings_are_not_counted(family):
    encoder = load_encoder(str(family / "encoder"))
    looked_up = sum(p.numel() for m in encoder.modules() if isinstance(m, nn.Embedding) for p in m.parameters())
    whole = sum(parameter.numel() for parameter in encoder.parameters())
    pooler = sum(p.numel() for n, p in encoder.named_parameters() if "pooler" in n)
    counted = count_parameters(str(family / "encoder"))
    assert counted in (whole - looked_up, whole - looked_up + 32 * 32 + 32) and pooler in (0, 32 * 32 + 32)


def test_a_fingerprint_changes_with_the_files(family, tmp_path):
    folder = tmp_path / "encoder"
    shutil.copytree(family / "encoder", folder)
    before = fingerprint_backbone(str(folder))
    assert before == fingerprint_backbone(str(family / "encoder"))
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "hidden_dropout_prob": 0.2}))
    assert fingerprint_backbone(str(folder)) != before
    assert stamp("owner/model") == 0 and fingerprint_backbone("owner/model") != fingerprint_backbone("owner/other")
