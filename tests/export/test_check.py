"""An export is compared with the original before anything is written."""

import numpy as np
import pytest
import torch
from made_up_tagger import make_checkpoint

from ctl.errors import CTLError, UnlikeOriginalError
from ctl.export.check import (
    LENGTH,
    SENTENCES,
    Compared,
    check_int8,
    check_network,
    check_onnx,
    compare,
    compare_entities,
    sample,
)
from ctl.export.token_classifier import to_transformers
from ctl.tagging.text_tagger import TextTagger
from ctl.tagging.trained import load_trained


def test_a_head_with_other_layers_is_refused(family, tmp_path):
    """As ModernBERT's own head would be, were it not opened."""
    make_checkpoint(tmp_path, family, "modernbert")
    trained = load_trained(tmp_path, module=True)
    tagger, model = TextTagger(trained, device="cpu", precision="32"), to_transformers(trained)
    assert check_network(tagger, model, sample(tagger)) < 1e-4
    torch.nn.init.normal_(model.head.dense.weight)
    with pytest.raises(CTLError, match="its classifier has more layers"):
        check_network(tagger, model, sample(tagger))


def test_the_sample_is_words_of_the_vocabulary_and_the_same_each_time(family, tmp_path):
    make_checkpoint(tmp_path, family, "bert")
    tagger = TextTagger(load_trained(tmp_path), device="cpu", precision="32")
    corpus = sample(tagger)
    assert len(corpus) == SENTENCES and len(corpus.words) == SENTENCES * LENGTH
    assert list(corpus.words) == list(sample(tagger).words) != list(sample(tagger, seed=1).words)
    assert all(word.isalpha() for word in corpus.words)


def test_differences_by_hand(monkeypatch, tmp_path):
    """Two words: one probability differs by 0.3, and the most probable tag of that word is another."""
    monkeypatch.setattr("ctl.export.check.SECONDS", 0.01)

    class Fixed:
        def __init__(self, probs):
            self.probs = np.array(probs)

        def probabilities(self, corpus):
            return self.probs

    class Two:
        words = ("a", "b")

    (tmp_path / "model.onnx").write_bytes(b"x" * 1_000_000)
    (tmp_path / "model.onnx.data").write_bytes(b"x" * 500_000)
    exported, original = Fixed([[0.4, 0.6], [0.9, 0.1]]), Fixed([[0.7, 0.3], [0.9, 0.1]])
    compared = compare(exported, Two(), tmp_path / "model.onnx", original)
    assert compared == Compared(1.5, compared.words_per_second, pytest.approx(0.3), 0.5)
    assert compared.words_per_second > 0 and str(compared).startswith("1.5 MB, ")
    assert "3.0e-01, 50.00% of words" in str(compared)


def test_no_number_is_no_agreement(family, tmp_path):
    """A model of NaN differs from itself by NaN, which is not above any tolerance."""
    make_checkpoint(tmp_path, family, "bert")
    trained = load_trained(tmp_path, module=True)
    tagger, model = TextTagger(trained, device="cpu", precision="32"), to_transformers(trained)
    torch.nn.init.constant_(model.classifier.bias, float("nan"))
    with pytest.raises(UnlikeOriginalError, match="one differs by nan"):
        check_network(tagger, model, sample(tagger))


def test_other_entities_in_any_sentence_are_refused(family, tmp_path):
    make_checkpoint(tmp_path, family, "bert")
    trained = load_trained(tmp_path, module=True)
    tagger, model = TextTagger(trained, device="cpu", precision="32"), to_transformers(trained)
    corpus, folder = sample(tagger), tmp_path / "exported"
    tagger.encoder.tokenizer.save_pretrained(folder)
    model.save_pretrained(folder)
    assert compare_entities(tagger, folder, corpus)[0] == SENTENCES
    model.classifier.bias[0] += 9.0  # all is O
    model.save_pretrained(folder)
    with pytest.raises(UnlikeOriginalError, match=r"finds other entities .* in \d+ of 64 sentences, so nothing was"):
        compare_entities(tagger, folder, corpus)


def test_files_of_onnx_by_hand():
    """Float32 by its probabilities, int8 by its F1 where it has one."""
    check_onnx("a", Compared(1, 1, 9e-4))
    check_int8("a", Compared(1, 1, 0.5, 0.1, f1=89.1, original_f1=90.0))
    check_int8("a", Compared(1, 1, 0.5, 0.1))
    for check, network in (
        (check_onnx, Compared(1, 1, 1.1e-3)),
        (check_onnx, Compared(1, 1, float("nan"))),
        (check_int8, Compared(1, 1, float("nan"))),
        (check_int8, Compared(1, 1, 0.5, 0.1, f1=88.9, original_f1=90.0)),
    ):
        with pytest.raises(UnlikeOriginalError):
            check("a", network)
