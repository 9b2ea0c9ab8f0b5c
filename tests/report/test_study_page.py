import json
import re
import shutil
import tempfile
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest

from ctl.main import main
from ctl.report import conclusions as answer
from ctl.report.conclusions import _pairs, compare, sentences
from ctl.report.findings import Findings, is_direct
from ctl.report.statistics import Difference
from ctl.results import write_counts, write_records

SIZES = (1, 2, 3, 4, 6)
LANGUAGES = ["s1", "s2", "s3", "s4", "s5", "s6"]
METHODS = ["direct", "pooled", "ensemble:uniform", "ensemble:learned", "student:learned"]
TYPES = ("PER", "LOC")


def rate(method, n):
    """Share of entities that a made-up method finds: known curves."""
    if method.startswith("direct"):
        return 0.5 + 0.02 * int(method[-1])
    base = {"pooled": 0.85, "ensemble:uniform": 0.75, "ensemble:learned": 0.8, "student:learned": 0.8}[method]
    return base - 0.25 / n


def record(method, sources, target, seed, f1, weights=None):
    provenance = {"versions": {"ctl": "0"}, "git_commit": "abc", "data": {f"{target}/test": "1"}, "model": "2"}
    if weights:
        provenance["weights"] = weights
    bins = {"count": [0, 10, 90], "confidence": [0, 0.5, 0.9], "accuracy": [0, 0.4, 0.8], "ece": 10.0}
    scores = {"precision": f1, "recall": f1, "f1": f1}
    return {
        "method": method, "sources": sources, "target": target, "seed": seed, "split": "test", **scores,
        "per_type": {kind: scores for kind in TYPES}, "calibration": bins, "train_seconds": 10.0 * len(sources),
        "provenance": provenance,
    }  # fmt: skip


def make_cell(folder, sources, target, seed):
    one = len(sources) == 1
    names = [f"direct:{source}" for source in sources] + ([] if one else METHODS[1:])
    records = []
    for name in names:
        of_one = int(name[-1]) if name.startswith("direct") else 100 * len(sources) + METHODS.index(name)
        rng = np.random.default_rng([seed, len(target), of_one])  # a teacher is the same in all cells
        hits = rng.binomial(2, rate(name, len(sources)), size=400)
        counts = np.stack([hits, np.full(400, 2), np.full(400, 2)], axis=-1).astype(np.int32)
        weights = (
            [1 / len(sources)] * len(sources) if name == "ensemble:uniform" else list(np.arange(len(sources)) + 1.0)
        )
        of = [name.partition(":")[2]] if name.startswith("direct") else sources
        records.append(record(name, of, target, seed, round(float(100 * hits.sum() / 800), 2), weights))
        write_counts(folder, name, counts)
    write_records(folder / "results.json", records)
    scored = {name: [names[0]] if one else [name] for name in METHODS[1:]}
    methods = {"direct": [f"direct:{source}" for source in sources], **scored}
    (folder / "cell.json").write_text(json.dumps({"methods": methods}))


@pytest.fixture(scope="module")
def made_up(tmp_path_factory):
    """A study with known curves: two targets, three seeds; one cell has failed, one is missing."""
    root = tmp_path_factory.mktemp("made") / "curves"
    cells = []
    for seed in range(3):
        for target in ("t", "tt"):
            for size in SIZES:
                sources = LANGUAGES[:size]
                name = f"seed{seed}/{target}/{'+'.join(sources)}"
                cells.append({"folder": name, "target": target, "sources": sources, "seed": seed, "kinds": ["nested"]})
                make_cell(root / name, sources, target, seed)
    for cell, what in ((cells[0], "failed.json"), (cells[-1], None)):
        shutil.rmtree(root / cell["folder"])
        if what:
            (root / cell["folder"]).mkdir()
            (root / cell["folder"] / what).write_text('{"error": "OutOfMemoryError: <too> little"}')
    distances = {target: {name: 2.0 * place for place, name in enumerate(LANGUAGES, 1)} for target in ("t", "tt")}
    design = {
        "targets": ["t", "tt"], "languages": LANGUAGES, "seeds": [0, 1, 2], "methods": METHODS, "backbone": "x/encoder",
        "subsets": {"by": "given"}, "distances": distances, "cells": cells,
    }  # fmt: skip
    (root / "study.json").write_text(json.dumps(design))
    assert main(["report", str(root)]) == 0
    return root


