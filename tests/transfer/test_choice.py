import numpy as np
from made_up_study import record

from ctl.results import write_counts
from ctl.transfer.choice import advice_on_models


def scored(folder, hits):
    """Records of methods that find so many of 400 entities in 200 sentences of two."""
    records = []
    for name, number in hits.items():
        found = np.minimum(np.maximum(number - 2 * np.arange(200), 0), 2)
        write_counts(folder, name, np.stack([found, np.full(200, 2), np.full(200, 2)], axis=-1).astype(np.int32))
        of = [name.partition(":")[2]] if name.startswith("direct") else ["en", "nl"]
        records.append(record(name, of, "de", 0, 100 * number / 400))
    return records


def test_the_best_single_model_is_named_and_those_that_are_level_with_it(tmp_path):
    """A mixture is no single model; two entities of 400 are no difference, 200 are."""
    records = scored(tmp_path, {"direct:en": 100, "ensemble:learned": 380, "pooled": 298, "student:learned": 300})
    assert advice_on_models(tmp_path, records) == (
        "take student:learned (75.0), the best of 3 models on the test split; "
        "its sentences can't tell it from pooled (74.5)"
    )


def test_a_clear_winner_has_no_rival(tmp_path):
    records = scored(tmp_path, {"direct:en": 100, "pooled": 300})
    assert advice_on_models(tmp_path, records).endswith("all others are behind, as far as one seed can tell")


def test_many_rivals_are_counted(tmp_path):
    names = ["pooled", "student:learned", "student:uniform", "student:pooled", "direct:en", "direct:nl"]
    line = advice_on_models(tmp_path, scored(tmp_path, dict.fromkeys(names, 200)))
    assert line.startswith("take pooled (50.0), the best of 6 models") and line.endswith(" and 2 more")


def test_an_upper_bound_is_not_to_be_had_and_one_model_is_no_choice(tmp_path):
    records = scored(tmp_path, {"supervised": 390, "pooled": 300})
    records[0]["upper_bound"] = True
    assert advice_on_models(tmp_path, records) == ""


def test_there_is_nothing_to_take_where_nothing_is_found(tmp_path):
    records = scored(tmp_path, {"pooled": 0, "student:learned": 0})
    assert advice_on_models(tmp_path, records) == "no model found an entity of de: there is none to take"
