"""The component of spaCy gives the entities of the tagger, on spaCy's own tokens or on ours."""

import tomllib

import pytest

from ctl.errors import CTLError
from ctl.system.configs import ROOT
from ctl.tagging.text_tagger import load_tagger
from ctl.tagging.texts import Text

spacy = pytest.importorskip("spacy", reason="needs spaCy: pip install 'ctl[spacy]'")

from ctl.serving.spacy_component import EntityFinder, text_of_tokens  # noqa: E402


@pytest.fixture(scope="module")
def nlp(trained_run):
    nlp = spacy.blank("xx")
    nlp.add_pipe("ctl", config={"model": str(trained_run), "device": "cpu", "precision": "32"})
    return nlp


def ents(doc):
    return [(ent.label_, ent.start_char, ent.end_char) for ent in doc.ents]


def test_entities_are_those_of_the_tagger_on_the_same_words(nlp, trained_run, test_split):
    tagger = load_tagger(trained_run, device="cpu", precision="32")
    sentences = [test_split.sentence(index) for index in range(20)]
    docs = [spacy.tokens.Doc(nlp.vocab, words, sent_starts=[True] + [False] * (len(words) - 1)) for words in sentences]
    found = list(nlp.pipe(docs, batch_size=7))
    for doc, tagged in zip(found, tagger(sentences), strict=True):
        assert [(ent.label_, ent.start, ent.end) for ent in doc.ents] == [
            (span.type, span.first_word, span.end_word) for span in tagged.spans
        ]
        assert [ent._.ctl_confidence for ent in doc.ents] == pytest.approx(
            [s.confidence for s in tagged.spans], abs=1e-4
        )
    assert sum(len(doc.ents) for doc in found) > 5


def test_our_words_are_those_of_ctl_tag(nlp, test_split):
    finder = EntityFinder(nlp.get_pipe("ctl").tagger, "ctl")
    text = " ".join(test_split.sentence(0)) + ". " + " ".join(test_split.sentence(1))
    (tagged,) = finder.tagger([text])
    doc = finder(nlp.make_doc(text))
    assert len(doc.ents) == len(tagged.spans)
    for (label, start, end), span in zip(ents(doc), tagged.spans, strict=True):
        assert label == span.type and start <= span.start and end >= span.end


def test_tokens_are_words_and_white_space_is_none():
    doc = spacy.blank("en")("  She saw Bonn.\n\nHe  sat. ")
    text = text_of_tokens(doc)
    words = [[text.text[start:end] for start, end in sentence] for sentence in text.places]
    assert words == [["She", "saw", "Bonn", "."], ["He", "sat", "."]]
    assert text_of_tokens(spacy.blank("en")("")) == Text("", [])


def test_sentences_of_an_earlier_component_are_kept():
    nlp = spacy.blank("en")
    doc = spacy.tokens.Doc(nlp.vocab, ["a", "b", "c", "d"], sent_starts=[True, False, True, False])
    assert [len(sentence) for sentence in text_of_tokens(doc).places] == [2, 2]


@pytest.mark.parametrize("overwrite", [True, False])
def test_earlier_entities_are_kept_where_that_is_wished(nlp, test_split, overwrite):
    tagger = nlp.get_pipe("ctl").tagger
    sentences = [test_split.sentence(index) for index in range(20)]
    words = next(words for words, tagged in zip(sentences, tagger(sentences), strict=True) if tagged.spans)
    doc = spacy.tokens.Doc(nlp.vocab, words)
    doc.set_ents([spacy.tokens.Span(doc, 0, len(doc), label="OLD")])
    labels = {ent.label_ for ent in EntityFinder(tagger, overwrite_ents=overwrite)(doc).ents}
    assert labels == {"OLD"} or (overwrite and labels and "OLD" not in labels)


@pytest.mark.parametrize("threshold", [0.9, {"PER": 0.9}])
def test_a_threshold_is_that_of_the_tagger(nlp, trained_run, tmp_path, threshold):
    """It is kept with the pipeline."""
    settings = {"model": str(trained_run), "device": "cpu", "precision": "32", "threshold": threshold}
    other = spacy.blank("xx")
    other.add_pipe("ctl", config=settings)
    other.to_disk(tmp_path / "pipeline")
    tagger = spacy.load(tmp_path / "pipeline").get_pipe("ctl").tagger
    expected = threshold if isinstance(threshold, dict) else dict.fromkeys(tagger.schema.types, threshold)
    assert tagger.threshold_by_type() == expected and not nlp.get_pipe("ctl").tagger.threshold_by_type()


def test_a_component_without_a_model_says_what_it_needs():
    with pytest.raises(CTLError, match=r'config=\{"model"'):
        spacy.blank("xx").add_pipe("ctl")


def test_spacy_finds_it_by_the_entry_point():
    from importlib.metadata import EntryPoint

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    ((name, value),) = project["entry-points"]["spacy_factories"].items()
    assert name == "ctl" and callable(EntryPoint(name, value, "spacy_factories").load())
