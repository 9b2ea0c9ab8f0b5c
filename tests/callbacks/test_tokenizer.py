"""The tokenizer beside the checkpoints is the one that the model was trained with."""

from types import SimpleNamespace

from transformers import AutoConfig

from ctl.backbones.facts import fingerprint_tokenizer
from ctl.backbones.loading import load_config, load_tokenizer
from ctl.callbacks.tokenizer import KeepTokenizer
from ctl.system.checkpoints import TOKENIZER


def test_it_is_kept_and_its_fingerprint_is_in_the_checkpoint(family, tmp_path):
    tokenizer = load_tokenizer(str(family / "encoder"))
    checkpoints = [SimpleNamespace(dirpath=str(tmp_path / "checkpoints")), SimpleNamespace(dirpath=None)]
    data = SimpleNamespace(encoder=SimpleNamespace(tokenizer=tokenizer))
    trainer = SimpleNamespace(checkpoint_callbacks=checkpoints, datamodule=data)
    module = SimpleNamespace(backbone_model=SimpleNamespace(config=AutoConfig.from_pretrained(family / "encoder")))
    checkpoint = {}
    for _ in range(2):  # a fit that goes on writes it again
        KeepTokenizer().on_fit_start(trainer, module)
    KeepTokenizer().on_save_checkpoint(trainer, module, checkpoint)
    folder = str(tmp_path / "checkpoints" / TOKENIZER)
    assert checkpoint == {TOKENIZER: fingerprint_tokenizer(load_tokenizer(folder))}
    assert load_config(folder).hidden_size == 32
    assert [path.name for path in (tmp_path / "checkpoints").iterdir()] == [TOKENIZER]
