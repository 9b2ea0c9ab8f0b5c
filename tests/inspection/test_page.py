"""The page of ``ctl inspect`` in a browser, against numbers computed here from the stores."""

import json
import shutil
import time

import numpy as np
import pytest
from browser import needs_browser, open_browser
from made_up_run import make_run

from ctl.inspection.frames import Inspection
from ctl.inspection.overview import disputed
from ctl.main import main


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    run = make_run(tmp_path_factory.mktemp("page"))
    assert main(["inspect", str(run), "--gold"]) == 0
    return run / "inspect.html"


@pytest.fixture(scope="module")
def truth(page):
    return Inspection.open(page.parent, gold=True)


@pytest.fixture(scope="module")
def driver(tmp_path_factory):
    with open_browser(tmp_path_factory.mktemp("profile")) as driver:
        yield driver


@pytest.fixture
def browser(driver, page):
    visit(driver, page.as_uri())
    return driver


def visit(driver, address):
    """Opens a page, and closes its overview, so that the first sentences are in the window."""
    driver.get(address)
    until(lambda: driver.execute_script("return document.body.dataset.ready !== undefined"))
    driver.execute_script("document.getElementById('overview').open = false")


@needs_browser
def test_a_teacher_without_an_answer_says_so(browser, partly, tmp_path):
    """On the first word of the text es gave none, so the other two share its weight; mistakes are of answers."""
    from selenium.webdriver.common.action_chains import ActionChains

    run, silent = partly
    assert main(["inspect", str(run), "--gold", "--output", str(tmp_path / "page.html")]) == 0
    visit(browser, (tmp_path / "page.html").as_uri())
    truth = Inspection.open(run, gold=True)
    wrong = truth.words("direct:es").groupby("sentence")["wrong"].any().sum()
    choose(browser, "document.getElementById('by').value = 1; document.getElementById('wrong').click()", wrong)
    reset = "document.querySelector('form').reset(); document.getElementById('order').value = 'place'"
    choose(browser, reset + "; document.getElementById('by').value = 1", 90)
    words = browser.find_elements("css selector", "[data-word]")[:30]
    assert ["silent" in word.get_attribute("class") for word in words] == silent[:30].tolist()
    ActionChains(browser).move_to_element(words[0]).perform()
    row = browser.find_element("css selector", "#tip [data-labeller='direct:es']")
    assert row.text.split(maxsplit=1)[1].strip() == "no answer"
    weight = browser.find_element("css selector", "#tip [data-labeller='direct:en'] [data-weight]")
    assert weight.text == "0.625"
    browser.find_element("css selector", ".number").click()
    says = {line.text.split("\n")[0]: line.text for line in browser.find_elements("css selector", ".compare div")}
    assert says["direct:es"].split("\n")[1] == "no answer" and "no answer" not in says["direct:en"]


def until(holds, seconds=20):
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.03)


def choose(browser, script, count):
    """Changes a control; when the list was made anew, the count must be the one expected."""
    before = "document.getElementById('grid').firstChild.dataset.old = ''; "
    after = "; document.querySelector('form').dispatchEvent(new Event('input'))"
    browser.execute_script(before + script + after)
    until(lambda: not browser.find_elements("css selector", "[data-old]"))
    expected = "90 sentences" if count == 90 else f"{count} of 90 sentences"
    assert browser.find_element("id", "count").text == expected


def listed(browser):
    return browser.execute_script("return [...document.querySelectorAll('.sentence')].map(e => +e.dataset.sentence)")


def test_page_needs_nothing_else(page):
    text = page.read_text(encoding="utf-8")
    assert "http://" not in text and "https://" not in text and "src=" not in text
    assert page.stat().st_size < 200_000


