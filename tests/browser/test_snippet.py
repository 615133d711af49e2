"""The console snippet in Chromium, on a page with every control and a framework-like listener."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from smartform.exports import console_snippet
from smartform.sources import load_form

PAGE = """<!doctype html><title>Booking</title>
<form id="news"><input name="mail" value="keep me"></form>
<form id="main">
  <label for="who">Guest</label><input id="who" name="who">
  <input type="email" name="mail" placeholder="E-mail">
  <label>Arrival <input type="date" name="arrival"></label>
  <label>Pick-up <input type="datetime-local" name="pickup"></label>
  <label>Month <input type="month" name="month"></label>
  <label>Nights <input type="number" name="nights"></label>
  <textarea name="wishes" aria-label="Wishes"></textarea>
  <label>Room <select name="room"><option value="">Choose</option><option value="1">Single</option>
    <option value="2">Double</option></select></label>
  <label>Days <select name="days" multiple><option selected>Mon</option><option>Tue</option>
    <option>Wed</option></select></label>
  <fieldset><legend>Board</legend><label><input type="radio" name="board" value="h"> Half</label>
    <label><input type="radio" name="board" value="f"> Full</label></fieldset>
  <fieldset><legend>Extras</legend><label><input type="checkbox" name="x[]" checked> Spa</label>
    <label><input type="checkbox" name="x[]"> Cot</label></fieldset>
  <label><input type="checkbox" name="pets"> Pets</label>
  <label><input type="checkbox" name="smoker" checked> Smoker</label>
  <label>Plate <input></label>
  <label>Phone <input name="tel"></label><label>Second phone <input name="tel"></label>
  <label>Untouched <input name="untouched" value="mine"></label>
</form>
<script>
  // As React does: an own setter on the element that hides changes made through it.
  window.events = {};
  for (const el of document.querySelectorAll("#main input, #main textarea, #main select")) {
    for (const kind of ["input", "change"]) el.addEventListener(kind, () => {
      (window.events[el.name || "plate"] ||= []).push(kind);
    });
  }
  const who = document.getElementById("who");
  window.tracked = 0;
  Object.defineProperty(who, "value", {
    get() { return Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value").get.call(this); },
    set(v) { window.tracked += 1; },
  });
</script>"""

VALUES = {
    "who": "Zoë \u2028 </script> O'Neil",
    "mail": "zoe@example.com",
    "arrival": "2026-03-14",
    "pickup": "2026-03-15",
    "month": "2026-04-01",
    "nights": "3",
    "wishes": "Quiet room,\nplease",
    "room": "2",
    "days": ["Tue", "Wed"],
    "board": "f",
    "x[]": ["Cot"],
    "pets": "true",
    "smoker": "false",
    "plate": "AB 123",
    "tel": "+39 1",
    "tel_2": "+39 2",
    "untouched": None,
}


@pytest.fixture
def blank(browser: Browser) -> Iterator[Page]:
    page = browser.new_page()
    yield page
    page.close()


@pytest.fixture(scope="module")
def booking(browser: Browser) -> Iterator[Page]:
    page = browser.new_page()
    page.set_content(PAGE)
    yield page
    page.close()


@pytest.fixture(scope="module")
def report(booking: Page) -> dict[str, Any]:
    found: dict[str, Any] = booking.evaluate(console_snippet(load_form(PAGE), VALUES))
    return found


def test_every_value_arrives(booking: Page, report: dict[str, Any]) -> None:
    assert report["notFound"] == [] and report["refused"] == []
    assert len(report["filled"]) == len(VALUES) - 1
    data = booking.evaluate("""() => [...new FormData(document.getElementById('main'))]""")
    assert [tuple(pair) for pair in data] == [
        ("who", "Zoë \u2028 </script> O'Neil"),
        ("mail", "zoe@example.com"),
        ("arrival", "2026-03-14"),
        ("pickup", "2026-03-15T00:00"),
        ("month", "2026-04"),
        ("nights", "3"),
        ("wishes", "Quiet room,\nplease"),
        ("room", "2"),
        ("days", "Tue"),
        ("days", "Wed"),
        ("board", "f"),
        ("x[]", "on"),
        ("pets", "on"),
        ("tel", "+39 1"),
        ("tel", "+39 2"),
        ("untouched", "mine"),
    ]
    assert booking.evaluate("document.querySelectorAll('[name=\"x[]\"]')[1].checked")
    assert booking.evaluate("[...document.querySelectorAll('label')].pop().control.value") == "mine"
    plate = "[...document.forms.main.elements].find((e) => !e.name && e.type === 'text').value"
    assert booking.evaluate(plate) == "AB 123"


def test_the_other_form_is_left_alone(booking: Page, report: dict[str, Any]) -> None:
    assert report["filled"]
    assert booking.evaluate("document.forms.news.mail.value") == "keep me"


def test_frameworks_notice(booking: Page, report: dict[str, Any]) -> None:
    assert report["filled"]
    events = booking.evaluate("window.events")
    assert booking.evaluate("window.tracked") == 0
    for name in ("who", "arrival", "room", "days", "board", "pets", "wishes", "plate"):
        assert {"input", "change"} <= set(events[name]), name
    assert "untouched" not in events


def test_what_is_missing_or_refused_is_reported(blank: Page) -> None:
    form = load_form(PAGE)
    blank.set_content(
        "<input name=who><input type=number name=nights value=7>"
        "<select name=room><option>None</option></select>"
    )
    said: list[str] = []
    blank.on("console", lambda message: said.append(message.text))
    report = blank.evaluate(
        console_snippet(form, {"who": "Ada", "nights": "three", "room": "2", "wishes": "quiet"})
    )
    assert report == {"filled": ["who"], "notFound": ["wishes"], "refused": ["nights", "room"]}
    assert said[-1:] == [
        "Smart Form filled 1 of 4 fields. Not found on this page: wishes. "
        "The page did not take: nights, room."
    ]
    assert blank.evaluate("document.querySelector('[name=nights]').value") == "7"


def test_the_snippet_is_plain_javascript_data(blank: Page) -> None:
    script = console_snippet(load_form(PAGE), VALUES)
    blank.set_content(f"<input name=who><script>{script}</script>")
    assert blank.evaluate("document.querySelector('input').value") == VALUES["who"]
    assert json.dumps(VALUES["who"])[1:5] in script
