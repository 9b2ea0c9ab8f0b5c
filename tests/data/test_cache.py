from ctl.data.cache import cached
from ctl.data.reading.conll import read_conll


def test_the_cache_gives_back_what_was_read_and_heals(tmp_path, monkeypatch):
    monkeypatch.setenv("CTL_CACHE", str(tmp_path / "cache"))
    path = tmp_path / "x.txt"
    path.write_text("Rhine B-LOC\nflows O\n\nBasel B-LOC\n")
    reads = []

    def read(folder):
        reads.append(folder)
        return read_conll(path, "xx/train", folder=folder)

    words = ["Rhine", "flows", "Basel"]
    first, again = cached(["key"], read), cached(["key"], read)
    assert len(reads) == 1 and first.words == again.words == words and first.fingerprint == again.fingerprint
    assert again.tags.tolist() == [1, 0, 1] and again.schema == first.schema
    (ids,) = (tmp_path / "cache").rglob("ids")
    data = bytearray(ids.read_bytes())
    data[0] ^= 1
    ids.write_bytes(data)
    assert cached(["key"], read).words == words and len(reads) == 2
    monkeypatch.setenv("CTL_CACHE", str(path))  # no folder at all
    assert cached(["key"], read).words == words and reads[-1] is None
