"""The documentation that `make docs` built, opened from disk as its reader may open it."""

import json
import re
import time

import pytest
from browser import needs_browser, open_browser

from ctl.system.configs import ROOT

SITE = ROOT / "site"
pytestmark = pytest.mark.skipif(not (SITE / "index.html").is_file(), reason="`make docs` builds the site")
PAGES = ("tutorial.html", "settings.html", "results.html", "api/modules.html", "index.html")
FILTER = """
document.body.setAttribute('data-md-color-scheme', arguments[0]);
return getComputedStyle(document.querySelector('img[src$="method.svg"]')).filter;
"""
TYPE = """
const field = document.querySelector('[data-md-component=search-query]');
field.focus();
field.value = field.value === arguments[0] ? arguments[0] + 's' : arguments[0];
field.dispatchEvent(new Event('keyup', {bubbles: true}));
return (document.querySelector('.md-search-result__list')?.textContent ?? '').trim();
"""


def test_links_lead_to_files():
    """No link leads to a folder, which a browser that reads from disk would list."""
    for page in SITE.rglob("*.html"):
        for link in re.findall(r'href="([^"#?]+)', page.read_text(encoding="utf-8")):
            if "://" not in link and not link.startswith(("mailto:", "/")) and page.name != "404.html":
                assert (page.parent / link).is_file(), f"{page.relative_to(SITE)}: {link}"


def test_every_command_and_section_of_settings_is_there():
    from ctl.command_table import ALL

    page = (SITE / "command-line.html").read_text(encoding="utf-8")
    assert all(f'id="ctl-{name}"' in page for name in ALL)
    settings = (SITE / "settings.html").read_text(encoding="utf-8")
    assert all(f'id="{name}"' in settings for name in ("data", "teacher", "student", "trainer", "subsets"))
    assert "--data.batch_size" in settings and "configs/transfer/quickstart.yaml" in settings


@needs_browser
def test_pages_from_disk(tmp_path):
    """They fetch nothing, log nothing, fit a phone, and are searched; figures have another form in the dark."""
    with open_browser(tmp_path) as browser:
        browser.get("about:blank")
        browser.get_log("performance")  # of the browser's own first page
        size = {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True}
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        for page in PAGES:
            browser.get((SITE / page).as_uri())
            fits = "return document.documentElement.scrollWidth <= 390"  # when the theme has laid out the tables
            assert until(lambda: browser.execute_script(fits)), page  # noqa: B023
        assert [browser.execute_script(FILTER, scheme) == "none" for scheme in ("default", "slate")] == [True, False]
        assert "threshold" in search(browser, "threshold").lower()
        assert [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE"] == []
        events = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
        urls = [each["params"]["request"]["url"] for each in events if each["method"] == "Network.requestWillBeSent"]
        assert urls and all(url.startswith(("file:", "data:", "about:")) for url in urls)


def until(found):
    """Waits for what a page does when it is loaded, and returns it."""
    last = time.monotonic() + 120
    while not (result := found()) and time.monotonic() < last:
        time.sleep(0.2)
    return result


def search(browser, words):
    """Searches from the first page, and returns what is found; the words are typed until the search is there."""
    browser.get((SITE / "index.html").as_uri())
    return until(lambda: browser.execute_script(TYPE, words))
