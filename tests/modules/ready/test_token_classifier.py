"""Token classifiers of transformers, against their own library's answers on the same sentences."""

import warnings

import numpy as np
import pytest
import torch
from transformers import (
    DistilBertConfig,
    DistilBertForTokenClassification,
    RobertaConfig,
    RobertaForTokenClassification,
)
from transformers import pipeline as make_pipeline

from ctl.backbones.loading import load_tokenizer
from ctl.data.collation import Collator
from ctl.data.encoding import WordEncoder
from ctl.data.tags import TagSchema, span_ends
from ctl.errors import CTLError
from ctl.modules.ready.token_classifier import TokenClassifier

SCHEMA = TagSchema(("PER", "ORG", "LOC"))
BIO = ["I-ORG", "B-ORG", "O", "B-PERSON", "I-PERSON", "I-GPE", "B-GPE", "B-DATE", "I-DATE"]


def answers(folder, corpus, schema=SCHEMA, max_length=64, **more):
    """The distributions of all words (N, C), and the sentences' lengths (S)."""
    encoder = WordEncoder(load_tokenizer(str(folder)), max_length)
    encoded = encoder.encode(corpus)
    batch = Collator(encoder)([encoded.example(sentence) for sentence in range(len(corpus))])
    with torch.inference_mode():
        return TokenClassifier(str(folder), schema, **more).probabilities(batch), batch.lengths


@pytest.mark.parametrize(
    ("config", "classifier"),
    [
        (None, None),
        (RobertaConfig, RobertaForTokenClassification),
        (DistilBertConfig, DistilBertForTokenClassification),
    ],
)
@pytest.mark.parametrize("labels", [BIO, ["DATE", "PERSON", "O", "LOC"]], ids=["BIO2", "IO"])
def test_the_entities_are_those_of_its_own_pipeline(write_classifier, test_split, labels, config, classifier):
    """The pipeline reads a word at its first subword too; its types are mapped afterwards."""
    kind = {} if config is None else {"config": config, "classifier": classifier}
    folder, corpus = write_classifier(*labels, sharp=1000.0, **kind), test_split.head(30)
    probs, lengths = answers(folder, corpus)
    ends = span_ends(probs.argmax(-1), lengths)
    find = make_pipeline("token-classification", model=str(folder), aggregation_strategy="first", device="cpu")
    names = {"PERSON": "PER", "GPE": "LOC", "DATE": "O"}
    for sentence, begin in enumerate(corpus.offsets[:-1].tolist()):
        words = corpus.sentence(sentence)
        starts = np.cumsum([0, *(len(word) + 1 for word in words)])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            theirs = [
                (int(np.searchsorted(starts, e["start"])), int(np.searchsorted(starts, e["end"])), e["entity_group"])
                for e in find(" ".join(words))
            ]
        theirs = [(first, last, names.get(kind, kind)) for first, last, kind in theirs]
        kinds = SCHEMA.type_of(probs[begin : begin + len(words)].argmax(-1)).tolist()
        ours = [
            (word, int(end) - begin, SCHEMA.types[kinds[word]])
            for word, end in enumerate(ends[begin : begin + len(words)].tolist())
            if end >= 0
        ]
        assert ours == [entity for entity in theirs if entity[2] != "O"]
    assert (ends >= 0).sum() > 10


def test_the_mass_is_that_of_its_own_logits(write_classifier, test_split):
    """BILOU, one sentence, summed by hand."""
    labels = ["O", *(f"{prefix}-{kind}" for kind in ("PER", "LOC") for prefix in "BILU")]
    folder, corpus = write_classifier(*labels), test_split.head(1)
    probs, _ = answers(folder, corpus)
    classifier, tokenizer = TokenClassifier(str(folder), SCHEMA).model, load_tokenizer(str(folder))
    read = tokenizer(corpus.sentence(0), is_split_into_words=True, return_tensors="pt")
    with torch.inference_mode():
        shares = classifier(**read).logits[0].softmax(-1)
    first = [read.word_ids().index(word) for word in range(len(corpus.words))]
    of_types = torch.stack([shares[first, 0], shares[first, 1:5].sum(-1), shares[first, 5:].sum(-1)], dim=-1)
    ours = torch.stack([probs[:, 0], probs[:, 1:3].sum(-1), probs[:, 5:].sum(-1)], dim=-1)
    assert torch.allclose(ours, of_types, atol=1e-5) and probs[:, 3:5].max() < 1e-6


def test_a_long_sentence_is_read_in_windows(write_classifier, test_split):
    folder = write_classifier(*BIO, max_position_embeddings=64)
    probs, lengths = answers(folder, test_split.head(5), max_length=8)
    assert len(probs) == lengths.sum() == len(test_split.head(5).words)
    assert torch.allclose(probs.sum(-1), torch.ones(len(probs)), atol=1e-5)


def test_what_it_depends_on(write_classifier):
    one, other = (write_classifier(*BIO, seed=seed) for seed in (1, 2))
    fingerprint = TokenClassifier.fingerprint
    assert len({fingerprint(str(one)), fingerprint(str(other)), fingerprint("a/b"), fingerprint("a/b@v2")}) == 4


def test_folders_that_can_not_be_used(write_classifier, family, tmp_path):
    with pytest.raises(CTLError, match=r"no config\.json, so no model of transformers; a run of ctl is made one by"):
        TokenClassifier.fingerprint(str(tmp_path))
    with pytest.raises(CTLError, match=r"classifier\.\w+ for one; it is no token classifier"):
        TokenClassifier(str(family / "encoder"), SCHEMA)
    folder = write_classifier(*BIO)
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(CTLError, match="ctl reads no pickled weights"):
        TokenClassifier(str(folder), SCHEMA)
    with pytest.raises(CTLError, match="neither a folder here nor a model that the Hub could give"):
        TokenClassifier("nobody/nothing", SCHEMA)
