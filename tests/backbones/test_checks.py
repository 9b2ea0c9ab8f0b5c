import json
import shutil

import pytest

from ctl.backbones.checks import check_backbone, check_decoder
from ctl.errors import CTLError


def test_what_is_missing_is_named(family, tmp_path):
    for name in (str(tmp_path / "nowhere"), "./nowhere", "runs/imports/nowhere"):
        with pytest.raises(CTLError, match="no such folder"):
            check_backbone(name)
    folder = tmp_path / "encoder"
    folder.mkdir()
    with pytest.raises(CTLError, match=r"no config\.json"):
        check_backbone(str(folder))
    shutil.copy(family / "encoder/config.json", folder)
    with pytest.raises(CTLError, match="no weights"):
        check_backbone(str(folder))
    shutil.copy(family / "encoder/model.safetensors", folder)
    with pytest.raises(CTLError, match="no tokenizer"):
        check_backbone(str(folder))
    check_backbone(str(family / "encoder"))


def test_an_encoder_is_no_decoder(family):
    check_decoder(str(family / "decoder"))
    with pytest.raises(CTLError, match="a bert is no causal language model"):
        check_decoder(str(family / "encoder"))


def test_models_that_read_otherwise_are_refused_before_training(family, tmp_path):
    """T5 and XLNet take other inputs than a row of subwords."""
    for kind in ("t5", "xlnet"):
        folder = tmp_path / kind
        shutil.copytree(family / "encoder", folder)
        (folder / "config.json").write_text(json.dumps({"model_type": kind}))
        with pytest.raises(CTLError, match=rf"a {kind} can't be used"):
            check_backbone(str(folder))
