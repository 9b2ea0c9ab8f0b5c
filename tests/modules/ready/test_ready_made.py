"""Ready-made taggers among the modules: their kinds, and what `ctl predict` writes of them."""

import numpy as np
import pytest

from ctl.data.soft_labels import SoftLabelStore
from ctl.errors import CTLError
from ctl.main import main
from ctl.modules.ready.gliner_model import Gliner
from ctl.modules.ready.ready_made import ReadyMade, kind_of
from ctl.modules.ready.spacy_pipeline import SpacyPipeline
from ctl.modules.ready.token_classifier import TokenClassifier

BIO = ["I-ORG", "B-ORG", "O", "B-PERSON", "I-PERSON", "I-GPE", "B-GPE", "B-DATE", "I-DATE"]


@pytest.mark.parametrize(
    ("tagger", "kind", "name"),
    [
        ("dslim/bert-base-NER@main", TokenClassifier, "dslim/bert-base-NER@main"),
        ("./my-model", TokenClassifier, "./my-model"),
        ("spacy:ja_ginza", SpacyPipeline, "ja_ginza"),
        ("gliner:urchade/gliner_multi-v2.1", Gliner, "urchade/gliner_multi-v2.1"),
    ],
)
def test_the_kind_stands_before_the_name(tagger, kind, name):
    assert kind_of(tagger) == (kind, name)


@pytest.mark.parametrize("tagger", ["flair:ner", "spacy:"])
def test_an_unknown_kind(tagger):
    with pytest.raises(CTLError, match="no tagger; there are spacy:NAME, gliner:NAME, or a name alone"):
        ReadyMade(tagger, "en")


def test_it_writes_soft_labels_as_a_teacher_does(write_classifier, family, tmp_path):
    folder = write_classifier(*BIO)
    run = [
        "predict", "--model", "ReadyMade", "--model.tagger", str(folder), "--model.source", "en", "--data.root",
        str(family), "--data.target", "a1", "--data.backbone", str(folder), "--data.predict_splits", "[test]",
        "--data.limit", "20", "--trainer.accelerator", "cpu", "--trainer.default_root_dir", str(tmp_path),
        "--trainer.enable_progress_bar", "false",
    ]  # fmt: skip
    assert main(run) == 0
    store = SoftLabelStore(tmp_path / "soft_labels" / "test")
    teacher = store.manifest["teacher"]
    assert (teacher["method"], teacher["sources"], teacher["source_types"]) == (
        "direct:en",
        ["en"],
        ["PER", "ORG", "LOC"],
    )
    assert teacher["fit"]["types"] == {"ORG": "ORG", "PERSON": "PER", "GPE": "LOC", "DATE": None}
    assert teacher["fingerprint"] == TokenClassifier.fingerprint(str(folder))
    assert np.allclose(store.rows(slice(None)).sum(-1), 1, atol=1e-3)


def test_subwords_of_another_tokenizer_are_refused(write_classifier, family, tmp_path, capsys):
    run = [
        "test", "--model", "ReadyMade", "--model.tagger", str(write_classifier(*BIO)), "--model.source", "en",
        "--data.root", str(family), "--data.target", "a1", "--data.backbone", str(family / "encoder"),
        "--trainer.accelerator", "cpu", "--trainer.default_root_dir", str(tmp_path),
    ]  # fmt: skip
    assert main(run) == 2
    assert "reads subwords of its own tokenizer: set data.backbone to" in capsys.readouterr().err
