"""Exported folders find the same entities as the tagger that was trained."""

import numpy as np
import pytest
from jsonargparse import Namespace
from made_up_tagger import ARCHITECTURES, load, make_checkpoint
from safetensors.torch import load_file

from ctl.data.reading.conll import read_conll
from ctl.errors import CTLError
from ctl.export.check import SENTENCES
from ctl.export.write import export
from ctl.tagging.options import load_named


def entities(tagged):
    return [(span.type, span.start, span.end) for span in tagged.spans]


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_a_pipeline_finds_the_same_entities(family, tmp_path, architecture):
    from transformers import pipeline

    make_checkpoint(tmp_path, family, architecture, pooling="first")
    exported = export(tmp_path, tmp_path / "exported")
    assert (exported.same, exported.entities > 100) == (SENTENCES, True)
    assert exported.difference < 1e-4
    find = pipeline("token-classification", model=str(tmp_path / "exported"), aggregation_strategy="first")
    corpus = read_conll(family / "a1" / "test.txt", "a1/test")
    sentences = [corpus.sentence(index) for index in range(30)]
    ours, again = (load(run)(sentences) for run in (tmp_path, tmp_path / "exported"))
    for mine, same in zip(ours, again, strict=True):
        theirs = find(mine.text)
        assert [(found["entity_group"], found["start"], found["end"]) for found in theirs] == entities(mine)
        np.testing.assert_allclose(
            [found["score"] for found in theirs], [span.confidence for span in mine.spans], atol=1e-4
        )
        np.testing.assert_allclose(mine.probabilities, same.probabilities, atol=1e-4)
    assert sum(len(mine.spans) for mine in ours) > 30


@pytest.mark.parametrize(
    "architecture, settings",
    [("bert", {"lora_rank": 4}), ("qwen3", {"lora_rank": 4, "pooling": "first", "attention": "full"})],
)
def test_adapters_are_merged(family, tmp_path, architecture, settings):
    make_checkpoint(tmp_path, family, architecture, **settings)
    exported = export(tmp_path, tmp_path / "exported")
    assert exported.same == SENTENCES and exported.difference < 1e-4
    assert not any("lora" in name for name in load_file(tmp_path / "exported" / "model.safetensors"))
    ours, theirs = (load(run)([["a", "b"]])[0].probabilities for run in (tmp_path, tmp_path / "exported"))
    np.testing.assert_allclose(ours, theirs, atol=1e-4)


def test_attention_that_a_pipeline_has_not_is_refused(family, tmp_path):
    make_checkpoint(tmp_path, family, "qwen3", pooling="first", attention="last:1")
    with pytest.raises(CTLError, match="reads in another way"):
        export(tmp_path, tmp_path / "exported")
    assert not (tmp_path / "exported").exists()


def test_a_threshold_is_that_of_the_folder(family, tmp_path, capsys):
    """It is there where none is given; a pipeline has none, and is compared with the model without one."""
    make_checkpoint(tmp_path, family, "bert", pooling="first")
    exported = export(tmp_path, tmp_path / "exported", threshold={"PER": 0.4})
    assert exported.same == SENTENCES and "`ctl tag` takes --threshold '{PER: 0.4}'" in exported.report()[-1]
    card = (tmp_path / "exported" / "README.md").read_text()
    assert "exported with `--threshold '{PER: 0.4}'`" in card and "A pipeline of transformers has no threshold" in card
    for given, expected in ((None, {"PER": 0.4}), (0.6, dict.fromkeys(("PER", "ORG", "LOC"), 0.6)), ({}, {})):
        options = Namespace(
            model=str(tmp_path / "exported"), method=None, tokenizer=None, device="cpu", precision="32",
            threshold=given, for_precision=None, engine=None,
        )  # fmt: skip
        assert load_named(options).threshold_by_type() == expected
        said = capsys.readouterr().err
        assert ("exported with --threshold '{PER: 0.4}', which holds here" in said) == (given is None)


def test_a_threshold_of_a_type_that_the_model_lacks(family, tmp_path):
    make_checkpoint(tmp_path, family, "bert", pooling="first")
    with pytest.raises(CTLError, match="there is no type MISC"):
        export(tmp_path, tmp_path / "exported", threshold={"MISC": 0.4})
    assert not (tmp_path / "exported").exists()
