"""The pictures of the README: the real app, filled by the real model, in a real browser.

python -m tests.browser.screenshots [--out docs/screenshots]
"""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, expect, sync_playwright

from app import mail_desk
from smartform.engines.load import service
from smartform.settings import Settings
from tests.browser.conftest import FLAGS, Server

DESKTOP = {"width": 1280, "height": 960}
PHONE = {"width": 390, "height": 844}
TODAY = datetime(2026, 6, 12, 10, tzinfo=UTC)
"""The day in the browser: the example speaks of a summer to come."""

JOB_MILLISECONDS = 300_000
"""The first job waits for the models to load."""

SIGHTS: dict[str, dict[str, Any]] = {
    "desktop": {"viewport": DESKTOP},
    "dark": {"viewport": DESKTOP, "color_scheme": "dark"},
    "phone": {"viewport": PHONE, "device_scale_factor": 2},
}
"""Name of a picture → how the browser is set."""


def main() -> None:
    """Take all pictures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=Path("docs/screenshots"))
    out = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    settings = Settings.from_environment()
    models = service(settings)
    with Server(models, mail_desk(settings, models)) as server, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        for tab, show in TABS.items():
            for name, context in SIGHTS.items():
                take(browser, server.url, out / f"{tab}{name}.png", show, **context)
        browser.close()


def take(browser: Browser, url: str, path: Path, show: Callable[[Page], None], **context: Any) -> None:
    """Take a picture of what a person sees after `show` has worked with the page."""
    page = browser.new_context(locale="en-GB", reduced_motion="reduce", **context).new_page()
    page.clock.set_fixed_time(TODAY)
    page.goto(url)
    show(page)
    page.mouse.move(0, 0)
    page.wait_for_timeout(400)
    page.screenshot(path=path)
    page.context.close()
    print(path)


def fill(page: Page) -> None:
    """Fill the first form and choose the first field that has a place in the text."""
    page.locator("#fill").click()
    expect(page.locator("#status")).to_contain_text("Done:", timeout=JOB_MILLISECONDS)
    page.locator(".sf-row:has(.sf-where) .sf-where").first.click()
    if page.viewport_size == PHONE:
        page.locator(".sf-title").evaluate("node => node.scrollIntoView()")


def proofread(page: Page) -> None:
    """Proofread the example and leave one of its changes out."""
    page.get_by_role("tab", name="E-mail").click()
    page.locator("#proofread").click()
    expect(page.locator("#mail-status")).to_contain_text("Done in", timeout=JOB_MILLISECONDS)
    if page.locator(".sf-edit").count() > 1:
        page.locator(".sf-edit").nth(1).click()
    if page.viewport_size == PHONE:
        page.locator(".sf-revision").evaluate("node => node.scrollIntoView()")
    expect(page.locator(".sf-tone-words .sf-word").first).to_be_visible()


def read(page: Page) -> None:
    """Read the example resume and choose the first field that has a place in the text."""
    page.get_by_role("tab", name="Resume").click()
    page.locator("#resume-read").click()
    expect(page.locator("#resume-status")).to_contain_text("Read in", timeout=JOB_MILLISECONDS)
    page.locator("#resume-form-view .sf-where").first.click()
    if page.viewport_size == PHONE:
        page.locator("#resume-form-view .sf-title").evaluate("node => node.scrollIntoView()")


TABS = {"": fill, "email-": proofread, "resume-": read}
"""What the names of a tab's pictures begin with → what is done before they are taken."""


if __name__ == "__main__":
    main()
