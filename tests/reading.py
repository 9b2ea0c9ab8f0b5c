"""Small files to corpora, and corpora to sentences that a test can show."""

from ctl.data.reading.form import Form
from ctl.data.reading.splits import read_split


def sentences(corpus):
    """Sentences of ``[word, tag]``."""
    pairs = [[word, corpus.schema.tags[tag]] for word, tag in zip(corpus.words, corpus.tags, strict=True)]
    return [pairs[begin:end] for begin, end in zip(corpus.offsets, corpus.offsets[1:], strict=False)]


def read(tmp_path, files, form=None, tags=True):
    """Reads files by their endings, as the train split of a language."""
    (tmp_path / "xx").mkdir(exist_ok=True)
    for ending, text in files.items():
        (tmp_path / "xx" / f"train{ending}").write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_split("xx", "train", root=tmp_path, form=form or Form(), tags=tags)
