import pandas as pd

from ctl.report.layout import Column, Layout

DATA = pd.DataFrame(
    {
        "method": ["a", "a", "b"], "n": [1, 2, 2], "f1": [50.04, 61.25, 70.0], "low": [49.0, None, 69.0],
        "sure": [True, False, True],
    }
)  # fmt: skip
SCORE = Column("F1", "{f1:.1f} (from {low:.0f})", brief="{f1:.1f}", note="*", noted="sure")


def test_numbers_are_written_as_the_column_says():
    assert Layout([Column("method", "{method}"), SCORE]).write(DATA).rows == [
        ["a", "50.0 (from 49)*"], ["a", "61.2"], ["b", "70.0 (from 69)*"],
    ]  # fmt: skip
    assert Layout([SCORE]).write(DATA, brief=True).rows == [["50.0*"], ["61.2"], ["70.0*"]]


def test_values_side_by_side():
    layout = Layout([Column("method", "{method}"), Column("n={n}", "{f1:.0f}")], across="n")
    assert layout.write(DATA) == (["method", "n=1", "n=2"], [["a", "50", "61"], ["b", "", "70"]])


def test_plain_columns_show_what_is_there():
    table = Layout.plain(DATA[["method", "low"]]).write(DATA)
    assert table == (["method", "low"], [["a", "49.0"], ["a", ""], ["b", "69.0"]])
