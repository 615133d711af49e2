"""Facts of a mail, and what of them may change."""

import pytest

from smartform.protect import Fact, Protected, invented, lost, names_of, protected
from smartform.results import Span


@pytest.mark.parametrize(
    ("text", "fact", "piece"),
    [
        ("see https://firm.example/a?b=1, please", Fact.LINK, "https://firm.example/a?b=1"),
        ("it is at www.firm.com now", Fact.LINK, "www.firm.com"),
        ("write to ana.lopez@firm.example soon", Fact.ADDRESS, "ana.lopez@firm.example"),
        ("call me on 0171 555 0199 today", Fact.PHONE, "0171 555 0199"),
        ("run `ls -l` first", Fact.CODE, "`ls -l`"),
        ("set max_tokens to more", Fact.CODE, "max_tokens"),
        ('he said "no way, never" to me', Fact.QUOTE, '"no way, never"'),
        ("that is £389 too much", Fact.NUMBER, "389"),
        ("that is £389 too much", Fact.NUMBER, "£"),
        ("invoice INV-5561 is due", Fact.NUMBER, "INV-5561"),
        ("we waited fourteen hours", Fact.NUMBER, "fourteen"),
        ("we met in 3 of May", Fact.MOMENT, "May"),
        ("come by saturday then", Fact.MOMENT, "saturday"),
        ("at half past six sharp", Fact.MOMENT, "past"),
        ("I spoke to Ionescu about it", Fact.NAME, "Ionescu"),
        ("I spoke to Mr. Ionescu about it", Fact.NAME, "Ionescu"),
        ("send my iPhone back", Fact.NAME, "iPhone"),
        ("ask for Ann’s key in block A today", Fact.NAME, "A"),
        ("we pay the VAT in Oslo", Fact.NAME, "VAT"),
        ("Nine days is too long", Fact.NUMBER, "Nine"),
        ("dial one double four nine", Fact.NUMBER, "double"),
        ("I have asked twice", Fact.NUMBER, "twice"),
    ],
)
def test_each_kind(text, fact, piece):
    assert (fact, piece) in [(p.fact, text[p.span.start : p.span.end]) for p in protected(text)]


@pytest.mark.parametrize(
    "text",
    [
        "Please do it again.",
        "It was NEVER so. We waited.",
        'You are so "clever" here.',
        "No one came on Wensday.",
        "I think that I may go.",
        "Oh great, it is lost.",
        "A person came. Once it was here. Both came. One of us saw it.",
        "Please double check every single box.",
        "You said 'no'. Nice. He said ‘later.’ Fine.",
        "THIS IS A JOKE. I WANT MY MONEY NOW.",
    ],
)
def test_ordinary_words_are_no_facts(text):
    assert protected(text) == ()


def test_a_name_is_one_at_the_start_of_a_sentence_too():
    names = names_of("I met Stuart. Please ask.")
    assert names == {"Stuart"}
    assert names_of("Hi Bo\nApparently it is so\n\nRegards") == {"Bo"}
    assert [p.key for p in protected("Stuart was late.", names)] == ["Stuart"]


@pytest.mark.parametrize(
    ("fact", "before", "after", "gone"),
    [
        (Fact.NUMBER, "28", "the 28th", False),
        (Fact.NUMBER, "28", "29", True),
        (Fact.MOMENT, "mondays", "Monday's", False),
        (Fact.NAME, "Anna", "Anna's", False),
        (Fact.NAME, "Anna", "anna", True),
        (Fact.NAME, "Jörg", "Jorg", True),
        (Fact.NAME, "THREE", "three", False),
        (Fact.QUOTE, '"so it is"', "so it is", True),
        (Fact.LINK, "a.com/x", "a.com", True),
    ],
)
def test_what_may_become_of_a_fact(fact, before, after, gone):
    assert lost(Protected(Span(0, len(before)), fact, before), before, after) is gone


def test_invented_figures_and_addresses():
    assert invented("it costs a lot", "it costs 50 a lot") == "50"
    assert invented("write me", "write to a@b.example") == "a@b.example"
    assert invented("on the 28", "on the 28th") == ""
    assert invented("two nights", "three nights") == ""
