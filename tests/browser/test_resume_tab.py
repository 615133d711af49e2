"""The Resume tab in a real browser, with a scripted engine."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import OpenPage
from tests.browser.looks import faint, nameless, sticking_out
from tests.fakes import ScriptedEngine
from tests.layouts import LAYOUTS
from tests.papers import pdf, scan
from tests.resumes import EXAMPLE
from tests.test_resume import TEXT as BEN

LETTER = "Dear Ms Lund, the heating in flat 12 is cold again. Please send somebody. Ben Aqua"


@pytest.fixture
def cv(open_page: OpenPage) -> Page:
    return to_resumes(open_page())


def to_resumes(page: Page) -> Page:
    page.get_by_role("tab", name="Resume").click()
    expect(field(page, "name")).to_be_visible()
    return page


def field(page: Page, name: str) -> Locator:
    """The row of a field of the resume form."""
    return page.locator(f'#resume-form-view .sf-row[data-field="{name}"]')


def cell(page: Page, group: str, row: int, name: str) -> Locator:
    """A cell of a group, by its row's number from 0 on."""
    return field(page, group).locator("tbody tr").nth(row).locator(f'input[data-sub="{name}"]')


def status(page: Page) -> Locator:
    return page.locator("#resume-status")


def read(page: Page, text: str | None = None) -> None:
    if text is not None:
        page.locator("#resume-text textarea").fill(text)
    status(page).evaluate("node => node.querySelectorAll('p').forEach(p => p.remove())")
    page.locator("#resume-read").click()
    expect(status(page)).to_contain_text("Read in", timeout=60_000)


def shown_json(page: Page) -> dict:
    return json.loads(str(page.locator(".sf-json-code").text_content()))


def marked(page: Page) -> Locator:
    return page.locator("#resume-source-view mark[data-active]")


def approve(page: Page) -> None:
    expect(page.locator("#resume-approve")).to_be_enabled()
    page.locator("#resume-approve").click()
    expect(page.locator("#resume-json .sf-json-state")).to_contain_text("Approved")


def downloaded(page: Page, button: str) -> bytes:
    with page.expect_download() as download:
        page.locator(button).click()
    return Path(download.value.path()).read_bytes()


def give(page: Page, files: dict[str, bytes]) -> None:
    page.locator("#resume-files input[type=file]").set_input_files([
        {"name": name, "mimeType": "application/octet-stream", "buffer": data} for name, data in files.items()
    ])  # fmt: skip


# ---- one resume ------------------------------------------------------------------------------


def test_the_example_is_read_corrected_approved_and_only_then_taken_away(cv: Page) -> None:
    expect(cv.locator("#resume-download")).to_be_disabled()
    read(cv)
    expect(field(cv, "name").locator("input")).to_have_value("MAREN OLDFIELD")
    expect(cv.locator(".sf-json-code")).to_contain_text('"skills": [')
    expect(cv.locator(".sf-json-code")).to_contain_text(
        '"experience": "Stable Manager, Claddagh Riding School'
    )
    expect(cv.locator("#resume-download")).to_be_disabled()
    expect(cv.locator("#resume-copy")).to_be_disabled()
    approve(cv)
    assert json.loads(downloaded(cv, "#resume-download")) == shown_json(cv)

    cell(cv, "work", 1, "company").fill("Corrib Veterinary Hospital")
    expect(cv.locator("#resume-download")).to_be_disabled()
    expect(cv.locator(".sf-json-code")).to_contain_text("Corrib Veterinary Hospital")
    expect(cv.locator("#resume-json .sf-json-state")).to_contain_text("Not approved")
    approve(cv)
    said = json.loads(downloaded(cv, "#resume-download"))["resumes"][0]["experience"]
    assert "Veterinary Nurse, Corrib Veterinary Hospital, 2017 – February 2021" in said


def test_every_value_leads_to_its_place_and_back(cv: Page) -> None:
    read(cv)
    cell(cv, "work", 1, "company").focus()
    expect(marked(cv)).to_have_text(["Corrib Animal Clinic"])
    cv.locator("#resume-source-view mark", has_text="Moorgate Stud").click()
    expect(cell(cv, "work", 2, "company")).to_be_focused()
    cv.get_by_text('"equine dentistry"').click()
    expect(marked(cv)).to_have_text(["equine dentistry"])
    cv.locator('#resume-source-view mark[data-field="/resumes/0/phone"]').click()
    expect(cv.locator(".sf-json-code mark[data-active]")).to_have_text('"+353 87 555 0142"')

    cv.get_by_role("radio", name="JSON Resume").check()
    expect(cv.locator(".sf-json-code")).to_contain_text('"basics": {')
    assert shown_json(cv)["work"][0] == {
        "name": "Claddagh Riding School",
        "position": "Stable Manager",
        "startDate": "2021-03",
    }