def test_curves_are_those_that_were_made(made_up):
    findings = Findings(made_up, json.loads((made_up / "study.json").read_text()))
    curve = findings.curves["nested", "student:learned"]
    assert curve.sizes == list(SIZES)
    for place, size in enumerate(SIZES[1:], 1):
        found = curve.at(place)
        assert found.value == pytest.approx(100 * rate("student:learned", size), abs=1.5)
        assert found.low < found.value < found.high and found.high - found.low < 8
    best = findings.curves["nested", "best direct"]
    assert best.samples[0, -1] == pytest.approx(62, abs=2)  # of s6
    assert findings.curves["nested", "worst direct"].samples[0, -1] == pytest.approx(52, abs=2)
    fit = findings.fits["nested", "pooled"]
    assert fit.at([6])[0] == pytest.approx(100 * rate("pooled", 6), abs=2)
    tests = {(test.ours, test.theirs): test for test in compare(findings)}
    assert tests["ensemble:learned", "ensemble:uniform"].found.points == pytest.approx(5, abs=1.5)
    assert tests["ensemble:learned", "ensemble:uniform"].p < 0.05
    assert tests["student:learned", "ensemble:learned"].p > 0.05
    told = sentences(findings, compare(findings))
    assert len(told) == 3 and "pooled scores" in told[0] and "over best direct" in told[1]
    assert re.search(r"student:learned [-+][\d.]+ \[.*\] against ensemble:learned \(not shown, p = ", told[2])
    assert "what teachers make is best with 6 sources" in told[1]


def test_methods_are_compared_with_what_lacks_one_part_of_them():
    rivals = [
        "best direct", "best llm-direct", "pooled", "llm-pooled", "ensemble:learned", "student:uniform",
        "student:uniform+filter", "student:learned", "student:learned+filter", "llm-student:learned",
        "mixed-student:learned",
    ]  # fmt: skip
    found = {ours: [theirs for one, theirs in _pairs(rivals) if one == ours] for ours in rivals}
    assert not found["best direct"] and not found["best llm-direct"]
    assert found["pooled"] == ["best direct"] and found["llm-pooled"] == ["pooled", "best llm-direct"]
    assert found["student:learned+filter"] == [
        "student:uniform+filter", "ensemble:learned", "student:learned", "pooled", "best direct",
    ]  # fmt: skip
    assert found["mixed-student:learned"] == [
        "student:learned", "llm-student:learned", "llm-pooled", "best llm-direct",
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["best direct", "worst llm-direct", "mean direct+adapted"])
def test_the_best_teacher_is_no_method_whatever_its_options(name):
    assert is_direct(name)
    assert not is_direct("pooled+adapted") and not is_direct("mixed-student:learned")


@pytest.mark.parametrize(
    ("ours", "theirs", "rivals"),
    [
        ("student:learned", "pooled", True),
        ("llm-pooled", "best llm-direct", True),
        ("llm-pooled", "pooled", False),
        ("pooled+adapted", "pooled", False),
        ("mixed-student:learned+hard", "mixed-ensemble:learned", False),
    ],
)
def test_a_rival_mixes_no_teachers_and_differs_in_more_than_one_part(ours, theirs, rivals):
    assert answer.Test(ours, theirs, Difference(0, 0, 0, 1), 1).of_rivals == rivals


def test_what_failed_is_no_number(made_up):
    text = (made_up / "report.md").read_text()
    assert "**1 of 30 cells failed**" in text and "OutOfMemoryError: <too> little" in text
    assert "1 of 30 cells have not been run yet" in text
    page = (made_up / "report.html").read_text()
    assert "OutOfMemoryError: &lt;too&gt; little" in page
    provenance = pd.read_csv(made_up / "report" / "provenance.csv")
    assert len(provenance) == sum(n + (4 if n > 1 else 0) for n in SIZES) * 6 - 1 - (6 + 4)


def test_every_figure_has_its_data(made_up):
    page = (made_up / "report.html").read_text()
    for name in ("scores", "scaling", "scaling-tt", "marginal", "cost", "transfer", "distance", "weights", "types",
                 "calibration", "tests", "overtaking", "fits", "provenance"):  # fmt: skip
        assert len(pd.read_csv(made_up / "report" / f"{name}.csv")) > 0
        if name not in ("scores", "tests", "overtaking", "fits", "provenance"):
            assert "var(" not in ElementTree.parse(made_up / "report" / f"{name}.svg").getroot().attrib["style"]
        assert f'download="{name}.csv" href="data:text/csv;base64,' in page
    transfer = pd.read_csv(made_up / "report" / "transfer.csv")
    assert set(transfer.source) == set(LANGUAGES) and set(transfer.target) == {"t", "tt"}
    distance = pd.read_csv(made_up / "report" / "distance.csv")
    assert distance[["distance", "f1"]].corr().iloc[0, 1] > 0.8


@pytest.fixture
def browser():
    """A headless Chromium that records what it logs and what it asks the network for."""
    if not (shutil.which("chromium") and shutil.which("chromedriver")):
        pytest.skip("no chromium")
    from selenium import webdriver
    from selenium.webdriver.chrome.options import Options
    from selenium.webdriver.chrome.service import Service

    options = Options()
    options.binary_location = shutil.which("chromium")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        for switch in (*SWITCHES, f"user-data-dir={profile}"):
            options.add_argument(f"--{switch}")
        driver = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
        yield driver
        driver.quit()


SWITCHES = (
    "headless", "no-sandbox", "disable-gpu", "disable-background-networking", "disable-component-update",
    "disable-sync", "no-first-run", "window-size=1100,1000",
)  # fmt: skip
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
