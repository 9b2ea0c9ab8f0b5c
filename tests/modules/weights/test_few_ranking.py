"""Sources weigh what their teachers score on a few labelled sentences."""

import numpy as np
import pytest

from ctl.data.corpus import Corpus
from ctl.data.soft_labels import StoreWriter
from ctl.data.tags import TagSchema
from ctl.modules.weights.few_ranking import f1_of, proportional

SCHEMA = TagSchema(("PER",))


def test_weights_are_in_proportion_to_scores():
    assert proportional([0.3, 0.1, 0.0]).tolist() == pytest.approx([0.75, 0.25, 0.0])
    assert proportional([0.0, 0.0]).tolist() == [0.5, 0.5]


def test_f1_is_over_spans_that_are_right_as_a_whole(tmp_path):
    gold = np.array([1, 2, 0, 1], dtype=np.int16)  # two entities: of two words, and of one
    corpus = Corpus("de/few", ["Ada", "Byron", "und", "Bo"], np.array([0, 4]), gold, SCHEMA)
    writer = StoreWriter(tmp_path / "store")
    writer.add(np.arange(4), np.eye(3, dtype=np.float32)[[1, 0, 0, 1]])  # the first is cut short
    writer.close()
    store = StoreWriter.join(tmp_path / "store", corpus, SCHEMA, {"method": "direct:en", "sources": ["en"]})
    assert f1_of(store, corpus) == pytest.approx(50.0)
