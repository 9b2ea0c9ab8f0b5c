"""Datasets in the form of the Hub, from folders."""

import pytest
from reading import sentences

from ctl.data.reading.hub import HubDataset
from ctl.data.reading.splits import read_split
from ctl.errors import CTLError


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
