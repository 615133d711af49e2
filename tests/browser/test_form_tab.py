"""The Smart form tab in a real browser, with scripted engines."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.browser.conftest import OpenPage, Server, box, row, settle, text_box
from tests.browser.looks import faint, nameless, sticking_out
from tests.fakes import ScriptedEngine


def fill(page: Page) -> None:
    page.locator("#fill").click()
    expect(page.locator("#status")).to_contain_text("Done:", timeout=20_000)


def type_into(page: Page, name: str, value: str) -> None:
    box(page, name).fill(value)
    box(page, name).press("Tab")
    expect(row(page, name).locator(".sf-chip")).to_have_text("yours")


def open_tab(page: Page, name: str) -> None:
    page.locator("#own-form button").first.click()
    page.get_by_role("tab", name=name).click()


def upload(page: Page, button: str, file: Any) -> None:
    with page.expect_file_chooser() as chooser:
        page.locator(button).click()
    chooser.value.set_files(file)


def paste(page: Page, source: str) -> None:
    open_tab(page, "Paste")
    page.locator("#paste textarea").fill(source)
    page.locator("#use-paste").click()
    expect(page.locator("#form-status .sf-notice")).not_to_be_empty()


SCHEMA = json.dumps({
    "title": "Person", "type": "object", "required": ["guestName", "city"],
    "properties": {
        "guestName": {"type": "string", "title": "Name"},
        "city": {"type": "string"},
        "born": {"type": "string", "format": "date"},
        "height": {"type": "number"},
        "tags": {"type": "array", "items": {"type": "string"}},
        "kind": {"enum": ["adult", "child"]},
        "member": {"type": "boolean"},
    },
})  # fmt: skip

PAGE = """<html><body><form>
<label for=n>Name</label><input id=n name=guestName required>
<label for=c>City</label><input id=c name=city>
<label>Kind <select name=kind><option value="">-</option><option>adult</option></select></label>
</form></body></html>"""


# ---- first sight -----------------------------------------------------------------------------


def test_first_sight_has_an_example_ready_to_run(page: Page) -> None:
    assert "Daniel Okafor" in text_box(page).input_value()
    expect(page.locator(".sf-title")).to_have_text("Hotel booking")
    expect(page.locator(".sf-missing")).to_contain_text("Still missing")


def test_a_text_is_read_while_it_is_typed_and_filled_as_it_stands(page: Page, engine: ScriptedEngine) -> None:
    fill(page)
    engine.ahead.clear()
    text_box(page).fill("Ada")
    text_box(page).press_sequentially(" Byron, ada@example.org", delay=20)
    for _ in range(100):
        if engine.ahead and engine.ahead[-1].user.endswith("ada@example.org"):
            break
        page.wait_for_timeout(100)
    assert len(engine.ahead) < 20
    page.locator("#fill").click()
    expect(box(page, "guestName")).to_have_value("Ada Byron")
    assert engine.prompts[-1] == engine.ahead[-1]


def test_every_type_has_its_control(page: Page) -> None:
    paste(page, SCHEMA)
    expect(page.locator(".sf-title")).to_have_text("Person")
    expect(row(page, "kind").locator("select option")).to_have_text(["Choose…", "adult", "child"])
    expect(row(page, "member").get_by_role("radio")).to_have_count(3)
    expect(row(page, "tags").locator("textarea")).to_have_attribute("placeholder", "One per line")
    expect(box(page, "height")).to_have_attribute("inputmode", "decimal")
    expect(box(page, "born")).to_have_attribute("placeholder", "YYYY-MM-DD")
    expect(box(page, "guestName")).to_have_attribute("aria-required", "true")
    expect(page.get_by_role("textbox", name="Name (required)")).to_be_visible()


# ---- filling ---------------------------------------------------------------------------------


# On a busy machine the bar may be gone before anyone looks again.
WATCH_PROGRESS = """() => {
    const look = () => { window.sawProgress ||= !!document.querySelector('#status progress'); };
    new MutationObserver(look).observe(document.body, {childList: true, subtree: true});
}"""


def test_values_stream_in_and_carry_their_states(page: Page) -> None:
    page.evaluate(WATCH_PROGRESS)
    page.locator("#fill").click()
    expect(row(page, "guestName").locator(".sf-chip")).to_contain_text("found")
    expect(page.locator("#status")).to_contain_text("Done:", timeout=20_000)
    assert page.evaluate("window.sawProgress")
    expect(box(page, "guestName")).to_have_value("Daniel Okafor")
    expect(box(page, "checkIn")).to_have_value("2026-08-08")
    expect(box(page, "email")).to_have_value("daniel.okafor@example.org")
    expect(row(page, "checkIn").locator(".sf-chip")).to_contain_text("normalised")
    expect(row(page, "adults").locator(".sf-chip")).to_contain_text("needs review")
    expect(row(page, "children").locator(".sf-chip")).to_contain_text("not found")
    expect(row(page, "roomType").locator("select")).to_have_value("family")
    expect(row(page, "parking").get_by_role("radio", name="Yes")).to_be_checked()
    expect(row(page, "extras").get_by_role("checkbox", name="Baby cot")).to_be_checked()
    expect(row(page, "guestName").locator(".sf-chip")).to_have_attribute("title", re.compile("% sure"))


def test_the_first_fill_counts_from_the_persons_own_date(open_page: OpenPage) -> None:
    page = open_page(timezone_id="Pacific/Kiritimati")
    with page.expect_request("**/queue/join*") as asked:
        page.locator("#fill").click()
    sheets = [value for value in asked.value.post_data_json["data"] if isinstance(value, dict)]
    assert [sheet["today"] for sheet in sheets] == [page.evaluate("new Date().toLocaleDateString('sv')")]
    expect(page.locator("#status")).to_contain_text("Done:", timeout=20_000)


def test_choosing_a_field_marks_its_place_in_the_text(page: Page) -> None:
    fill(page)
    box(page, "guestName").focus()
    expect(page.locator("#source-view mark[data-active]")).to_have_text("Daniel Okafor")
    box(page, "checkIn").focus()
    expect(page.locator("#source-view mark[data-active]")).to_have_text("eighth of August twenty twenty-six")
    row(page, "email").get_by_role("button", name="Show the source of E-mail").click()
    expect(page.locator("#source-view mark[data-active]")).to_be_in_viewport()
    page.locator("#source-view mark", has_text="Daniel Okafor").click()
    expect(box(page, "guestName")).to_be_focused()


def test_markup_in_the_text_stays_text(page: Page) -> None:
    hostile = "<img src=x onerror=\"document.title='owned'\"> 😀 Ada Byron </div><script>alert(1)</script>"
    text_box(page).fill(hostile)
    fill(page)
    box(page, "guestName").focus()
    expect(page.locator("#source-view mark[data-active]")).to_have_text("Ada Byron")
    expect(page.locator(".sf-source-text")).to_have_text(hostile)
    assert page.locator(".sf-source-text img").count() == 0
    assert page.title() == "Smart Form"


def test_a_typed_value_is_not_overwritten_but_offered(page: Page) -> None:
    type_into(page, "guestName", "Someone Else")
    fill(page)
    expect(box(page, "guestName")).to_have_value("Someone Else")
    expect(row(page, "guestName").locator(".sf-chip")).to_have_text("yours")
    expect(row(page, "guestName").locator(".sf-offer")).to_contain_text("Daniel Okafor")
    row(page, "guestName").get_by_role("button", name="Use it").click()
    expect(box(page, "guestName")).to_have_value("Daniel Okafor")
    expect(row(page, "guestName").locator(".sf-offer")).to_have_count(0)


def test_what_is_too_unsure_to_be_filled_in_is_suggested_and_taken(page: Page) -> None:
    fill(page)
    arrival = row(page, "arrivalTime")
    expect(arrival.locator(".sf-chip")).to_contain_text("not found")
    expect(box(page, "arrivalTime")).to_have_value("")
    expect(page.locator(".sf-count")).to_contain_text("1 suggestion to look at")
    box(page, "arrivalTime").focus()
    expect(page.locator("#source-view mark[data-active]")).to_have_text("quarter past four")
    arrival.get_by_role("button", name="Perhaps 16:15").click()
    expect(box(page, "arrivalTime")).to_have_value("16:15")
    expect(arrival.locator(".sf-chip")).to_contain_text("yours")
    expect(page.locator(".sf-suggestion")).to_have_count(0)
    expect(page.locator("#source-view mark[data-active]")).to_have_text("quarter past four")
    fill(page)
    expect(box(page, "arrivalTime")).to_have_value("16:15")


def test_typing_takes_a_suggestion_away(page: Page) -> None:
    fill(page)
    expect(row(page, "arrivalTime").locator(".sf-suggestion")).to_have_text("Perhaps 16:15")
    type_into(page, "arrivalTime", "17:00")
    expect(page.locator(".sf-suggestion")).to_have_count(0)
    page.locator("#undo").click()
    expect(box(page, "arrivalTime")).to_have_value("17:00")


def test_offers_can_be_taken_or_declined_together(page: Page) -> None:
    type_into(page, "guestName", "Someone Else")
    type_into(page, "email", "else@example.org")
    fill(page)
    page.locator('[data-act="keep-all"]').click()
    expect(page.locator(".sf-offer")).to_have_count(0)
    expect(box(page, "email")).to_have_value("else@example.org")
    fill(page)
    page.locator('[data-act="use-all"]').click()
    expect(box(page, "email")).to_have_value("daniel.okafor@example.org")


def test_typing_while_the_form_fills_wins(page: Page, engine: ScriptedEngine) -> None:
    engine.pause = 0.25
    try:
        page.locator("#fill").click()
        expect(row(page, "guestName").locator(".sf-chip")).to_contain_text("found", timeout=10_000)
        box(page, "roomType").select_option("suite")
        expect(page.locator("#status")).to_contain_text("Done:", timeout=20_000)
    finally:
        engine.pause = 0.03
    expect(box(page, "roomType")).to_have_value("suite")
    expect(row(page, "roomType").locator(".sf-offer")).to_contain_text("Family")


def test_a_second_fill_adds_and_keeps_the_rest(page: Page) -> None:
    fill(page)
    text_box(page).fill("It is Ada Byron now, write to ada@example.org.")
    fill(page)
    expect(box(page, "guestName")).to_have_value("Ada Byron")
    expect(box(page, "email")).to_have_value("ada@example.org")
    expect(box(page, "checkIn")).to_have_value("2026-08-08")
    box(page, "checkIn").focus()
    expect(page.locator("#source-view mark[data-active]")).to_have_text("eighth of August twenty twenty-six")


def test_cancel_keeps_what_was_found(page: Page, engine: ScriptedEngine) -> None:
    engine.pause = 0.4
    try:
        page.locator("#fill").click()
        expect(box(page, "guestName")).to_have_value("Daniel Okafor", timeout=10_000)
        page.locator("#cancel").click()
        expect(page.locator("#status")).to_contain_text("Cancelled", timeout=10_000)
    finally:
        engine.pause = 0.03
    expect(box(page, "guestName")).to_have_value("Daniel Okafor")
    expect(page.locator("#cancel")).to_be_disabled()
    fill(page)


def test_empty_text_is_explained_and_nothing_is_lost(page: Page) -> None:
    type_into(page, "guestName", "Someone Else")
    text_box(page).fill("   ")
    page.locator("#fill").click()
    expect(page.locator("#status")).to_contain_text("There is no text to read.")
    expect(box(page, "guestName")).to_have_value("Someone Else")


# ---- editing ---------------------------------------------------------------------------------


def test_a_typed_value_is_normalised_or_explained(page: Page) -> None:
    box(page, "checkIn").fill("3 May 2027")
    box(page, "checkIn").press("Tab")
    expect(box(page, "checkIn")).to_have_value("2027-05-03")
    box(page, "adults").fill("a lot")
    box(page, "adults").press("Tab")
    expect(row(page, "adults").locator(".sf-problem")).not_to_be_empty()
    expect(box(page, "adults")).to_have_value("a lot")
    expect(box(page, "adults")).to_have_attribute("aria-invalid", "true")
    box(page, "adults").fill("4")
    box(page, "adults").press("Tab")
    expect(row(page, "adults").locator(".sf-problem")).to_be_empty()


def test_still_missing_follows_the_form(page: Page) -> None:
    fill(page)
    missing = page.locator("[data-missing]")
    expect(missing).to_have_text(["Check-out"])
    missing.click()
    expect(box(page, "checkOut")).to_be_focused()
    type_into(page, "checkOut", "2026-08-15")
    expect(page.locator(".sf-missing")).to_have_text("Every required field is filled.")


def test_undo_takes_back_the_fill_but_not_the_typing(page: Page) -> None:
    type_into(page, "requests", "No nuts, please.")
    fill(page)
    type_into(page, "children", "1")
    page.locator("#undo").click()
    expect(box(page, "guestName")).to_have_value("")
    expect(box(page, "requests")).to_have_value("No nuts, please.")
    expect(box(page, "children")).to_have_value("1")
    page.locator("#undo").click()
    expect(page.locator("#status")).to_contain_text("nothing to undo")


def test_reset_empties_the_form_keeps_the_text_and_can_be_undone(page: Page) -> None:
    fill(page)
    page.locator("#reset").click()
    expect(box(page, "guestName")).to_have_value("")
    assert "Daniel Okafor" in text_box(page).input_value()
    page.locator("#undo").click()
    expect(box(page, "guestName")).to_have_value("Daniel Okafor")


# ---- other forms -----------------------------------------------------------------------------


def test_choosing_a_preset_brings_its_example_but_never_replaces_own_text(page: Page) -> None:
    page.locator("#preset input").click()
    page.get_by_role("option", name="Contact").click()
    expect(page.locator(".sf-title")).to_have_text("Contact")
    expect(text_box(page)).to_have_value(re.compile("Ingrid Solheim"))
    text_box(page).fill("My own words.")
    page.locator("#preset input").click()
    page.get_by_role("option", name="Invoice").click()
    expect(page.locator(".sf-title")).to_have_text("Invoice")
    expect(text_box(page)).to_have_value("My own words.")


def test_a_preset_is_chosen_by_keyboard(page: Page) -> None:
    page.locator("#preset input").fill("Invoi")
    page.locator("#preset input").press("Enter")
    expect(page.locator(".sf-title")).to_have_text("Invoice")


def test_passing_through_the_presets_keeps_ones_own_form_and_the_same_preset_can_be_chosen_again(
    page: Page,
) -> None:
    paste(page, SCHEMA)
    expect(page.locator(".sf-title")).to_have_text("Person")
    expect(page.locator("#preset input")).to_have_value("")
    type_into(page, "city", "Turin")
    page.locator("#preset input").focus()
    page.locator("#preset input").press("Tab")
    page.wait_for_timeout(500)
    expect(page.locator(".sf-title")).to_have_text("Person")
    expect(box(page, "city")).to_have_value("Turin")
    page.locator("#preset input").click()
    page.get_by_role("option", name="Hotel booking").click()
    expect(page.locator(".sf-title")).to_have_text("Hotel booking")


def test_a_json_schema_becomes_a_form_and_its_instance_is_downloaded(page: Page, tmp_path: Path) -> None:
    paste(page, SCHEMA)
    expect(page.locator("#form-status")).to_contain_text("7 fields")
    text_box(page).fill("Ada Byron of Turin likes red and blue.")
    fill(page)
    type_into(page, "height", "1.75")
    with page.expect_download() as download:
        page.locator("#download-json").click()
    data = json.loads(Path(download.value.path()).read_text("utf-8"))
    assert data["guestName"] == "Ada Byron"
    assert data["city"] == "Turin"
    assert data["height"] == 1.75
    assert data["tags"] == ["red", "blue"]


def test_a_broken_schema_is_explained_and_stays_in_its_box(page: Page) -> None:
    broken = '{"properties": {"a": }}'
    paste(page, broken)
    expect(page.locator("#form-status")).to_contain_text("JSON is broken at line 1")
    expect(page.locator("#paste textarea")).to_have_value(broken)
    expect(page.locator(".sf-title")).to_have_text("Hotel booking")
    page.locator("#paste textarea").fill("just words")
    page.locator("#use-paste").click()
    expect(page.locator("#form-status")).to_contain_text("not a form")


def test_an_html_form_gets_a_script_that_fills_its_page(page: Page, browser: Browser) -> None:
    paste(page, PAGE)
    expect(page.locator("#form-status")).to_contain_text("3 fields")
    text_box(page).fill("Ada Byron of Turin")
    fill(page)
    box(page, "kind").select_option("adult")
    page.locator("#make-snippet").click()
    code = page.locator("#snippet textarea")
    expect(code).to_have_value(re.compile("Ada Byron"))
    target = browser.new_page()
    target.set_content(PAGE)
    target.evaluate(code.input_value())
    assert target.locator("[name=guestName]").input_value() == "Ada Byron"
    assert target.locator("[name=city]").input_value() == "Turin"
    assert target.locator("[name=kind]").input_value() == "adult"
    target.close()


def test_a_pdf_is_downloaded_filled_in(
    page: Page, fillable_pdf: bytes, read_pdf: Callable[[bytes], dict]
) -> None:
    open_tab(page, "PDF")
    upload(page, "#pdf", {"name": "form.pdf", "mimeType": "application/pdf", "buffer": fillable_pdf})
    expect(page.locator("#form-status")).to_contain_text("2 fields", timeout=20_000)
    text_box(page).fill("Ada Byron of Turin")
    fill(page)
    with page.expect_download() as download:
        page.locator("#download-pdf").click()
    assert read_pdf(Path(download.value.path()).read_bytes()) == {"guestName": "Ada Byron", "city": "Turin"}


def test_a_file_that_is_no_pdf_is_explained(page: Page) -> None:
    open_tab(page, "PDF")
    upload(page, "#pdf", {"name": "form.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7 broken"})
    expect(page.locator('#form-status .sf-notice[data-kind="problem"]')).to_be_visible(timeout=20_000)
    expect(page.locator(".sf-title")).to_have_text("Hotel booking")


def test_fields_are_edited_by_keyboard(page: Page) -> None:
    fill(page)
    open_tab(page, "Edit fields")
    editor = page.locator("#field-editor")
    first = editor.locator("li").first
    first.locator("[data-member=name]").fill("visitor")
    first.locator("[data-act=down]").focus()
    page.keyboard.press("Enter")
    expect(editor.locator("li").nth(1).locator("[data-member=name]")).to_have_value("visitor")
    expect(editor.locator("li").nth(1).locator("[data-act=down]")).to_be_focused()
    phone = editor.locator("li").nth(2)
    phone.locator("[data-member=type]").select_option("choice")
    phone.locator("[data-member=options]").fill("mobile\nlandline")
    editor.locator("li").nth(3).locator("[data-act=delete]").press("Enter")
    editor.locator("[data-act=add]").press("Enter")
    editor.locator("li").last.locator("[data-member=name]").fill("city")
    editor.locator("[data-act=apply]").press("Enter")
    expect(page.locator("#form-status")).to_contain_text("Changes applied.")
    names = page.locator(".sf-row").evaluate_all("rows => rows.map(row => row.dataset.field)")
    assert names[:3] == ["email", "visitor", "phone"]
    assert "checkIn" not in names
    assert names[-1] == "city"
    expect(box(page, "visitor")).to_have_value("Daniel Okafor")
    expect(row(page, "phone").locator("option")).to_have_text(["Choose…", "mobile", "landline"])
    expect(box(page, "email")).to_have_value("daniel.okafor@example.org")


def test_an_edit_that_makes_no_form_is_explained_and_kept(page: Page) -> None:
    open_tab(page, "Edit fields")
    name = page.locator("#field-editor li").first.locator("[data-member=name]")
    name.fill("email")
    page.locator("#field-editor [data-act=apply]").click()
    expect(page.locator("#form-status")).to_contain_text("Two fields are called 'email'.")
    expect(name).to_have_value("email")
    expect(row(page, "guestName")).to_be_visible()


def test_fields_that_were_edited_before_the_first_form_came_stay(page: Page, scripted: Server) -> None:
    """On a slow line the page can be used before the app has answered for the first time."""
    waiting: list[Route] = []
    page.goto("about:blank")  # the requests of the page that was open end here
    page.route("**/run/predict*", lambda route: waiting.append(route))
    page.goto(scripted.url)
    open_tab(page, "Edit fields")
    name = page.locator("#field-editor li").first.locator("[data-member=name]")
    name.fill("visitor")
    page.route("**/run/predict*", lambda route: route.continue_())
    for route in waiting:
        route.continue_()
        assert route.request.response() is not None
    settle(page)
    expect(name).to_have_value("visitor")
    page.locator("#field-editor [data-act=apply]").click()
    expect(row(page, "visitor")).to_be_visible()


# ---- taking away -----------------------------------------------------------------------------


def test_json_is_copied_and_csv_downloaded_without_unfit_values(open_page: OpenPage) -> None:
    page = open_page(permissions=["clipboard-read", "clipboard-write"])
    fill(page)
    box(page, "adults").fill("a lot")
    box(page, "adults").press("Tab")
    expect(row(page, "adults").locator(".sf-problem")).not_to_be_empty()
    page.locator("#copy-json").click()
    expect(page.locator("#courier")).to_contain_text("Copied")
    copied = json.loads(page.evaluate("navigator.clipboard.readText()"))
    assert copied["guestName"] == "Daniel Okafor"
    assert copied["parking"] is True
    assert copied["adults"] is None
    expect(page.locator("#export-status")).to_contain_text("Left out until corrected: Adults.")
    with page.expect_download() as download:
        page.locator("#download-csv").click()
    assert "Daniel Okafor" in Path(download.value.path()).read_text("utf-8-sig")


# ---- speech ----------------------------------------------------------------------------------


def test_words_appear_while_one_speaks_and_land_in_the_text(page: Page) -> None:
    text_box(page).fill("It is Ada Byron.")
    settle(page)
    page.locator("#microphone .record-button").click()
    expect(page.locator("#heard textarea")).to_have_value(re.compile("^Please"), timeout=30_000)
    page.locator("#microphone .stop-button").click()
    expect(text_box(page)).to_have_value("It is Ada Byron.\nPlease call me on 0770 900 142.", timeout=15_000)
    fill(page)
    expect(box(page, "guestName")).to_have_value("Ada Byron")
    expect(box(page, "phone")).to_have_value("0770 900 142")


def test_an_uploaded_recording_is_added_to_the_text(page: Page, speech_file: Path) -> None:
    text_box(page).fill("It is Ada Byron.")
    upload(page, "#sound-file", speech_file)
    expect(text_box(page)).to_have_value("It is Ada Byron.\nPlease call me on 0770 900 142.", timeout=15_000)


# ---- everybody can use it --------------------------------------------------------------------


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_shows_everything_without_sideways_scrolling(open_page: OpenPage, scheme: str) -> None:
    page = open_page(viewport={"width": 390, "height": 844}, color_scheme=scheme)
    fill(page)
    page.locator("#own-form button").first.click()
    page.get_by_role("tab", name="Edit fields").click()
    assert sticking_out(page, 390) == []
    row(page, "guestName").get_by_role("button", name="Show the source").click()
    expect(row(page, "guestName").locator(".sf-excerpt mark")).to_have_text("Daniel Okafor")


WRITTEN = (
    ".sf-chip, .sf-label, .sf-hint, .sf-count, .sf-missing *, .sf-row select, .sf-row textarea,"
    ".sf-row input[id]:not([type=radio], [type=checkbox]), .sf-notice p, .sf-tagline p, .sf-privacy p,"
    "button[role=tab], #fill, #undo, #reset, .sf-source-text mark"
)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_has_contrast(open_page: OpenPage, scheme: str) -> None:
    page = open_page(color_scheme=scheme, reduced_motion="reduce")
    fill(page)
    box(page, "guestName").focus()
    assert ("dark" in page.evaluate("document.body.className")) == (scheme == "dark")
    assert faint(page, WRITTEN) == []


def test_everything_is_reached_by_tab_and_named(page: Page) -> None:
    fill(page)
    assert nameless(page) == []
    box(page, "guestName").focus()
    visited = set()
    for _ in range(80):
        page.keyboard.press("Tab")
        visited.add(
            page.evaluate(
                "document.activeElement.closest('.sf-row')?.dataset.field || document.activeElement.id"
            )
        )
    assert {"email", "checkIn", "roomType", "parking", "extras", "requests", "undo", "copy-json"} <= visited
    assert page.evaluate("document.documentElement.lang") == "en"


def test_the_screen_speaks_italian(open_page: OpenPage) -> None:
    page = open_page(locale="it-IT")
    expect(page.locator("#fill")).to_have_text("Compila il modulo")
    expect(page.locator(".sf-missing")).to_contain_text("Mancano ancora")
    expect(page.locator(".sf-title")).to_have_text("Prenotazione d'albergo")
    page.locator("#fill").click()
    expect(page.locator("#status")).to_contain_text("Fatto:", timeout=20_000)
    expect(row(page, "guestName").locator(".sf-chip")).to_contain_text("trovato")
    assert page.evaluate("document.documentElement.lang") == "it"


# ---- the other doors of the page -------------------------------------------------------------


def test_only_the_tools_are_in_the_api(scripted: Server) -> None:
    import urllib.request

    with urllib.request.urlopen(f"{scripted.url}gradio_api/info") as answer:
        named = json.load(answer)["named_endpoints"]
    tools = {"fill_form", "transcribe_audio", "list_presets", "read_resume", "proofread_email", "read_tone"}
    assert set(named) == {f"/{tool}" for tool in tools}
