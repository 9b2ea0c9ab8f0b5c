import json

import pytest

from ctl.errors import CTLError
from ctl.report.left_out import left_out_blocks, left_out_sentence, left_out_table


def trial(f1, sharpness, spearman):
    """A weighting as a trial has it, with F1 by sharpness 1 and 4."""
    mixtures = [{"sharpness": s, "f1": score, "error": 0.1} for s, score in zip((1.0, 4.0), f1, strict=True)]
    return {"spearman": spearman, "ndcg": 0.9, "lost": 2.0, "sharpness": sharpness, "mixtures": mixtures, "weights": {}}


@pytest.fixture
def run(tmp_path):
    """Two trials, in which learned weights are best once they are sharp."""
    for seed, learned in (("seed0", 40.0), ("seed1", 42.0)):
        (tmp_path / seed / "left_out").mkdir(parents=True)
        weightings = {
            "uniform": trial((43.0, 43.0), 1.0, None),
            "learned": trial((learned, learned + 4), 4.0, 0.5 if seed == "seed0" else 1.0),
        }
        (tmp_path / seed / "left_out" / "leave_one_out.json").write_text(json.dumps({"weightings": weightings}))
    return tmp_path


def test_means_over_trials(run):
    learned, uniform = left_out_table(run).to_dict("records")
    assert (learned["weighting"], learned["f1"], learned["sharp_f1"], learned["sharpness"]) == ("learned", 41, 45, "4")
    assert learned["spearman"] == 0.75 and learned["trials"] == 2
    assert (uniform["f1"], uniform["sharp_f1"]) == (43, 43)
    (block,) = left_out_blocks(run)
    assert block.table().rows[1] == ["uniform", "43.0", "43.0", "1", "-", "0.90", "2.0"]
    assert "learned 41.0 (45.0 at sharpness 4), uniform 43.0" in left_out_sentence(run)


def test_no_trial_or_none_that_can_be_read(tmp_path):
    assert left_out_blocks(tmp_path) == [] and left_out_sentence(tmp_path) == ""
    (tmp_path / "leave_one_out.json").write_text('{"weightings": {"learned": {"mixtures": 3}}}')
    with pytest.raises(CTLError, match="no trial of weightings"):
        left_out_table(tmp_path)
