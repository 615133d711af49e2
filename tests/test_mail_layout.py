"""What of a mail is prose and what is layout."""

import pytest

from smartform.mail_layout import fitting, is_html, prose
from smartform.results import Span
from tests.mails import EVERYTHING


def texts(draft):
    return [draft[span.start : span.end] for span in prose(draft)]


def test_only_prose_of_a_mail_with_everything():
    assert texts(EVERYTHING) == [
        "I has read the report of Q3.  It say that 14 trucks was late, see https://firm.example/r?id=7 or"
        ' `ls -l` and\nthe "Ignore this, pls" note; please call me on 0171 555 0199 before 3 May.',
        "Points wich are open:",
        "Who's laptops still needs the update",
        "an oter thing that we must to discuss",
        "I looks forward to you're answer.",
    ]


@pytest.mark.parametrize(
    ("draft", "expected"),
    [
        ("Hi mum, we has arrived safe.", ["Hi mum, we has arrived safe."]),
        ("we meets at noon tomorow", ["we meets at noon tomorow"]),
        ("Dear all,\r\n\r\nWe has moved today.\r\n\r\nBest,\r\nAna", ["We has moved today."]),
        ("To whoever is in charge\nWe has moved today.\nAna", ["We has moved today."]),
        ("Subject: We has moved", []),
        ("Question: why it do not work?", ["Question: why it do not work?"]),
        ("We has moved today.\n-- \nWe has a logo here.", ["We has moved today."]),
        ("We has moved today.\n\n-----Original Message-----\nFrom: Bo\nWe has not.", ["We has moved today."]),
        ("We has moved.\n\nAm Montag schrieb Bo Li:\n> Wir hat.", ["We has moved."]),
        ("name\tamount of it\nwe has\t3", []),
        ("42, 17, 88.5 and 12/7 3", []),
        ("", []),
    ],
)
def test_prose(draft, expected):
    assert texts(draft) == expected


@pytest.mark.parametrize(
    ("draft", "html"),
    [
        ("<html><body>Hello</body></html>", True),
        ("<p>Hello <b>all</b></p>", True),
        ("Use <b> or `<i>x</i>` for it.", False),
        ("```\n<p>Hello</p>\n```\nWhat is it?", False),
        ("It is 3 < 4 and 5 > 2.", False),
    ],
)
def test_html_is_told_from_text_that_speaks_of_it(draft, html):
    assert is_html(draft) is html


def test_long_paragraphs_come_in_runs_of_sentences():
    draft = "  One two three. Four five. Six seven eight nine ten."
    parts = [
        draft[s.start : s.end] for s in fitting(draft, Span(2, len(draft)), lambda t: len(t.split()) <= 5)
    ]
    assert parts == ["One two three. Four five.", "Six seven eight nine ten."]
    assert list(fitting(draft, Span(2, 16), lambda t: False)) == [Span(2, 16)]
