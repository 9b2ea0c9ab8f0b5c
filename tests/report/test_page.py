import base64
import json
import re

import pandas as pd

from ctl.report.layout import Column, Layout
from ctl.report.page import Block, Page, to_csv

DATA = pd.DataFrame({"method": ["a<b", "c"], "f1": [50.123, 61.0]})


def page(**more):
    layout = Layout([Column("method", "{method}"), Column("F1", "{f1:.1f}")])
    shown = Block("scores", "Scores", "What is shown.", DATA, layout=layout)
    hidden = Block("more", "More", "In CSV alone.", DATA)
    return Page("A title", "A subtitle", [shown, hidden], **more)


def test_data_keep_their_digits_and_the_table_does_not(tmp_path):
    page().write(tmp_path)
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "report" / "scores.csv"), DATA)
    assert "| a&lt;b | 50.1 |" in (tmp_path / "report.md").read_text()
    html = (tmp_path / "report.html").read_text()
    assert "<td>a&lt;b</td><td>50.1</td>" in html and "<h2>More</h2>" in html and html.count("<table>") == 1


def test_a_link_holds_the_data():
    link = page().blocks[1].data_uri
    assert base64.b64decode(link.partition(",")[2]).decode() == "method,f1\na<b,50.123\nc,61.0\n"


def test_cells_that_are_missing_are_named():
    text = page(failed=[("en -> de", "too <little>")], missing=["nl -> de, seed 1"], cells=4).markdown()
    assert "**1 of 4 cells failed**" in text and "* en -> de: too &lt;little>" in text
    assert "1 of 4 cells have not been run yet" in text and "* nl -> de, seed 1" in text
    html = page(failed=[("en -> de", "too <little>")], missing=["nl -> de, seed 1"], cells=4).html()
    assert "too &lt;little&gt;" in html and "nl -&gt; de, seed 1" in html


def test_the_answer_is_json_too(tmp_path):
    page(conclusions=["One."], answers={"de": {"best": "pooled"}}, missing=["nl"]).write(tmp_path)
    answer = json.loads((tmp_path / "report.json").read_text())
    assert answer["answers"]["de"]["best"] == "pooled" and answer["tables"] == ["scores", "more"]
    assert answer["conclusions"] == ["One."] and answer["missing"] == ["nl"]
    link = re.search(r'href="data:application/json;base64,([^"]+)"', (tmp_path / "report.html").read_text())[1]
    assert json.loads(base64.b64decode(link)) == answer


def test_conclusions_come_before_all_tables():
    text = page(conclusions=["One.", "Two."]).markdown()
    assert text.index("One.") < text.index("Two.") < text.index("## Scores")


def test_a_spreadsheet_finds_no_formula():
    data = pd.DataFrame({"type": ["=1+1", "@x", "PER", "-"], "=f1": [-1.5, 2.0, 3.0, 4.0]})
    assert to_csv(data) == "type,'=f1\n'=1+1,-1.5\n'@x,2.0\nPER,3.0\n-,4.0\n"


def test_markdown_shows_names_as_they_stand():
    data = pd.DataFrame({"method": ["<img src=x>", "a|b", "[x](http://y)"], "f1": [1.0, 2.0, 3.0]})
    layout = Layout([Column("method", "{method}"), Column("F1", "{f1:.1f}")])
    text = Page("<b>", "a", [Block("scores", "Scores", "Text.", data, layout=layout)]).markdown()
    assert "| &lt;img src=x> | 1.0 |\n| a\\|b | 2.0 |\n| [x]\\(http://y) | 3.0 |" in text and "# &lt;b>" in text
