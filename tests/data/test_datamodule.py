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


def retag(family, root, tag):
    """A copy of the languages in which every tag of a1's train and validation splits is this one."""
    shutil.copytree(family, root)
    for split in ("train", "validation"):
        path = root / "a1" / f"{split}.txt"
        lines = path.read_text().splitlines()
        path.write_text("\n".join(f"{line.split(' ')[0].split(chr(9))[0]}\t{tag}" if line else "" for line in lines))
    return root


@pytest.mark.parametrize("tag", ["_", "NOUN", "PER", "X-LOC", "b-per", "B-PER", "7"])
def test_tags_of_raw_text_are_not_read(family, tmp_path, tag):
    data, expected = make(retag(family, tmp_path / "root", tag)), make(family)
    for split in ("train", "validation"):
        text, usual = data.target_text(split), expected.target_text(split)
        assert text.tags is None and text.fingerprint_with_tags == usual.fingerprint_with_tags
    assert data.gold("a1", "test").tags is not None


def test_a_file_without_empty_lines_is_said_and_trained_on_in_windows(family, tmp_path, capsys):
    """A batch has as many subwords however long the file is, and every word is in one batch."""
    largest = []
    for words in (1000, 4000):
        root = tmp_path / str(words)
        shutil.copytree(family, root)
        lines = [line for line in (family / "a2/train.txt").read_text().splitlines() if line] * 9
        (root / "a2/train.txt").write_text("\n".join(lines[:words]))
        data = make(root, sources=["a2"], max_length=32, batch_size=8)
        data.setup("fit")
        assert f"a sentence of {words:,} words" in capsys.readouterr().err
        batches = list(data.train_dataloader())
        assert sorted(word for batch in batches for word in batch.words.tolist()) == list(range(words))
        assert all((batch.sentences == 0).all() and len(batch.sentences) <= 8 for batch in batches)
        largest.append(max(len(batch.subwords.ids) for batch in batches))
        assert len(data.whole(data.training[0])) == 1  # and it is labelled as what it is
    assert largest[1] <= 8 * 32 and largest[1] < 1.2 * largest[0]


def test_only_a_supervised_fit_reads_gold_tags_of_the_target_and_of_its_train_split_alone(family):
    data = make(family, sources=[], supervised=True)
    data.setup("fit")
    assert [corpus.name for corpus in data.training] == ["a1/train"] and data.training[0].tags is not None
    assert data.validation == [] and data.val_dataloader() == []
    with pytest.raises(CTLError, match="gold tags of the target's validation split"):
        data.gold("a1", "validation")
    assert data.target_text("train").tags is None  # what teachers label has no tags


def test_equal_sources_have_as_many_sentences_in_all_as_the_smallest(family):
    whole, equal = make(family), make(family, equal=True)
    for data in (whole, equal):
        data.setup("fit")
    smallest = min(len(corpus) for corpus in whole.training)
    assert [len(corpus) for corpus in equal.training] == [smallest - smallest // 2, smallest // 2]
    assert [len(corpus) for corpus in equal.validation] == [len(corpus) for corpus in whole.validation]


def test_types_are_those_of_the_labelled_languages_under_their_new_names(tmp_path):
    for name, tags in {"en": ("B-PER", "B-DATE"), "nl": ("B-GPE", "O"), "de": (None, None)}.items():
        (tmp_path / name).mkdir()
        lines = [word if tag is None else f"{word} {tag}" for word, tag in zip(("Bonn", "Ulm"), tags, strict=True)]
        (tmp_path / name / "train.txt").write_text("\n".join(lines) + "\n")
    data = NERDataModule(sources=["en", "nl"], root=str(tmp_path), type_map={"GPE": "LOC", "DATE": None})
    assert data.types_of(["en", "nl"]) == {"en": ["PER"], "nl": ["LOC"]}
    with pytest.raises(CTLError, match="de/train is raw text: it has no entity types"):
        data.types_of(["de"])