def test_rows_are_added_changed_and_taken_out(cv: Page) -> None:
    read(cv)
    field(cv, "work").get_by_role("button", name="Remove this row: Work, row 2").click()
    expect(field(cv, "work").locator("tbody tr")).to_have_count(2)
    expect(cv.locator(".sf-json-code")).not_to_contain_text("Corrib")
    cell(cv, "work", 0, "company").focus()
    expect(marked(cv)).to_have_text(["Claddagh Riding School"])

    field(cv, "work").get_by_role("button", name="Add a row: Work").click()
    cv.keyboard.type("Vet")
    cv.keyboard.press("Tab")
    cv.keyboard.type("Sligo Zoo")
    cv.keyboard.press("Tab")
    cv.keyboard.type("3 May 2024")
    cv.keyboard.press("Tab")
    cv.keyboard.type("June 2025")
    expect(cell(cv, "work", 2, "endDate")).to_be_focused()
    cv.keyboard.press("Shift+Tab")
    expect(cell(cv, "work", 2, "startDate")).to_have_value("2024-05-03", timeout=60_000)
    expect(cell(cv, "work", 2, "startDate")).to_be_focused()
    expect(cv.locator(".sf-json-code")).to_contain_text("Vet, Sligo Zoo, 2024-05-03 – 2025-06")

    cell(cv, "work", 2, "endDate").fill("one day")
    cell(cv, "work", 2, "endDate").press("Tab")
    expect(field(cv, "work").locator(".sf-problem")).to_contain_text("not a date")
    expect(cv.locator("#resume-json .sf-problem")).to_contain_text("Left out until corrected: Work")
    expect(cv.locator("#resume-approve")).to_be_disabled()


def test_what_is_no_resume_is_refused_and_read_when_asked(cv: Page) -> None:
    cv.locator("#resume-text textarea").fill(LETTER)
    cv.locator("#resume-read").click()
    expect(status(cv)).to_contain_text("does not look like a resume")
    cv.locator("#resume-force").click()
    expect(status(cv)).to_contain_text("Read in")
    expect(field(cv, "name").locator("input")).to_have_value("Ben Aqua")
    expect(cv.locator("#resume-force")).to_be_hidden()


def test_another_resume_starts_afresh_and_the_same_one_keeps_what_was_typed(cv: Page) -> None:
    read(cv)
    field(cv, "location").locator("input").fill("Clifden")
    read(cv)
    expect(field(cv, "location").locator("input")).to_have_value("Clifden")
    read(cv, BEN)
    expect(field(cv, "name").locator("input")).to_have_value("Ben Aqua")
    expect(field(cv, "location").locator("input")).to_have_value("Boston")
    expect(field(cv, "work").locator("tbody tr")).to_have_count(2)


def test_one_file_is_shown_a_scan_is_explained_and_dictation_is_added(cv: Page) -> None:
    give(cv, {"scan.pdf": pdf(scan)})
    expect(status(cv).locator('[data-kind="problem"]')).to_contain_text("text", timeout=30_000)
    expect(cv.locator("#resume-text textarea")).to_have_value(EXAMPLE)
    give(cv, {"ben.txt": BEN.encode()})
    expect(status(cv)).to_contain_text("Read in", timeout=30_000)
    expect(cv.locator("#resume-text textarea")).to_have_value(BEN)
    expect(cv.locator("#resume-table")).to_be_hidden()
    cv.locator("#resume-microphone .record-button").click()
    cv.wait_for_timeout(600)
    cv.locator("#resume-microphone .stop-button").click()
    said = f"{BEN}\nPlease call me on 0770 900 142."
    expect(cv.locator("#resume-text textarea")).to_have_value(said, timeout=30_000)


# ---- many ------------------------------------------------------------------------------------


def rows(page: Page) -> Locator:
    return page.locator("#resume-table tbody tr")


def done(page: Page) -> None:
    expect(page.locator("#resume-many-status")).to_contain_text("Done.", timeout=30_000)


