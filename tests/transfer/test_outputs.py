import json

import numpy as np

from ctl.results import write_counts
from ctl.system.files import checksum, write_json
from ctl.thresholds.curve_file import curve_file, write_curve
from ctl.transfer.outputs import describe, files_of, first_damaged, first_missing


def results(folder):
    scores = {"precision": 0.0, "recall": 0.0, "f1": 0.0, "per_type": {}, "train_seconds": 0.0, "provenance": {}}
    record = {"method": "direct:en", "sources": ["en"], "target": "de", "seed": 0, **scores}
    write_json(folder / "results.json", [record])
    write_counts(folder, "direct:en", np.ones((2, 3), np.int32))


def test_scores_have_counts(tmp_path):
    results(tmp_path)
    assert files_of(tmp_path / "results.json") == [tmp_path / "results.json", tmp_path / "counts" / "direct-en.npy"]
    assert first_missing(tmp_path, ["results.json"], {}) is None
    (tmp_path / "counts" / "direct-en.npy").unlink()
    assert first_missing(tmp_path, ["results.json"], {}) == "counts/direct-en.npy"
    (tmp_path / "results.json").write_text("[{")
    assert first_missing(tmp_path, ["results.json"], {}) == "results.json"


def test_a_model_that_was_scored_before_there_were_curves_is_not_scored_again(tmp_path):
    """Nor is one whose curve is lost: a curve is no part of what a test must leave."""
    results(tmp_path)
    write_curve(tmp_path, "direct:en", [])
    described = describe(tmp_path, ["results.json"])
    curve_file(tmp_path, "direct:en").unlink()
    assert first_missing(tmp_path, ["results.json"], described) is first_missing(tmp_path, ["results.json"], {}) is None


def test_a_store_has_arrays(tmp_path):
    (tmp_path / "s").mkdir()
    (tmp_path / "s" / "probs.npy").write_bytes(b"1234")
    (tmp_path / "s" / "manifest.json").write_text(json.dumps({"sha256": {"probs.npy": "x", "/etc/passwd": "x"}}))
    files = files_of(tmp_path / "s" / "manifest.json")
    assert [path.name for path in files] == ["manifest.json", "probs.npy", "passwd"]
    assert all(path.parent == tmp_path / "s" for path in files)


def test_a_backbone_is_all_that_is_in_its_folder(tmp_path):
    for name in ("config.json", "model.safetensors"):
        (tmp_path / name).touch()
    assert [path.name for path in files_of(tmp_path / "config.json")] == ["config.json", "model.safetensors"]


def test_what_is_cut_or_damaged_is_noticed(tmp_path):
    results(tmp_path)
    described = describe(tmp_path, ["results.json"])
    assert described["results.json"][1] == checksum(tmp_path / "results.json")
    assert first_missing(tmp_path, (), described) is None and first_damaged(tmp_path, described) is None
    counts = tmp_path / "counts" / "direct-en.npy"
    data = bytearray(counts.read_bytes())
    data[-1] ^= 1
    counts.write_bytes(data)
    assert first_missing(tmp_path, (), described) is None
    assert first_damaged(tmp_path, described) == "counts/direct-en.npy"
    counts.write_bytes(data[:-1])
    assert first_missing(tmp_path, (), described) == first_damaged(tmp_path, described) == "counts/direct-en.npy"
