"""The pictures of the README: the real app, filled by the real model, in a real browser.

python -m tests.browser.screenshots [--out docs/screenshots]
"""

from __future__ import annotations

import argparse
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, expect, sync_playwright

from smartform.engines.load import service
from smartform.settings import Settings
from tests.browser.conftest import FLAGS, Server

DESKTOP = {"width": 1280, "height": 960}
PHONE = {"width": 390, "height": 844}
TODAY = datetime(2026, 6, 12, 10, tzinfo=UTC)
"""The day in the browser: the example speaks of a summer to come."""

FILL_MILLISECONDS = 300_000
"""The first fill waits for the models to load."""


def main() -> None:
    """Take all pictures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=Path("docs/screenshots"))
    out = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    with Server(service(Settings.from_environment())) as server, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        take(browser, server.url, out / "desktop.png", viewport=DESKTOP)
        take(browser, server.url, out / "dark.png", viewport=DESKTOP, color_scheme="dark")
        take(browser, server.url, out / "phone.png", viewport=PHONE, device_scale_factor=2)
        browser.close()


def take(browser: Browser, url: str, path: Path, **context: Any) -> None:
    """Fill the first form, choose a field and take a picture of what a person then sees."""
    page = browser.new_context(locale="en-GB", reduced_motion="reduce", **context).new_page()
    page.clock.set_fixed_time(TODAY)
    page.goto(url)
    page.locator("#fill").click()
    expect(page.locator("#status")).to_contain_text("Done:", timeout=FILL_MILLISECONDS)
    choose(page)
    page.screenshot(path=path)
    page.context.close()
    print(path)


def choose(page: Page) -> None:
    """Choose the first field that has a place in the text."""
    page.locator(".sf-row:has(.sf-where) .sf-where").first.click()
    if page.viewport_size == PHONE:
        page.locator(".sf-title").evaluate("node => node.scrollIntoView()")
    page.mouse.move(0, 0)
    page.wait_for_timeout(400)


if __name__ == "__main__":
    main()