def archive(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        for name, data in files.items():
            packed.writestr(name, data)
    return out.getvalue()


def test_many_files_become_a_table_to_filter_open_correct_and_take_away(cv: Page) -> None:
    cv.get_by_role("radio", name="JSON Resume").check()
    give(cv, {"ben.txt": BEN.encode(), "bad.png": b"\x89PNG\r\n\x1a\n", "maren.txt": EXAMPLE.encode()})
    done(cv)
    expect(rows(cv)).to_have_count(3)
    expect(rows(cv).nth(0)).to_contain_text("Goldfish Breeder, Aqua Garden")
    expect(rows(cv).nth(1)).to_contain_text("picture")
    cv.locator("#resume-filter").fill("dentistry galway")
    expect(cv.locator("#resume-table .sf-count")).to_have_text("0 of 3 shown")
    cv.locator("#resume-filter").fill("DENTISTRY oldfield")
    expect(rows(cv).locator("visible=true")).to_contain_text(["MAREN OLDFIELD"])

    cv.get_by_role("button", name="Open maren.txt").click()
    expect(field(cv, "name").locator("input")).to_have_value("MAREN OLDFIELD")
    expect(cv.locator("#resume-text textarea")).to_have_value(EXAMPLE)
    field(cv, "name").locator("input").fill("Maren Oldfield")
    expect(cv.locator(".sf-json-code")).to_contain_text("Maren Oldfield")
    approve(cv)
    expect(rows(cv).nth(2)).to_contain_text("approved")
    expect(rows(cv).nth(2)).to_contain_text("Maren Oldfield")

    expect(cv.locator("#resume-csv")).to_be_disabled()
    cv.locator("#resume-approve-all").click()
    lines = [json.loads(line) for line in downloaded(cv, "#resume-jsonl").splitlines()]
    assert [line["file"] for line in lines] == ["ben.txt", "bad.png", "maren.txt"]
    assert lines[2]["json"]["basics"]["name"] == "Maren Oldfield" and "error" in lines[1]
    table = list(csv.DictReader(io.StringIO(downloaded(cv, "#resume-csv").decode("utf-8-sig"))))
    assert [row["name"] for row in table] == ["Ben Aqua", "", "Maren Oldfield"]
    with zipfile.ZipFile(io.BytesIO(downloaded(cv, "#resume-zip"))) as packed:
        assert [name.split(".")[0] for name in packed.namelist()] == ["ben", "maren"]
        assert json.loads(packed.read(packed.namelist()[0]))["work"][0]["name"] == "Aqua Garden"


def test_ten_common_layouts_go_through_together(cv: Page, engine: ScriptedEngine) -> None:
    engine.pause = 0
    try:
        give(cv, {"layouts.zip": archive({name: make() for name, make in LAYOUTS.items()})})
        expect(cv.locator("#resume-many-status")).to_contain_text("Resumes read: 10.", timeout=120_000)
    finally:
        engine.pause = 0.03
    said = [
        "Raymond Voss",
        "ray.voss@tubes.example",
        "Television Repair Technician, Volt & Sons",
        "oscilloscopes",
    ]
    for name in LAYOUTS:
        line = rows(cv).filter(has=cv.get_by_role("button", name=f"Open {name}"))
        for text in said:
            expect(line).to_contain_text(text)
    cv.locator("#resume-approve-all").click()
    taken = [json.loads(line) for line in downloaded(cv, "#resume-jsonl").splitlines()]
    assert [line["json"]["resumes"][0]["name"] for line in taken] == ["Raymond Voss"] * len(LAYOUTS)


def test_a_refused_row_of_an_archive_is_read_all_the_same(cv: Page) -> None:
    give(cv, {"cvs.zip": archive({"a/letter.txt": LETTER.encode(), "b/ben.txt": BEN.encode()})})
    done(cv)
    expect(rows(cv).nth(0)).to_contain_text("no resume")
    cv.get_by_role("button", name="Open a/letter.txt").click()
    expect(cv.locator("#resume-text textarea")).to_have_value(LETTER)
    cv.locator("#resume-force").click()
    expect(status(cv)).to_contain_text("Read in")
    approve(cv)
    expect(rows(cv).nth(0)).to_contain_text("approved")
    expect(rows(cv).nth(0)).to_contain_text("Ben Aqua")


def test_the_table_fills_while_it_runs_and_cancel_keeps_it(cv: Page, engine: ScriptedEngine) -> None:
    engine.pause = 0.1
    try:
        give(cv, {f"cv{n}.txt": f"{BEN}\nNumber {n}".encode() for n in range(6)})
        expect(rows(cv).first).to_be_visible(timeout=30_000)
        expect(cv.locator("#resume-many-status progress")).to_be_visible()
        expect(cv.locator("#resume-approve-all")).to_be_disabled()
        cv.locator("#resume-many-cancel").click()
        expect(cv.locator("#resume-many-status")).to_contain_text("Cancelled", timeout=20_000)
    finally:
        engine.pause = 0.03
    assert 0 < rows(cv).count() < 6
    expect(cv.locator("#resume-approve-all")).to_be_enabled()


# ---- everybody can use it --------------------------------------------------------------------

WRITTEN = (
    ".sf-json p, .sf-json-code, .sf-json-code mark, .sf-table p, .sf-table td, .sf-table th,"
    ".sf-table .sf-link,"
    ".sf-rows input, .sf-rows th, .sf-fine p, .sf-table .sf-chip, #resume-approve-all"
)


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 390)])
def test_everybody_can_read_and_reach_it(open_page: OpenPage, scheme: str, width: int) -> None:
    page = to_resumes(
        open_page(color_scheme=scheme, reduced_motion="reduce", viewport={"width": width, "height": 844})
    )
    read(page)
    give(page, {"ben.txt": BEN.encode(), "bad.png": b"\x89PNG\r\n\x1a\n", "letter.txt": LETTER.encode()})
    done(page)
    approve(page)
    expect(rows(page)).to_have_count(3)
    assert faint(page, WRITTEN) == []
    assert nameless(page) == []
    assert sticking_out(page, width) == []


def test_the_tab_speaks_italian(open_page: OpenPage) -> None:
    page = to_resumes(open_page(locale="it-IT"))
    expect(field(page, "work").locator(".sf-label")).to_have_text("Lavoro")
    page.locator("#resume-read").click()
    expect(status(page)).to_contain_text("Letto in", timeout=30_000)
    expect(cell(page, "work", 0, "position")).to_have_attribute("aria-label", "Mansione, riga 1")
    expect(page.locator("#resume-approve")).to_have_text("Approva")
