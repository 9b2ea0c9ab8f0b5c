import numpy as np

from ctl.data.corpus import Corpus
from ctl.data.soft_labels import StoreWriter
from ctl.data.tags import TagSchema
from ctl.mixing.answers import most_probable, read_answers
from ctl.weighting import NO_ANSWER


def test_parts_have_whole_sentences_and_words_without_a_label_are_zero(tmp_path):
    lengths = [3, 1, 4, 2]
    corpus = Corpus("de/train", [str(number) for number in range(10)], np.cumsum([0, *lengths]))
    rng, stores = np.random.default_rng(0), []
    probs = rng.dirichlet(np.ones(3), size=(2, 10)).astype(np.float16)
    labelled = np.arange(10) % 3 > 0
    for name, marks in (("a", {}), ("b", {"labelled": labelled})):
        writer = StoreWriter(tmp_path / name)
        writer.add(np.arange(10), probs[len(stores)], **marks)
        writer.close()
        teacher = {"method": f"direct:{name}", "sources": [name], "train_seconds": 0.0}
        stores.append(StoreWriter.join(tmp_path / name, corpus, TagSchema(("PER",)), teacher))
    parts = list(read_answers(stores, words=4))
    assert [part.lengths.tolist() for part in parts] == [[3, 1], [4], [2]]
    each = np.concatenate([part.each for part in parts], axis=1)
    np.testing.assert_allclose(each[0], probs[0], atol=1e-3)
    np.testing.assert_allclose(each[1], probs[1] * labelled[:, None], atol=1e-3)
    (tags,) = most_probable(stores)
    assert tags[0].tolist() == probs[0].argmax(-1).tolist()
    assert tags[1].tolist() == np.where(labelled, probs[1].argmax(-1), NO_ANSWER).tolist()
    assert (parts[0].of_teachers(np.array([False, True])).each[0] == 0).all()
