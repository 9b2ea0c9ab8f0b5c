"""The tagger of a trained run."""

import pytest


@pytest.fixture(scope="package")
def tagger(trained_run):
    from ctl.tagging.text_tagger import load_tagger

    return load_tagger(trained_run, device="cpu", precision="32")
