"""The zero-resource rule, and what each stage is given."""

import shutil

import numpy as np
import pytest
import torch

from ctl.data.datamodule import NERDataModule
from ctl.data.encoding import NO_TAG
from ctl.data.soft_labels import StoreWriter
from ctl.errors import CTLError


def make(family, **more):
    settings = {"root": str(family), "sources": ["a2", "b1"], "target": "a1", "backbone": str(family / "encoder")}
    return NERDataModule(**{**settings, **more})


@pytest.fixture
def store(family, tmp_path):
    """Soft labels of a1's train split: the word's address modulo 7 is its tag."""
    data = make(family)
    corpus = data.target_text("train")
    addresses = torch.arange(len(corpus.words))
    writer = StoreWriter(tmp_path / "store")
    writer.add(addresses.numpy(), torch.nn.functional.one_hot(addresses % 7, 7).float().numpy())
    writer.close()
    return str(StoreWriter.join(tmp_path / "store", corpus, data.schema, {"method": "x"}).path)


def test_gold_of_the_target_is_out_of_reach(family, store):
    """Of the target, training and prediction see words alone; only the test split has tags."""
    data = make(family, soft_labels=store, predict_splits=["train", "validation", "test"])
    for stage in ("fit", "predict", "test"):
        data.setup(stage)
    loaders = [data.train_dataloader(), *data.predict_dataloader()]
    for batch in (batch for loader in loaders for batch in loader):
        assert (batch.tags == NO_TAG).all() and (batch.languages == -1).all()
    assert all((batch.tags != NO_TAG).all() for batch in data.test_dataloader())
    assert {int(language) for batch in data.val_dataloader() for language in batch.languages} == {0, 1}
    for split in ("train", "validation"):
        with pytest.raises(CTLError, match=f"gold tags of the target's {split} split"):
            data.gold("a1", split)


def test_other_languages_make_another_data_module(family):
    data = make(family, limit=5)
    data.setup("test")
    other = data.of(["b1", "c1"], "a2")
    assert (data.sources, data.target) == (["a2", "b1"], "a1") and not hasattr(other, "testing")
    assert (other.sources, other.target, other.limit, other.backbone) == (["b1", "c1"], "a2", 5, data.backbone)
    assert data.of([], None, limit=3).limit == 3


def test_soft_labels_reach_their_words(family, store):
    data = make(family, soft_labels=store)
    data.setup("fit")
    seen = []
    for batch in data.train_dataloader():
        assert torch.equal(batch.soft.argmax(-1), batch.words % 7)
        seen += batch.words.tolist()
    assert sorted(seen) == list(range(len(data.training[0].words)))


def test_teachers_are_given_gold_of_the_sources(family):
    data = make(family)
    data.setup("fit")
    batches = list(data.train_dataloader())
    assert {int(language) for batch in batches for language in batch.languages} == {0, 1}
    assert sum(len(batch.lengths) for batch in batches) == 240
    for batch in batches:
        assert (batch.tags >= 0).all() and batch.soft is None
        assert len(batch.tags) == len(batch.first) == int(batch.lengths.sum())


def test_mistakes(family, tmp_path):
    with pytest.raises(CTLError, match="the target a2 is among the sources"):
        make(family, target="a2").setup("fit")
    with pytest.raises(CTLError, match=r"set data.sources"):
        make(family, sources=[]).setup("fit")
    with pytest.raises(CTLError, match=r"set data.target"):
        make(family, target=None).setup("test")
    raw = tmp_path / "family"
    shutil.copytree(family, raw)
    (raw / "a2" / "train.txt").write_text("only\nwords\n")
    with pytest.raises(CTLError, match="a2/train is raw text, but its tags are needed"):
        make(raw).setup("fit")
    (raw / "a1" / "train.txt").write_text("only\nwords\n")
    make(raw).target_text("train")


def test_limit_takes_the_first_sentences(family):
    data = make(family, limit=5)
    data.setup("fit")
    assert [len(corpus) for corpus in data.training] == [5, 5]
    assert data.training[0].words == make(family).gold("a2", "train").head(5).words


def test_words_without_a_label_weigh_nothing(family, tmp_path):
    data = make(family)
    corpus = data.target_text("train")
    words = np.arange(len(corpus.words))
    writer = StoreWriter(tmp_path / "store")
    writer.add(words, np.full((len(words), 7), 1 / 7, dtype=np.float32), labelled=words % 2 == 0)
    writer.close()
    StoreWriter.join(tmp_path / "store", corpus, data.schema, {"method": "x"})
    data = make(family, soft_labels=str(tmp_path / "store"))
    data.setup("fit")
    batch = next(iter(data.train_dataloader()))
    assert torch.equal(batch.weight, (batch.words % 2 == 0).float())


def test_test_sentences_of_the_train_split_can_be_left_out(family, tmp_path, capsys):
    root = tmp_path / "family"
    shutil.copytree(family, root)
    (root / "family.json").unlink()
    train, test = (root / "a1" / f"{split}.txt" for split in ("train", "test"))
    with train.open("a", encoding="utf-8") as file:  # after all sentences that the limit leaves
        file.write("\n\n" + "\n\n".join(test.read_text(encoding="utf-8").strip().split("\n\n")[:3]) + "\n")
    whole, dropped = (make(root, limit=50, drop_test_duplicates=drop) for drop in (False, True))
    for data in (whole, dropped):
        data.setup("test")
    assert (len(whole.testing), len(dropped.testing), dropped.testing.left_out) == (50, 47, 3)
    assert list(dropped.testing.sentences()) == list(whole.testing.sentences())[3:]
    assert "a1/test: 3 of 50 sentences stand word for word in a1/train" in capsys.readouterr().err
    assert len(dropped.raw_text("a1", "train")) == 50 and len(dropped.raw_text("a1", "test")) == 47
