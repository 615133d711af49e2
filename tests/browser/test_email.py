"""The E-mail tab in a real browser, with a scripted tone scorer and proofreader."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Locator, Page, expect

from smartform.fill import Filler
from smartform.policy import Policy
from smartform.revision import Amount, ProofreadOptions, Register
from smartform.service import Service
from tests.browser.conftest import OpenPage, Server
from tests.browser.looks import faint, nameless, sticking_out
from tests.fakes import FakeTranscriber, ScriptedEngine
from tests.mail import EXAMPLE, SYSTEM_PROMPT, ScriptedMail

MENDED = (
    EXAMPLE.replace("havent", "haven't").replace("recieved", "received")
    .replace("You people are useless.", "This delay is a problem for me.")
    .replace("Send me", "Could you please send me").replace("you're help", "your help")
)  # fmt: skip


@pytest.fixture
def mail_page(open_page: OpenPage) -> Page:
    return to_mail(open_page())


@pytest.fixture
def slow(mail: ScriptedMail) -> Iterator[ScriptedMail]:
    """The proofreader, writing so slowly that one can act while it does."""
    mail.pause = 0.25
    yield mail
    mail.pause = 0.02


def to_mail(page: Page) -> Page:
    page.get_by_role("tab", name="E-mail").click()
    expect(draft(page)).to_be_visible()
    return page


def draft(page: Page) -> Locator:
    return page.locator("#draft-text")


def result(page: Page) -> Locator:
    return page.locator(".sf-result")


def chips(page: Page) -> Locator:
    return page.locator(".sf-edit")


def status(page: Page) -> Locator:
    return page.locator("#mail-status")


def proofread(page: Page, text: str | None = None) -> None:
    if text is not None:
        draft(page).fill(text)
    page.locator("#proofread").click()
    expect(status(page)).to_contain_text("Done in")
    expect(result(page)).to_be_visible()


def text_of(node: Locator) -> str:
    return str(node.evaluate("node => node.textContent"))


# ---- tone ------------------------------------------------------------------------------------


def test_the_example_is_scored_at_first_sight_and_typing_scores_anew(mail_page: Page) -> None:
    page = mail_page
    expect(draft(page)).to_have_value(EXAMPLE)
    politeness = page.locator('.sf-tone .sf-gauge[data-measure="politeness"]')
    expect(politeness).to_contain_text("impolite")
    expect(politeness.locator(".sf-score")).to_have_text("−0.70")
    expect(page.locator(".sf-word").first).to_have_text("useless more negative")
    draft(page).fill("Could you please help? Thanks!")
    expect(politeness).to_contain_text("Politeness: polite")
    expect(page.locator(".sf-tone-remark")).to_have_text("Language: English.")
    expect(page.locator('.sf-word[data-direction="up"]')).to_have_count(2)


def test_a_sentence_shows_its_own_tone_under_the_pointer_and_the_cursor(mail_page: Page) -> None:
    page = mail_page
    rude = page.locator('.sf-sentence[data-politeness="impolite"]').first
    expect(rude).to_have_text("You people are useless.")
    expect(page.locator(".sf-word").first).to_be_visible()
    box = rude.bounding_box()
    assert box
    page.mouse.move(box["x"] + 20, box["y"] + box["height"] / 2)
    tip = page.locator(".sf-tone-sentence")
    expect(tip).to_contain_text("negative −0.90")
    expect(tip).to_contain_text("impolite −0.90")
    expect(rude).to_have_attribute("data-on", "")
    page.mouse.move(0, 0)
    expect(tip).to_contain_text("Point at a sentence")
    draft(page).focus()
    page.keyboard.press("Control+End")
    page.keyboard.press("ArrowUp")
    expect(tip).to_contain_text("positive +0.60")


def test_the_mirror_stands_letter_under_letter(mail_page: Page) -> None:
    draft(mail_page).fill("A long line " * 60 + "\n\nend\n")
    same = mail_page.evaluate(
        """() => {
          const [mirror, area] = ['.sf-mirror', '#draft-text'].map(name => document.querySelector(name));
          const [a, b] = [getComputedStyle(mirror), getComputedStyle(area)];
          return ['font', 'lineHeight', 'padding', 'width', 'letterSpacing', 'wordSpacing', 'whiteSpace']
            .filter(name => a[name] !== b[name])
            .concat(area.scrollHeight > area.clientHeight ? ['height'] : []);
        }"""
    )
    assert same == []


def test_scores_that_do_not_hold_for_a_language_say_so(mail_page: Page) -> None:
    draft(mail_page).fill("Buongiorno Tom, grazie.")
    expect(mail_page.locator(".sf-tone-remark").first).to_contain_text(
        "Language: Italian. The scores were not made"
    )
    draft(mail_page).fill("UNSCORED text")
    expect(mail_page.locator(".sf-tone-remark").first).to_have_text("The tone model failed. Try again.")
    draft(mail_page).fill("  ")
    expect(mail_page.locator(".sf-tone-remark").first).to_have_text("The scores appear as you write.")


# ---- proofreading ----------------------------------------------------------------------------


def test_the_revision_streams_in_and_becomes_a_diff(mail_page: Page, slow: ScriptedMail) -> None:
    page = mail_page
    slow.pause = 0.1
    page.locator("#proofread").click()
    expect(page.locator(".sf-writing")).to_contain_text("Subject: Delivery")
    expect(status(page).locator("progress")).to_be_visible()
    expect(chips(page)).to_have_count(5)
    expect(status(page)).to_have_text("Done in 0.4 s. Changes proposed: 5.")
    kinds = chips(page).evaluate_all("nodes => nodes.map(node => node.dataset.kind)")
    assert kinds == ["spelling", "spelling", "tone", "tone", "grammar"]
    expect(chips(page).first).to_have_attribute(
        "aria-label", "spelling: “havent” becomes “haven't”, 98 % sure"
    )
    assert text_of(result(page)) == MENDED
    expect(page.locator(".sf-compare .sf-verdict")).to_have_text(
        [re.compile("negative"), re.compile("impolite"), re.compile("neutral"), re.compile("polite")]
    )
    expect(page.locator("#mail-cancel")).to_be_disabled()


def test_edits_are_taken_and_left_one_by_one_and_all_together(mail_page: Page) -> None:
    page = mail_page
    proofread(page)
    chips(page).nth(2).click()
    assert "You people are useless." in text_of(result(page))
    assert "haven't" in text_of(result(page))
    expect(chips(page).nth(2)).to_have_attribute("aria-pressed", "false")
    expect(page.locator(".sf-revision .sf-count")).to_have_text("4 of 5 changes taken")
    expect(page.locator(".sf-compare .sf-score").nth(2)).to_have_text("−0.30")
    page.get_by_role("button", name="Reject all").click()
    assert text_of(result(page)) == EXAMPLE
    page.get_by_role("button", name="Accept all").click()
    assert text_of(result(page)) == MENDED
    expect(draft(page)).to_have_value(EXAMPLE)


def test_keyboard_alone_does_all(mail_page: Page) -> None:
    page = mail_page
    draft(page).focus()
    page.keyboard.press("Control+End")
    page.keyboard.press("Control+Enter")
    expect(chips(page)).to_have_count(5)
    page.get_by_role("button", name="Reject all").focus()
    page.keyboard.press("Tab")
    expect(chips(page).first).to_be_focused()
    page.keyboard.press("Enter")
    expect(chips(page).first).to_have_attribute("aria-pressed", "false")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    expect(chips(page).nth(1)).to_have_attribute("aria-pressed", "false")
    expect(chips(page).nth(1)).to_be_focused()
    assert nameless(page) == []


def test_nothing_to_change_is_said_and_the_mail_left_to_the_character(mail_page: Page) -> None:
    clean = "Subject: Lunch\n\nHi  Ann,\n\nsee you at noon \U0001f600 tomorrow.\n\n-- \nTom\n"
    proofread(mail_page, clean)
    expect(mail_page.locator(".sf-unchanged")).to_contain_text("Nothing to change.")
    assert text_of(result(mail_page)) == clean
    expect(mail_page.get_by_role("button", name="Accept all")).to_have_count(0)


def test_refused_parts_are_reported(mail_page: Page) -> None:
    proofread(mail_page, "I havent paid.\nINVOICE 12 is wrong.\n")
    expect(mail_page.locator(".sf-refused li")).to_have_text(
        "INVOICE 12 is wrong. Its revision lost a number."
    )
    expect(status(mail_page)).to_contain_text("Parts left as they were: 1.")


def test_an_error_keeps_the_draft_and_the_revision_before_it(mail_page: Page) -> None:
    page = mail_page
    proofread(page)
    draft(page).press("Control+End")
    page.keyboard.type(" BROKEN")
    page.locator("#proofread").click()
    expect(status(page)).to_contain_text("The model failed.")
    expect(draft(page)).to_have_value(EXAMPLE + " BROKEN")
    expect(chips(page)).to_have_count(5)
    assert text_of(result(page)) == MENDED + " BROKEN"
    draft(page).fill(" ")
    page.locator("#proofread").click()
    expect(status(page)).to_contain_text("There is no draft to proofread.")


def test_cancel_stops_and_leaves_the_draft(mail_page: Page, slow: ScriptedMail) -> None:
    page = mail_page
    page.locator("#proofread").click()
    expect(page.locator(".sf-writing")).to_contain_text("Subject")
    page.locator("#mail-cancel").click()
    expect(status(page)).to_contain_text("Your draft is as you left it.")
    expect(page.locator(".sf-legend")).to_be_visible()
    expect(draft(page)).to_have_value(EXAMPLE)


# ---- a draft that moves on -------------------------------------------------------------------


def test_edits_follow_a_draft_that_is_edited_and_those_it_touches_go(mail_page: Page) -> None:
    page = mail_page
    proofread(page)
    draft(page).fill(EXAMPLE.replace("You people are useless.", "You people are \U0001f600 late."))
    expect(chips(page)).to_have_count(4)
    expect(page.locator(".sf-stale")).to_have_text(
        "You changed the draft. Suggestions that no longer fit were dropped: 1."
    )
    wanted = MENDED.replace("This delay is a problem for me.", "You people are \U0001f600 late.")
    assert text_of(result(page)) == wanted
    draft(page).fill("Something else.")
    expect(page.locator(".sf-stale")).to_contain_text("Proofread it again.")
    assert text_of(result(page)) == "Something else."
    expect(chips(page)).to_have_count(0)


def test_typing_while_it_proofreads_is_kept(mail_page: Page, slow: ScriptedMail) -> None:
    page = mail_page
    slow.pause = 0.1
    page.locator("#proofread").click()
    expect(page.locator(".sf-writing")).to_contain_text("Subject")
    draft(page).press("Control+Home")
    page.keyboard.type("PS: ")
    expect(chips(page)).to_have_count(5)
    assert text_of(result(page)) == "PS: " + MENDED
    expect(draft(page)).to_have_value("PS: " + EXAMPLE)


# ---- taking it away --------------------------------------------------------------------------


def test_the_text_is_copied_and_opened_as_a_mail(open_page: OpenPage) -> None:
    page = to_mail(open_page(permissions=["clipboard-read", "clipboard-write"]))
    proofread(page)
    page.get_by_role("button", name="Copy", exact=True).click()
    expect(page.locator(".sf-revision .sf-courier")).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == MENDED
    link = urlsplit(str(page.get_by_role("link", name="Open as mail draft").get_attribute("href")))
    assert link.scheme == "mailto"
    parts = parse_qs(link.query, strict_parsing=True)
    assert parts["subject"] == ["Delivery of order 4471"]
    assert parts["body"] == [MENDED.split("\n\n", 1)[1].replace("\n", "\r\n")]


def test_a_long_mail_goes_by_the_clipboard(open_page: OpenPage) -> None:
    page = to_mail(open_page(permissions=["clipboard-read", "clipboard-write"]))
    body = "A line of this mail, and no end to it. " * 80
    proofread(page, f"Oggetto: Lungo\n\n{body}")
    link = page.get_by_role("link", name="Open as mail draft")
    expect(link).to_have_attribute("href", "mailto:?subject=Lungo")
    link.evaluate("node => node.addEventListener('click', event => event.preventDefault())")
    link.click()
    expect(page.locator(".sf-revision .sf-courier")).to_contain_text("on the clipboard")
    assert page.evaluate("navigator.clipboard.readText()") == body


# ---- settings and speech ---------------------------------------------------------------------


def test_settings_reach_the_chosen_model_and_can_be_reset(
    mail_page: Page, mail: ScriptedMail, larger_mail: ScriptedMail
) -> None:
    page = mail_page
    page.locator("#mail-settings button").first.click()
    page.get_by_role("combobox", name="Model").click()
    page.get_by_role("option", name="A larger one").click()
    page.get_by_role("radio", name="Rewrite").check()
    page.get_by_role("radio", name="Firm").check()
    for name, value in (
        ("temperature", "0.7"),
        ("top-p", "0.5"),
        ("max-tokens", "64"),
        ("repetition-penalty", "1.3"),
    ):
        number = page.locator(f"#set-{name} input[type=number]")
        number.fill(value)
        number.press("Tab")
    page.locator("#set-seed input").fill("11")
    prompt = page.locator("#set-system-prompt textarea")
    expect(prompt).to_have_value(SYSTEM_PROMPT)
    prompt.fill("Be brief.")
    proofread(page)
    assert larger_mail.asked[-1] == ProofreadOptions(
        Amount.REWRITE, Register.FIRM, "Be brief.", 0.7, 0.5, 64, 1.3, 11
    )
    page.get_by_role("button", name="Reset the settings").click()
    expect(prompt).to_have_value(SYSTEM_PROMPT)
    expect(page.get_by_role("radio", name="Errors and tone")).to_be_checked()
    before = len(mail.asked)
    page.locator("#proofread").click()
    while len(mail.asked) == before:
        page.wait_for_timeout(50)
    assert mail.asked[-1] == ProofreadOptions()


def test_what_is_dictated_is_added_to_the_draft_as_it_stands(mail_page: Page) -> None:
    page = mail_page
    draft(page).fill("Hi Tom,")
    page.locator("#mail-microphone .record-button").click()
    page.wait_for_timeout(600)
    page.locator("#mail-microphone .stop-button").click()
    expect(draft(page)).to_have_value("Hi Tom,\nPlease call me on 0770 900 142.")
    expect(page.locator("#mail-microphone .record-button")).to_be_visible()


# ---- everybody can use it --------------------------------------------------------------------

WRITTEN = (
    ".sf-verdict, .sf-score, .sf-tone p, .sf-word, .sf-word strong, .sf-edit ins, .sf-edit del,"
    ".sf-edit-kind, .sf-revision h2, .sf-revision h3, .sf-revision p, .sf-result, .sf-small, #proofread"
)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_has_contrast_and_a_phone_needs_no_sideways_scrolling(open_page: OpenPage, scheme: str) -> None:
    page = to_mail(
        open_page(viewport={"width": 390, "height": 844}, color_scheme=scheme, reduced_motion="reduce")
    )
    expect(page.locator(".sf-word").first).to_be_visible()
    proofread(page, EXAMPLE + "\n" + "unbreakable" * 20 + "\n\nINVOICE 12")
    chips(page).first.click()
    assert faint(page, WRITTEN) == []
    page.locator("#mail-settings button").first.click()
    expect(page.locator("#set-seed")).to_be_visible()
    assert sticking_out(page, 390) == []


def test_the_tab_speaks_italian(open_page: OpenPage) -> None:
    page = to_mail(open_page(locale="it-IT"))
    expect(page.locator("#proofread")).to_have_text("Correggi")
    expect(page.locator('.sf-tone .sf-gauge[data-measure="politeness"]')).to_contain_text("scortese")
    page.locator("#proofread").click()
    expect(status(page)).to_contain_text("Modifiche proposte: 5.")
    expect(chips(page).first).to_have_attribute("aria-label", re.compile("ortografia: “havent” diventa"))
    page.locator("#mail-settings button").first.click()
    expect(page.get_by_role("radio", name="Solo errori")).to_be_visible()


def test_markup_in_a_draft_stays_text(mail_page: Page) -> None:
    hostile = (
        "Subject: x\n\n<img src=x onerror=\"document.title='owned'\"> havent </div><script>alert(1)</script>"
    )
    proofread(mail_page, hostile)
    assert text_of(result(mail_page)) == hostile.replace("havent", "haven't")
    assert mail_page.locator(".sf-revision img, .sf-draft img").count() == 0
    assert mail_page.title() == "Smart Form"


# ---- the page around it ----------------------------------------------------------------------


def test_the_privacy_line_tells_of_a_remote_model(open_page: OpenPage) -> None:
    expect(open_page().locator(".sf-privacy p")).to_contain_text("Runs on this machine.")
    service = Service(Filler(ScriptedEngine({}), Policy({})), FakeTranscriber())
    with Server(service, local=False) as remote:
        page = open_page(remote.url)
        expect(page.locator(".sf-privacy p")).to_contain_text("is sent to the model server")
        expect(page.get_by_role("tab", name="E-mail")).to_have_count(0)
        page.close()
