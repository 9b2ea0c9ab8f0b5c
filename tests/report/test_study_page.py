import json
from pathlib import Path
from xml.etree import ElementTree

import pandas as pd
import pytest
from browser import needs_browser, open_browser
from made_up_study import write_grid

from ctl.commands.report import write_report
from ctl.report.page import plain_name

LANGUAGES = ["s1", "s2", "s3", "s4", "s5", "s6"]


def test_what_failed_is_no_number(made_up):
    text = (made_up / "report.md").read_text()
    assert "**1 of 30 cells failed**" in text and "OutOfMemoryError: &lt;too> little" in text
    assert "1 of 30 cells have not been run yet" in text
    page = (made_up / "report.html").read_text()
    assert "OutOfMemoryError: &lt;too&gt; little" in page
    provenance = pd.read_csv(made_up / "report" / "provenance.csv")
    assert len(provenance) == sum(n + (4 if n > 1 else 0) for n in (1, 2, 3, 4, 6)) * 6 - 1 - (6 + 4)


def test_every_figure_has_its_data(made_up):
    page = (made_up / "report.html").read_text()
    for name in ("scores", "scaling", "scaling-tt", "marginal", "cost", "transfer", "distance", "weights", "types",
                 "calibration", "tests", "overtaking", "fits", "provenance"):  # fmt: skip
        table = pd.read_csv(made_up / "report" / f"{name}.csv")
        assert len(table) > 0
        words = set(table.columns) - set(table.select_dtypes("number").columns)
        assert words <= WORDS, f"{name}.csv has numbers as text"
        if name not in ("scores", "tests", "overtaking", "fits", "provenance"):
            assert "var(" not in ElementTree.parse(made_up / "report" / f"{name}.svg").getroot().attrib["style"]
        assert f'download="{name}.csv" href="data:text/csv;base64,' in page
    transfer = pd.read_csv(made_up / "report" / "transfer.csv")
    assert set(transfer.source) == set(LANGUAGES) and set(transfer.target) == {"t", "tt"}
    distance = pd.read_csv(made_up / "report" / "distance.csv")
    assert distance[["distance", "f1"]].corr().iloc[0, 1] > 0.8


WORDS = {
    "method", "against", "rival", "sets", "source", "target", "type", "sources", "commit", "model", "versions", "data",
    "folder",
}  # fmt: skip


@pytest.fixture
def browser(tmp_path_factory):
    """A headless Chromium that records what it logs and what it asks the network for."""
    with open_browser(tmp_path_factory.mktemp("profile")) as driver:
        yield driver


LABELS = """
return [...document.querySelectorAll('figure svg')].map(svg => ({
  name: svg.closest('section').id,
  texts: [...svg.querySelectorAll('text')].map(text => text.textContent.trim()).filter(text => text),
  ink: getComputedStyle(svg.querySelector('text')).fill,
  beyond: svg.getBoundingClientRect().right > document.documentElement.clientWidth,
}))
"""
AXES = {  # what must be written on every figure
    "scaling": ["source languages", "F1 on the targets' test split (%)", "student:learned"],
    "marginal": ["source languages", "F1 gained by each added source (points)"],
    "cost": ["F1 (%)"],
    "transfer": ["source", "target", "F1 of direct transfer (%)"],
    "distance": ["F1 of direct transfer (%)", "distance of the source (given)"],
    "weights": ["weight in the mixture"],
    "types": ["F1 (%)", "PER"],
    "calibration": ["share of words whose tag is right"],
}


@needs_browser
def test_the_page_in_a_browser(made_up, browser):
    """Light and dark, with nothing on the console, nothing from the network, and labels on every axis."""
    inks, papers = [], []
    browser.get("about:blank")
    browser.get_log("performance")  # of the browser's own first page
    for scheme in ("light", "dark"):
        media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
        browser.get((made_up / "report.html").as_uri())
        figures = {figure["name"]: figure for figure in browser.execute_script(LABELS)}
        assert set(AXES) <= set(figures)
        for name, labels in AXES.items():
            assert set(labels) <= set(figures[name]["texts"]), name
            assert not figures[name]["beyond"]
        inks.append(figures["scaling"]["ink"])
        papers.append(browser.execute_script("return getComputedStyle(document.body).backgroundColor"))
    assert inks[0] != inks[1] and papers[0] != papers[1]
    assert browser.get_log("browser") == []
    requests = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    urls = [r["params"]["request"]["url"] for r in requests if r["method"] == "Network.requestWillBeSent"]
    assert urls and all(Path(made_up).as_uri() in url or url.startswith("data:") for url in urls)


PHONE = """
const html = document.documentElement;
return {page: html.scrollWidth <= html.clientWidth,
  text: Math.min(...[...document.querySelectorAll('figure svg')].map(svg =>
    svg.getBoundingClientRect().width / svg.viewBox.baseVal.width * 9)),
  hints: [...document.querySelectorAll('.view')].map(view => {
    const inner = view.querySelector('.scroll, figure');
    return [inner.scrollWidth > inner.clientWidth + 1, view.querySelector('.hint').checkVisibility()];
  })}
"""


@needs_browser
def test_the_page_on_a_phone(made_up, browser):
    """Nothing is wider than the page; what is scrolled says so; text of 9 points is more than 8 pixels high."""
    screen = {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)
    browser.get((made_up / "report.html").as_uri())
    seen = browser.execute_script(PHONE)
    assert seen["page"] and seen["text"] >= 8
    assert all(wide == hint for wide, hint in seen["hints"]) and any(wide for wide, _ in seen["hints"])


def test_a_name_leads_no_file_out_of_the_report(tmp_path):
    """Nor does it end an attribute of the page."""
    study, target = tmp_path / "a" / "b" / "study", 'x"><script>alert(1)</script>'
    study.mkdir(parents=True)
    write_grid(study, lambda *_: 50.0, ["pooled"], targets=("t", target))
    before = sorted(tmp_path.rglob("*"))
    write_report(study)
    new = [path for path in tmp_path.rglob("*") if path not in before]
    assert new and {path.parent for path in new} == {study, study / "report"}
    assert plain_name("../../zh-TW") == ".._.._zh-TW"
    assert "<script>alert" not in (study / "report.html").read_text()
