import os
from types import SimpleNamespace

import numpy as np

from ctl.callbacks.fit_record import fit_record
from ctl.callbacks.progress.learning_curve import LearningCurve
from ctl.data.corpus import Corpus


def test_a_fit_in_plain_values(monkeypatch):
    monkeypatch.setitem(os.environ, "PL_GLOBAL_SEED", "7")
    corpus = Corpus("en/train", ["Ada", "sang"], np.array([0, 2]), np.array([1, 0], np.uint8))
    data = SimpleNamespace(batch_size=16, train_tokens=None, training=[corpus])
    curve = LearningCurve()
    trainer = SimpleNamespace(
        global_step=30, max_steps=40, max_epochs=-1, accumulate_grad_batches=2, num_training_batches=24, world_size=1,
        precision="32-true", datamodule=data, callbacks=[curve],
    )  # fmt: skip
    curve.load_state_dict({"first": [5.0, 3.0, 2.0, 3.0, 2.0], "last": [1.0] * 5})
    module = SimpleNamespace(trainer=trainer, hparams={"lr": 1e-3, "_instantiator": "cli"})
    assert fit_record(module) == {
        "steps": 30, "max_steps": 40, "epochs": 2.5, "max_epochs": -1, "batch_size": 16, "train_tokens": None,
        "accumulate_grad_batches": 2, "processes": 1, "precision": "32-true", "seed": 7, "class": "SimpleNamespace",
        "arguments": {"lr": 1e-3}, "splits": {"en/train": corpus.fingerprint_with_tags},
        "losses": [3.0, 1.0],
    }  # fmt: skip
    assert corpus.raw().fingerprint_with_tags != corpus.fingerprint_with_tags
