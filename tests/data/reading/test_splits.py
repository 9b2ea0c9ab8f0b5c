from pathlib import Path

import pytest

from ctl.data.reading.hub import HubDataset
from ctl.data.reading.splits import find_split, read_split
from ctl.errors import CTLError

WIKIANN = Path(__file__).parents[4] / "shared/data/wikiann"


def shown(corpus):
    """Sentences as ``word/TAG`` strings."""
    pairs = [f"{word}/{corpus.schema.tags[tag]}" for word, tag in zip(corpus.words, corpus.tags, strict=True)]
    return [" ".join(pairs[a:b]) for a, b in zip(corpus.offsets, corpus.offsets[1:], strict=False)]


def test_splits_are_found_by_their_usual_names(tmp_path):
    (tmp_path / "de").mkdir()
    for name in ("train.conll", "testa.txt", "testb.iob2"):
        (tmp_path / "de" / name).write_text("Bonn B-LOC\n")
    names = [find_split(tmp_path, "de", split).name for split in ("train", "validation", "test")]
    assert names == ["train.conll", "testa.txt", "testb.iob2"]


def test_missing_input_says_what_there_is(tmp_path):
    with pytest.raises(CTLError, match="where is de"):
        read_split("de", "train", root=None)
    with pytest.raises(CTLError, match="no such folder"):
        read_split("de", "train", root=tmp_path / "nowhere")
    (tmp_path / "nl").mkdir()
    with pytest.raises(CTLError, match=r"unknown language nll: .* has nl; did you mean nl\?"):
        read_split("nll", "train", root=tmp_path)
    (tmp_path / "nl" / "test.txt").write_text("Bonn B-LOC\n")
    with pytest.raises(CTLError, match=r"no train split \(such as train.txt\); there is test.txt"):
        read_split("nl", "train", root=tmp_path)
    (tmp_path / "nl" / "test.conll").write_text("Bonn B-LOC\n")
    with pytest.raises(CTLError, match="which is the test split"):
        read_split("nl", "test", root=tmp_path)


def test_a_file_that_changed_is_read_again(tmp_path):
    (tmp_path / "nl").mkdir()
    path = tmp_path / "nl" / "test.txt"
    path.write_text("Bonn B-LOC\n")
    assert read_split("nl", "test", root=tmp_path) is read_split("nl", "test", root=tmp_path)
    path.write_text("Basel B-LOC\n")
    assert read_split("nl", "test", root=tmp_path).words == ["Basel"]


@pytest.mark.skipif(not WIKIANN.is_dir(), reason="the WikiANN files are not here")
def test_wikiann():
    corpus = read_split("de", "test", root=WIKIANN)
    assert len(corpus) == 10_000 and corpus.schema.types == ("LOC", "ORG", "PER") and not corpus.notes


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """A folder in the Hub's form: two configurations with class labels, and a folder of JSON lines with tag strings."""
    import datasets

    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    root = tmp_path / "hub"
    names = ["O", "B-LOC", "I-LOC", "B-PER", "I-PER"]
    features = datasets.Features(
        {"tokens": datasets.List(datasets.Value("string")), "ner_tags": datasets.List(datasets.ClassLabel(names=names))}
    )
    for language, town in (("de", "Bonn"), ("nl", "Breda")):
        rows = {"tokens": [["In", town], [], ["Ada"]], "ner_tags": [[0, 1], [], [3]]}
        for split in ("train", "validation", "test"):
            path = root / language / f"{split}-00000-of-00001.parquet"
            path.parent.mkdir(parents=True, exist_ok=True)
            datasets.Dataset.from_dict(rows, features=features).to_parquet(path)
    configs = "".join(
        f"- config_name: {lang}\n  data_files:\n"
        + "".join(f"  - split: {split}\n    path: {lang}/{split}-*\n" for split in ("train", "validation", "test"))
        for lang in ("de", "nl")
    )
    (root / "README.md").write_text(f"---\nconfigs:\n{configs}---\n")
    (root / "plain").mkdir()
    (root / "plain" / "train.jsonl").write_text('{"words": ["Bonn"], "tags": ["I-LOC"]}\n')
    return root


def test_hub_configurations_with_their_own_tag_order(hub):
    for language, town in (("de", "Bonn"), ("nl", "Breda")):
        corpus = read_split(language, "validation", root=None, hub={"*": HubDataset(str(hub), name="{lang}")})
        assert shown(corpus) == [f"In/O {town}/B-LOC", "Ada/B-PER"]


def test_hub_folder_with_tag_strings(hub):
    dataset = HubDataset(str(hub), data_dir="plain", tokens="words", tags="tags")
    assert shown(read_split("de", "train", root=None, hub={"de": dataset})) == ["Bonn/B-LOC"]
    with pytest.raises(CTLError, match="no test split; there is train"):
        read_split("de", "test", root=None, hub={"de": dataset})


def test_hub_mistakes(hub, tmp_path):
    with pytest.raises(CTLError, match=r"no column words; there is tokens, ner_tags"):
        read_split("de", "train", root=None, hub={"*": HubDataset(str(hub), name="{lang}", tokens="words")})
    with pytest.raises(CTLError, match="fr"):
        read_split("fr", "train", root=None, hub={"*": HubDataset(str(hub), name="{lang}")})
    with pytest.raises(CTLError, match="dataset"):
        read_split("fr", "train", root=None, hub={"*": HubDataset(str(tmp_path / "nowhere"))})
