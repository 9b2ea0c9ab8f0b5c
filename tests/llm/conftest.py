"""A tiny causal language model with its script, as most tests of this room need one."""

import pytest


@pytest.fixture
def open_model(language_models):
    """Gives a function that loads a model by name, with a prompt of one example."""
    from ctl.backbones.loading import load_language_model, load_tokenizer
    from ctl.data.tags import TagSchema
    from ctl.llm.prompt import Prompt, Shot
    from ctl.llm.script import Script, raw_tokenizer
    from ctl.llm.styles import prompt_style

    def load(name, style="tagged", **more):
        folder = str(language_models[name])
        model = load_language_model(folder, causal=True).eval()
        prompt = Prompt(prompt_style(style, TagSchema(("PER", "ORG", "LOC"))), (Shot(("Bonn", "calls"), (5, 0)),))
        return model, Script(prompt, raw_tokenizer(load_tokenizer(folder)), **{"max_length": 512, **more})

    return load
