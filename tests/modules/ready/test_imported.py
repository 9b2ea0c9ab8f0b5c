"""Stored labels as a teacher: where they are found, and what is not theirs."""

import numpy as np
import pytest

from ctl.data.corpus import Corpus
from ctl.data.soft_labels import StoreWriter, stores_at
from ctl.data.tags import TagSchema
from ctl.errors import CTLError
from ctl.modules.ready.imported import fingerprint_stores, open_store

SCHEMA = TagSchema(("PER",))
TEXT = Corpus("de/train", ["Ada", "liest"], np.array([0, 2]))


@pytest.fixture
def store(tmp_path):
    folder = tmp_path / "crowd" / "soft_labels" / "train"
    writer = StoreWriter(folder)
    writer.add(np.arange(2), np.array([[0, 1, 0], [1, 0, 0]], dtype=np.float32))
    writer.close()
    StoreWriter.join(folder, TEXT, SCHEMA, {"method": "direct:crowd"})
    return folder


def test_a_store_is_found_by_itself_and_by_its_run(store):
    assert stores_at(str(store)) == stores_at(str(store.parents[1])) == {"train": store}
    assert stores_at(str(store.parents[2])) == {}


def test_labels_are_of_one_text(store):
    assert len(open_store(str(store), "train", TEXT, SCHEMA)) == 2
    with pytest.raises(CTLError, match="these soft labels are for something else: fingerprint is"):
        open_store(str(store), "train", Corpus("de/train", ["Ada", "las"], np.array([0, 2])), SCHEMA)
    with pytest.raises(CTLError, match=r"no soft labels of de/test \(`ctl import --split test` writes them\)"):
        open_store(str(store), "test", Corpus("de/test", ["Ada"], np.array([0, 1])), SCHEMA)


def test_a_fingerprint_is_of_the_labels(store):
    before = fingerprint_stores(str(store))
    manifest = store / "manifest.json"
    assert before == fingerprint_stores(str(store.parents[1]))
    manifest.write_text(manifest.read_text().replace("direct:crowd", "direct:others"))
    assert fingerprint_stores(str(store)) != before
