from ctl.report.weak import SHOWN, weak_sentences


def record(name, f1):
    return {"method": f"direct:{name}", "provenance": {"fit": {"steps": 30, "best_validation_f1": f1}}}


def test_each_weak_fit_is_named_once():
    (line,) = weak_sentences([record("en", 0.0), record("en", 0.0), record("nl", 60.0)])
    assert line.startswith("direct:en has F1 0.0 on source validation after 30 steps")
    assert line.endswith("another learning rate (--teacher.lr).")
    assert weak_sentences([record("nl", 60.0), {"method": "pooled", "provenance": {}}]) == []


def test_of_many_the_first_are_named():
    lines = weak_sentences(record(f"x{number}", 1.0) for number in range(SHOWN + 3))
    assert len(lines) == SHOWN + 1 and lines[-1] == "3 more fits taught a model next to nothing."
