"""HTML for notebooks: what is text stays text."""

from ctl.results import Results, read_records
from ctl.system.cells import GREY, Html, bar, mark, table


def test_text_stays_text():
    made = table(["<b>", Html("<i>x</i>")], [["a<b", bar(50, 100)]], caption="<p>")
    assert "&lt;b&gt;" in made and "<i>x</i>" in made and "a&lt;b" in made and "&lt;p&gt;" in made
    assert "<script" not in mark("<script>", "<script>", "#123456")


def test_a_bar_is_as_long_as_its_share():
    assert "#abc55 50%" in bar(2, 4, "#abc") and ">2.0<" in bar(2, 4)
    assert "55 0%" in bar(1, 0) and "55 0%" in bar(-1, 4) and "55 100%" in bar(9, 4)


def test_records_are_a_table_with_bars(tmp_path):
    scores = {"precision": 50.0, "recall": 25.0, "f1": 33.3}
    records = Results(
        [{"method": "pooled", "target": "de", **scores, "per_type": {"PER": scores}, "train_seconds": 65.0}]
    )
    assert repr(records) == "<Results: pooled 33.3>" and repr(Results()) == "<Results: none>"
    shown = records._repr_html_()
    assert "pooled" in shown and f"{GREY}55 33%" in shown and "1 min 5 s" in shown and "F1 on de, test split" in shown
    assert read_records(tmp_path / "results.json") == [] and "<table>" in Results()._repr_html_()
