"""Where the rows of a group stand: records told by empty lines, lines and sentences."""

from __future__ import annotations

import pytest

from smartform.periods import periods
from smartform.records import headings, records
from smartform.results import Span


def place(text: str, name: str) -> Span:
    start = text.index(name)
    return Span(start, start + len(name))


def cut(text: str, *names: str) -> list[str]:
    """The stretches of the rows so named."""
    return [text[s.start : s.end] for s in records([place(text, name) for name in names], text) if s]


def over(text: str, *names: str) -> list[list[str]]:
    """What stands over the rows so named."""
    places = [place(text, name) for name in names]
    dates = [period.span for period in periods(text, ("en",))]
    found = headings(places, records(places, text), text, dates)
    return [[text[part.start : part.end].strip() for part in parts] for parts in found]


LINES = """Jobs
2019 - now     Foreman, Ridley Stone
2015 - 2019    Mason, Harbour Works
2012 - 2015    Apprentice, Ridley Stone

School
Ridley College"""


def test_a_line_for_each_record() -> None:
    assert cut(LINES, "Foreman", "Mason", "Apprentice") == [
        "2019 - now     Foreman, Ridley Stone\n",
        "2015 - 2019    Mason, Harbour Works\n",
        "2012 - 2015    Apprentice, Ridley Stone",
    ]


def test_empty_lines_tell_records_of_several_lines() -> None:
    text = "JOBS\n\nRidley\nForeman\n2019 - now\n \nHarbour Works\nMason\n2015 - 2019\n\nSCHOOL\nOld College"
    first, second = cut(text, "Foreman", "Mason")
    assert first.split() == ["Ridley", "Foreman", "2019", "-", "now"]
    assert second.split() == ["Harbour", "Works", "Mason", "2015", "-", "2019"]


def test_the_end_of_an_indent_begins_a_record_where_lines_are_full() -> None:
    text = (
        "School\nRidley College\n\nJobs\n2019 - now    Foreman, Ridley Stone\n"
        "  A yard of fourteen people, three lorries and a saw.\n2015 - 2019   Mason, Harbour Works\n"
        "  Lettering; lime; cathedral work in winter months.\n2012 - 2015   Apprentice, Ridley Stone"
    )
    stretches = cut(text, "Foreman", "Mason", "Apprentice")
    assert [stretch.split()[0] for stretch in stretches] == ["2019", "2015", "2012"]


def test_sentences_tell_records_of_one_paragraph_and_a_broken_line_does_not() -> None:
    text = (
        "I have been a foreman at Ridley Stone since the spring of 2019. Before that I was a mason with\n"
        "Harbour Works from 2015 to 2019, and before that I was an apprentice again at Ridley Stone."
    )
    first, second, third = cut(text, "foreman", "mason", "apprentice")
    assert first == "I have been a foreman at Ridley Stone since the spring of 2019. "
    assert second.startswith("Before that") and "Harbour Works" in second
    assert "Harbour Works" in third, "two names in one sentence: what lies between may belong to either"


def test_names_alone_on_their_lines_share_what_lies_between() -> None:
    text = "Jobs:\nForeman\nRidley Stone, 2019\nMason\nHarbour Works, 2015"
    first, second = cut(text, "Foreman", "Mason")
    assert "Ridley Stone" in first and "Ridley Stone" in second
    assert "Harbour Works" not in first and "Harbour Works" in second


def test_rows_in_any_order_and_names_without_a_place() -> None:
    names = [place(LINES, "Mason"), None, place(LINES, "Foreman"), place(LINES, "Mason")]
    mason, nowhere, foreman, again = records(names, LINES)
    assert nowhere is None and mason == again
    assert foreman and mason and foreman.end <= mason.start


@pytest.mark.parametrize("text", ["Mason", "\n\nMason\n\n", "• Mason", "Mason\n"])
def test_one_name_and_hardly_any_text(text: str) -> None:
    assert "Mason" in cut(text, "Mason")[0]


def test_no_names() -> None:
    assert records([], LINES) == []
    assert records([None], LINES) == [None]


def test_rows_under_the_heading_of_the_row_before() -> None:
    text = (
        "JOBS I HAD\n\nPalm Hotel, a house of four hundred rooms and six kitchens\nHousekeeper, from 2020\n"
        "Supervisor, 2017 - 2020\n\nLagoon Resort\nAttendant, 2011 - 2013\n2009 - 2011  Laundry hand\n"
    )
    names = ("Housekeeper", "Supervisor", "Attendant", "Laundry hand")
    palm = "Palm Hotel, a house of four hundred rooms and six kitchens"
    assert over(text, *names) == [[], [palm], [], ["Lagoon Resort"]], "dates are no heading"
    assert over(LINES, "Foreman", "Mason") == [[], []]


def test_a_heading_may_have_dates_of_its_own() -> None:
    text = (
        "JOBS\n\nHarbour Trust (Jan 2019 - until now)\nSenior nurse (2022 - now)\nNurse, 2019 - 2022\n\n"
        "Lane House, since 2011\nCleaner (2011)\nPorter (2010)\n\n2008 until 2009\nDriver\nSailor (2007)\n"
    )
    names = ("Senior nurse", "Nurse,", "Cleaner", "Porter", "Driver", "Sailor")
    trust, lane = "Harbour Trust (Jan 2019 - until now)", "Lane House, since 2011"
    assert over(text, *names) == [[], [trust], [], [lane], [lane], [lane]], "dates alone are no heading"


def test_rows_indented_under_a_heading() -> None:
    text = (
        "Lionrock Bank\nFull-time, 8 years\n\n    Head\n    2023 - now\n\n    Analyst\n    2016 - 2020\n\n"
        "Banyan Advisory\n\n    Clerk\n    2014 - 2016\n"
    )
    names = ("Head", "Analyst", "Clerk")
    assert over(text, *names) == [[], ["Lionrock Bank\nFull-time, 8 years"], []]
    head, analyst, clerk = cut(text, *names)
    assert head.startswith("Lionrock") and clerk.startswith("Banyan") and "Banyan" not in analyst


def test_short_paragraphs_between_rows_may_be_headings() -> None:
    text = (
        "JOBS\n\nCartwright Group\n\nSound engineer, 2017\n\nBreeder, 2014\n\nKept the books\n\n"
        "Beverley Council\n\nOfficer, 2012\n\n"
        "Was on duty by night,\nby day, in winter\nand in summer\n\nPorter, 2010\n"
    )
    assert over(text, "Sound engineer", "Breeder", "Officer", "Porter") == [
        ["Cartwright Group"], ["Cartwright Group"], ["Beverley Council", "Cartwright Group"],
        ["Beverley Council", "Cartwright Group"],
    ]  # fmt: skip


def test_two_names_in_one_sentence_stand_under_nothing() -> None:
    text = "Ridley Stone\n\nI was a mason and an apprentice in 2019."
    assert over(text, "mason", "apprentice")[1] == []
