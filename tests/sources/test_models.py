from ctl.sources.models import RawSources, subwords


def data_of(root, backbone=None):
    return RawSources(sources=["en"], target="de", root=str(root), backbone=backbone)


def test_tags_are_not_read(tmp_path):
    """The tag columns are no tags at all, and there is no validation split."""
    for language in ("de", "en"):
        (tmp_path / language).mkdir()
        (tmp_path / language / "train.txt").write_text("Haus NOUN-X\nMaus ???\n\n")
    data = data_of(tmp_path)
    data.setup("fit")
    data.setup("predict")
    texts = [*data.training, *data.predicting.values()]
    assert [text.name for text in texts] == ["en/train", "de/train"] and all(text.tags is None for text in texts)
    assert data.validation == []


def test_subwords_of_as_many_words(family):
    data = data_of(family, str(family / "encoder"))
    tokenizer = data.encoder.tokenizer
    words = data.raw_text("a1", "train").words[:7]
    expected = {number for word in words for number in tokenizer.encode(word, add_special_tokens=False)}
    assert subwords(data, ["a1"], 7)["a1"] == expected
