"""Datasets in the form of the Hub, from folders."""

from dataclasses import replace

import pytest
from reading import sentences

from ctl.data.datamodule import NERDataModule
from ctl.data.reading.hub import HubDataset
from ctl.data.reading.splits import read_split
from ctl.errors import CTLError, NoGoldError


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
        assert sentences(corpus) == [[["In", "O"], [town, "B-LOC"]], [["Ada", "B-PER"]]]


def test_hub_folder_with_tag_strings(hub):
    dataset = HubDataset(str(hub), data_dir="plain", tokens="words", tags="tags")
    assert sentences(read_split("de", "train", root=None, hub={"de": dataset})) == [[["Bonn", "B-LOC"]]]
    with pytest.raises(CTLError, match="no test split; there is train"):
        read_split("de", "test", root=None, hub={"de": dataset})


def test_hub_mistakes(hub, tmp_path):
    with pytest.raises(CTLError, match=r"no column words; there is tokens, ner_tags"):
        read_split("de", "train", root=None, hub={"*": HubDataset(str(hub), name="{lang}", tokens="words")})
    with pytest.raises(CTLError, match="fr"):
        read_split("fr", "train", root=None, hub={"*": HubDataset(str(hub), name="{lang}")})
    with pytest.raises(CTLError, match="dataset"):
        read_split("fr", "train", root=None, hub={"*": HubDataset(str(tmp_path / "nowhere"))})


@pytest.fixture
def news(tmp_path, monkeypatch):
    """A folder in the Hub's form with one column of plain text, in one split."""
    import datasets

    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    texts = ["Dr. Ada wohnt in Bonn. Otto nicht.\nNeue Zeile", "", "Ende"]
    (tmp_path / "news" / "sw").mkdir(parents=True)
    datasets.Dataset.from_dict({"id": [1, 2, 3], "text": texts}).to_parquet(tmp_path / "news" / "sw" / "train.parquet")
    return {"sw": HubDataset(str(tmp_path / "news"), data_dir="{lang}", text="text")}


def test_a_column_of_text_is_cut_as_the_tagger_cuts_it(news):
    corpus = read_split("sw", "train", root=None, hub=news, tags=False)
    assert [" ".join(words) for words in corpus.sentences()] == [
        "Dr. Ada wohnt in Bonn .", "Otto nicht .", "Neue Zeile", "Ende",
    ]  # fmt: skip
    assert corpus.name == "sw/train" and corpus.tags is None


def test_gold_tags_beside_a_column_of_text_are_those_of_the_root(news, tmp_path):
    with pytest.raises(NoGoldError, match="its column text is plain text, without tags"):
        read_split("sw", "test", root=None, hub=news)
    with pytest.raises(NoGoldError, match="no test split; there is train"):
        read_split("sw", "test", root=None, hub=news, tags=False)
    (tmp_path / "root" / "sw").mkdir(parents=True)
    (tmp_path / "root" / "sw" / "test.txt").write_text("Bonn B-LOC\n")
    data = NERDataModule(root=str(tmp_path / "root"), hub=news, target="sw")
    assert sentences(data.gold("sw", "test")) == [[["Bonn", "B-LOC"]]]
    assert data.target_text("train").words[:2] == ["Dr.", "Ada"]


def test_a_column_that_holds_no_text_is_named(news, tmp_path):
    import datasets

    with pytest.raises(CTLError, match=r"no column body; there is id, text"):
        read_split("sw", "train", root=None, hub={"*": replace(news["sw"], text="body")}, tags=False)
    with pytest.raises(CTLError, match=r"train text 0: column id holds 1, which is no text"):
        read_split("sw", "train", root=None, hub={"*": replace(news["sw"], text="id")}, tags=False)
    (tmp_path / "news" / "xx").mkdir()
    datasets.Dataset.from_dict({"text": ["Ja.", None]}).to_parquet(tmp_path / "news" / "xx" / "train.parquet")
    with pytest.raises(CTLError, match=r"train text 1: column text holds None, which is no text"):
        read_split("xx", "train", root=None, hub={"*": news["sw"]}, tags=False)
    first = read_split("xx", "train", root=None, hub={"*": news["sw"]}, tags=False, limit=1)
    assert first.words[:] == ["Ja", "."]  # what comes after the limit is not even looked at
