"""The few labelled sentences of a target: drawn, of a file, of a store; never those that it is tested on."""

import numpy as np
import pytest

from ctl.data.corpus import Corpus
from ctl.data.datamodule import NERDataModule
from ctl.data.few.labels import draw_few, read_few
from ctl.data.reading.form import USUAL
from ctl.data.soft_labels import StoreWriter
from ctl.data.tags import TagSchema
from ctl.errors import CTLError

SCHEMA = TagSchema(("PER",))


def sentences(corpus):
    return [" ".join(words) for words in corpus.sentences()]


@pytest.fixture
def root(tmp_path):
    """Twelve sentences, of which the last one is tested on, too."""
    blocks = [f"Ada{number} B-PER\nliest O\n" for number in range(12)]
    (tmp_path / "de").mkdir()
    (tmp_path / "de" / "train.txt").write_text("\n".join(blocks))
    (tmp_path / "de" / "test.txt").write_text(f"Bo B-PER\nsingt O\n\n{blocks[11]}")
    return tmp_path


def module(root, **settings):
    return NERDataModule(target="de", root=str(root), types=("PER",), **settings)


def test_a_smaller_draw_is_part_of_a_larger_one(root):
    texts = {count: sentences(module(root, few=count).gold("de", "few")) for count in (2, 5, 11)}
    assert [len(text) for text in texts.values()] == [2, 5, 11]
    assert set(texts[2]) < set(texts[5]) < set(texts[11]) and "Ada11 liest" not in texts[11]
    assert sentences(module(root, few=5, few_seed=1).gold("de", "few")) != texts[5]


def test_they_have_their_tags_and_a_name(root):
    corpus = module(root, few=3).gold("de", "few")
    assert corpus.name == "de/few" and corpus.language == "de" and corpus.tags.tolist() == [1, 0] * 3
    assert module(root, few=3).raw_text("de", "few").tags is None
    with pytest.raises(CTLError, match="are not to be read"):
        module(root, few=3).gold("de", "train")


def test_there_are_not_so_many(root):
    with pytest.raises(CTLError, match="--few 12: de/train has 11 labelled sentences; people can label some"):
        module(root, few=12).gold("de", "few")
    with pytest.raises(CTLError, match="which sentences of de are labelled"):
        module(root).gold("de", "few")


def test_sentences_of_a_file_that_are_tested_on_are_left_out(root):
    (root / "mine.conll").write_text("Cy B-PER\nlacht O\n\nBo B-PER\nsingt O\n")
    corpus = module(root, few=str(root / "mine.conll")).gold("de", "few")
    assert sentences(corpus) == ["Cy lacht"] and corpus.tags.tolist() == [1, 0]
    (root / "mine.conll").write_text("Bo B-PER\nsingt O\n")
    with pytest.raises(CTLError, match="1 of 1 sentences stand word for word in de/test"):
        module(root, few=str(root / "mine.conll")).gold("de", "few")


def test_a_file_without_tags_and_one_of_another_kind(root):
    (root / "raw.conll").write_text("Cy\nlacht\n")
    with pytest.raises(CTLError, match="raw text"):
        module(root, few=str(root / "raw.conll")).gold("de", "few")
    (root / "mine.xls").write_text("")
    with pytest.raises(CTLError, match="endings that are read: "):
        read_few(root / "mine.xls", "de/few", USUAL, SCHEMA, lambda: None)


def test_a_store_gives_the_sentences_that_are_labelled_as_a_whole(root):
    text = module(root).raw_text("de", "train")
    folder, labelled = root / "crowd" / "soft_labels" / "train", np.arange(24) < 5  # two sentences and half of a third
    probs = np.full((24, 3), 1 / 3, dtype=np.float32)
    probs[:4] = np.eye(3)[[1, 0, 0, 1]]
    writer = StoreWriter(folder)
    writer.add(np.arange(24), probs, labelled=labelled)
    writer.close()
    StoreWriter.join(folder, text, SCHEMA, {"method": "direct:crowd", "sources": ["crowd"]})
    for path in (folder, root / "crowd"):
        corpus = module(root, few=str(path)).gold("de", "few")
        assert sentences(corpus) == ["Ada0 liest", "Ada1 liest"] and corpus.tags.tolist() == [1, 0, 0, 1]


def test_a_draw_of_all():
    corpus = Corpus("de/train", ["a", "b"], np.array([0, 1, 2]), np.array([0, 1], dtype=np.int16), SCHEMA)
    assert sentences(draw_few(corpus, 2, 0)) == ["a", "b"]
