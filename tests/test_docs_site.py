"""The documentation that `make docs` built, opened from disk as its reader may open it."""

import json
import re
import time

import pytest
from browser import needs_browser, open_browser

from ctl.system.configs import ROOT

SITE = ROOT / "site"
pytestmark = pytest.mark.skipif(not (SITE / "index.html").is_file(), reason="`make docs` builds the site")
PAGES = ("index.html", "tutorial.html", "settings.html", "results.html", "api/modules.html")


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
            assert browser.execute_script("return document.documentElement.scrollWidth") <= 390, page
        filters = [of_figure(browser, scheme) for scheme in ("light", "dark")]
        assert filters[0] == "none" != filters[1]
        assert "threshold" in search(browser, "threshold").lower()
        assert [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE"] == []
        events = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
        urls = [each["params"]["request"]["url"] for each in events if each["method"] == "Network.requestWillBeSent"]
        assert urls and all(url.startswith(("file:", "data:", "about:")) for url in urls)


def of_figure(browser, scheme):
    """The filter through which a figure is seen by a reader who prefers this scheme."""
    media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
    browser.execute_script("localStorage.clear()")  # where the scheme of the last page is kept
    browser.get((SITE / "index.html").as_uri())
    return browser.execute_script("return getComputedStyle(document.querySelector('img[src$=\"method.svg\"]')).filter")


def search(browser, words):
    """Searches from the first page, and returns what is found."""
    browser.get((SITE / "index.html").as_uri())
    browser.execute_script(
        """
        const field = document.querySelector('[data-md-component=search-query]');
        field.focus(); field.value = arguments[0];
        field.dispatchEvent(new Event('keyup', {bubbles: true}));
        """,
        words,
    )
    found, last = "return document.querySelector('.md-search-result__list')?.textContent ?? ''", time.monotonic() + 120
    while not (text := browser.execute_script(found)).strip() and time.monotonic() < last:
        time.sleep(0.2)
    return text
