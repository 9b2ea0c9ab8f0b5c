"""The upper bound says that it is one, and reads gold of the target only where that was asked for."""

from types import SimpleNamespace

import pytest

from ctl.errors import CTLError
from ctl.modules.baselines.supervised import Supervised


def with_data(**settings):
    model = Supervised(backbone="unused")
    model._trainer = SimpleNamespace(datamodule=SimpleNamespace(target="de", **settings))
    return model


def test_it_learns_from_the_target_alone():
    model = with_data(supervised=True)
    model.setup("fit")
    assert model.sources == ("de",)


def test_it_does_not_learn_from_the_target_unasked():
    with pytest.raises(CTLError, match=r"set data\.supervised to true"):
        with_data(supervised=False).setup("fit")