@needs_browser
def test_filters_leave_what_the_stores_say(browser, truth):
    frame = truth.sentences()
    tags = truth["ensemble:learned"].tags
    sentence = truth.words()["sentence"]
    locations = sentence[(tags + 1) // 2 == 3].nunique()
    choose(browser, "document.querySelector('#types input[value=\"2\"]').click()", locations)
    disputed = int((np.rint(1000 * frame["disagreement"]) >= 300).sum())
    assert 0 < disputed < 90
    reset = "document.querySelector('form').reset(); "
    choose(browser, reset + "document.getElementById('least-disagreement').value = 0.3", disputed)
    unsure = int((np.rint(1000 * frame["entropy"]) >= 500).sum())
    choose(browser, reset + "document.getElementById('least-entropy').value = 0.5", unsure)
    apart = int((np.rint(1000 * frame["departure"]) >= 100).sum())
    choose(browser, reset + "document.getElementById('least-departure').value = 0.1", apart)
    choose(browser, reset + "document.getElementById('wrong').click()", int((frame["wrong"] > 0).sum()))
    wrong = truth["direct:es"].tags != truth.corpus.tags
    choose(browser, "document.getElementById('by').value = 1", sentence[wrong].nunique())


@needs_browser
def test_search_and_order(browser, truth):
    found = [s for s in range(90) if "w17" in " ".join(truth.corpus.sentence(s))]
    choose(
        browser,
        "document.getElementById('query').value = ' W17 '; document.getElementById('order').value = 'place'",
        len(found),
    )
    assert listed(browser) == found[:40]
    choose(
        browser, "document.getElementById('query').value = ''; document.getElementById('order').value = 'departure'", 90
    )
    values = np.rint(1000 * truth.sentences()["departure"]).to_numpy()
    assert listed(browser)[:10] == np.argsort(-values, kind="stable")[:10].tolist()
    choose(browser, "document.getElementById('query').value = 'no such word'", 0)
    assert "No sentence" in browser.find_element("id", "grid").text


@needs_browser
def test_a_words_distributions_are_the_stores(browser, truth):
    from selenium.webdriver.common.action_chains import ActionChains

    for word in browser.find_elements("css selector", "[data-word]")[:12]:
        ActionChains(browser).move_to_element(word).perform()
        address = int(word.get_attribute("data-word"))
        shown = browser.execute_script(
            "return [...document.querySelectorAll('#tip tbody tr')].map(row => [row.dataset.labeller,"
            " Object.fromEntries([...row.querySelectorAll('[data-tag]')].map(td => [td.dataset.tag, +td.textContent])),"
            " +row.querySelector('[data-entropy]').textContent, row.querySelector('[data-weight]').textContent])"
        )
        assert [row[0] for row in shown] == list(truth.labellers)
        for name, shares, entropy, weight in shown:
            labels = truth[name]
            assert shares and all(
                share == pytest.approx(100 * labels.probs[address, truth.schema.tags.index(tag)], abs=0.051)
                for tag, share in shares.items()
            )
            assert entropy == pytest.approx(labels.entropy[address], abs=0.00051)
            assert weight == {"direct:en": "0.500", "direct:nl": "0.300", "direct:es": "0.200"}.get(name, "")
        told = browser.find_element("css selector", "[data-measure=disagreement]").text
        assert float(told.split()[1]) == pytest.approx(truth.disagreement[address], abs=0.00051)


@needs_browser
def test_keyboard_goes_everywhere_with_one_tab_stop(browser, truth):
    from selenium.webdriver.common.keys import Keys

    def press(*keys):
        for key in keys:
            browser.switch_to.active_element.send_keys(key)

    def at():
        return browser.execute_script(
            "const at = document.activeElement;"
            " return [+at.closest('.sentence').dataset.place, at.dataset.word ?? 'number']"
        )

    choose(browser, "document.getElementById('order').value = 'place'", 90)
    assert len(browser.find_elements("css selector", '#grid [tabindex="0"]')) == 1
    browser.find_element("css selector", "button[type=reset]").send_keys(Keys.TAB)
    offsets = truth.corpus.offsets
    assert at() == [0, "0"] and browser.find_element("id", "tip").is_displayed()
    assert browser.switch_to.active_element.get_attribute("aria-describedby") == "tip"
    press(Keys.ARROW_DOWN, Keys.END)
    assert at() == [1, str(offsets[2] - 1)]
    press(Keys.HOME)
    assert at() == [1, "number"]
    press(Keys.ARROW_RIGHT, Keys.PAGE_DOWN, Keys.PAGE_DOWN, Keys.PAGE_DOWN, Keys.PAGE_DOWN)
    assert at() == [41, str(offsets[41])]  # in a block that was not drawn before
    assert len(browser.find_elements("css selector", '#grid [tabindex="0"]')) == 1
    press(Keys.ENTER)
    lines = [line.text for line in browser.find_elements("css selector", ".compare .who")]
    assert lines == ["gold", *truth.labellers]
    press(Keys.ESCAPE)
    assert not browser.find_element("id", "tip").is_displayed()
    press(Keys.ENTER)
    assert not browser.find_elements("css selector", ".compare")


@needs_browser
def test_only_what_is_near_the_window_is_drawn_and_rows_are_numbered(browser):
    assert browser.find_element("id", "grid").get_attribute("aria-rowcount") == "90"
    numbers = browser.execute_script("return [...document.querySelectorAll('[role=row]')].map(e => +e.ariaRowIndex)")
    assert numbers == list(range(1, len(numbers) + 1))
    browser.execute_script("window.scrollTo(0, document.body.scrollHeight)")
    until(lambda: browser.find_elements("css selector", '[data-place="89"]'))


@needs_browser
def test_no_errors_and_no_requests(browser, page):
    """Whatever else this browser was used for: the page is opened, searched and scrolled here."""
    choose(browser, "document.getElementById('query').value = 'no such word'", 0)
    choose(browser, "document.querySelector('form').reset()", 90)
    browser.execute_script("window.scrollTo(0, document.body.scrollHeight)")
    until(lambda: browser.find_elements("css selector", '[data-place="89"]'))
    assert [entry for entry in browser.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")] == []
    messages = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    sent = [message["params"] for message in messages if message["method"] == "Network.requestWillBeSent"]
    asked = {one["request"]["url"] for one in sent if one["documentURL"] == page.as_uri()}
    assert page.as_uri() in asked and all(url.startswith(("file:", "data:")) for url in asked)


@needs_browser
def test_without_gold_there_is_nothing_about_mistakes(browser, page, tmp_path):
    assert browser.find_element("id", "only-wrong").is_displayed()
    assert main(["inspect", str(page.parent), "--output", str(tmp_path / "page.html")]) == 0
    visit(browser, (tmp_path / "page.html").as_uri())
    assert not browser.find_element("id", "only-wrong").is_displayed()
    assert "mistakes" not in browser.find_element("id", "order").text


@needs_browser
def test_text_is_readable_in_light_and_dark(browser):
    for scheme in ("light", "dark"):
        browser.execute_cdp_cmd(
            "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
        )
        for selector in (".word:not(.entity)", ".entity", ".value", ".hint", ".number", "legend"):
            ink, paper = browser.execute_script(COLOURS, selector)
            assert contrast(ink, paper) >= 4.5, (scheme, selector, ink, paper)


COLOURS = """
const canvas = new OffscreenCanvas(1, 1).getContext("2d");
const rgb = colour => { canvas.fillStyle = "#fff"; canvas.fillRect(0, 0, 1, 1); canvas.fillStyle = colour;
  canvas.fillRect(0, 0, 1, 1); return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3); };
let at = document.querySelector(arguments[0]);
const ink = rgb(getComputedStyle(at).color);
while (at && getComputedStyle(at).backgroundColor === "rgba(0, 0, 0, 0)") at = at.parentElement;
return [ink, rgb(getComputedStyle(at).backgroundColor)];
"""


def contrast(one, other):
    """WCAG 2's contrast ratio of two sRGB colours."""

    def luminance(colour):
        linear = [c / 3294.6 if c <= 10 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in colour]
        return np.dot(linear, (0.2126, 0.7152, 0.0722)) + 0.05

    bright, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return bright / dark


OPENED = """
const at = document.querySelector('.compare').getBoundingClientRect(), tip = document.getElementById('tip');
const rows = [...document.querySelectorAll('.sentence')].filter(row => Math.abs(row.dataset.place - 1) < 2);
return rows.flatMap(row => [...row.querySelectorAll('[data-word]')].map(word => {
  word.dispatchEvent(new PointerEvent('pointerover', {bubbles: true}));
  const around = tip.getBoundingClientRect();
  return tip.hidden || around.top >= at.bottom || around.bottom <= at.top;
}))
"""


@needs_browser
@pytest.mark.parametrize("size", [(1200, 900), (390, 844)])
def test_the_pop_up_never_covers_a_comparison(browser, page, size):
    screen = {"width": size[0], "height": size[1], "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)
    try:
        visit(browser, page.as_uri() + "?small#order=place&sentence=1")
        clear = browser.execute_script(OPENED)
        assert len(clear) > 5 and all(clear)
        assert browser.execute_script("return document.documentElement.scrollWidth <= innerWidth")
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


@needs_browser
def test_a_view_has_a_link_and_a_table(browser, page, truth):
    """What the address says is what is shown; CSV has a line for every word of it, and no formula."""
    visit(browser, page.as_uri() + "?link#by=student:learned&query=w17&types=PER+LOC&order=place&sentence=2000")
    shown = listed(browser)
    frame = truth.words("student:learned")
    text = frame.groupby("sentence").word.agg(" ".join)
    kinds = frame[frame.tag.str[2:].isin(["PER", "LOC"])].sentence.unique()
    assert shown == [s for s in text.index if "w17" in text[s] and s in kinds] and shown
    assert browser.execute_script("return document.getElementById('whose').textContent") == "student:learned"
    table = browser.execute_async_script(SAVED)
    rows = frame[frame.sentence.isin(shown)]
    lines = [line.split(",") for line in table.splitlines()]
    assert [name.strip('"') for name in lines[0]] == [
        "sentence", "word", *truth.labellers, "gold", "disagreement", "entropy", "departure",
    ]  # fmt: skip
    assert [(int(line[0]), line[1].strip('"'), line[6], line[7]) for line in lines[1:]] == list(
        zip(rows.sentence, rows.word, rows.tag, rows.gold, strict=True)
    )
    assert float(lines[1][8]) == pytest.approx(rows.disagreement.iloc[0], abs=0.00051)
    browser.execute_script("document.querySelector('#disputed button').click()")
    until(lambda: browser.execute_script("return location.hash.startsWith('#query=')"))
    assert browser.execute_script("return document.getElementById('query').value") == disputed(truth).word.iloc[0]


SAVED = """
const done = arguments[0];
URL.createObjectURL = blob => { blob.text().then(done); return '#saved'; };
HTMLAnchorElement.prototype.click = () => {};
document.getElementById('csv').click();
"""


def test_only_some_sentences(page, tmp_path):
    shutil.copytree(page.parent, tmp_path / "run")
    assert main(["inspect", str(tmp_path / "run"), "--sentences", "10", "--output", str(tmp_path / "some.html")]) == 0
    assert (tmp_path / "some.html").stat().st_size < page.stat().st_size
