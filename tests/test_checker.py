"""Harper as a checker: real lints of the real package. Several checkers as one."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from smartform.checker import Checker, Checkers, Harper
from smartform.engines.base import Proposal
from smartform.results import Span

HARPER = Harper()


def proposed(text: str) -> dict[str, list[str]]:
    """Words → what is proposed for them, in order."""
    found: dict[str, list[str]] = {}
    for proposal in HARPER.proposals(text):
        found.setdefault(text[proposal.span.start : proposal.span.end], []).append(proposal.replacement)
    return found


def test_errors_have_alternatives_the_likeliest_first() -> None:
    assert isinstance(HARPER, Checker)
    found = proposed("I has recieved teh package, but their was no reciept in it.")
    assert found["has"] == ["have"]
    assert found["recieved"][0] == "received" and 1 < len(found["recieved"]) <= 3
    assert found["teh"] == ["the"]
    assert "receipt" in found["reciept"]


def test_places_are_characters_also_after_others() -> None:
    assert proposed("“Straße” 🙂: we was late.")["was"] == ["were"]


def test_spellings_of_any_english_and_matters_of_taste_are_left() -> None:
    assert proposed("The neighbours recognise the colour of our centre.") == {}
    assert proposed("The neighbors recognize the color of our center.") == {}
    assert proposed("She has a very good knowledge of French, reading, speaking and writing.") == {}


def test_what_may_be_a_name_is_left() -> None:
    assert proposed("Solveig and Matteo wrote to Ottmar.") == {}
    assert "Solveig" not in proposed("Solveig wrote. Noor did not.")


def test_a_paragraph_may_begin_small_but_no_sentence_in_it() -> None:
    assert "on" not in proposed("on Monday we met.")
    assert proposed("We met on Monday. then we left.")["then"] == ["Then"]


def test_nothing_is_written_to_standard_output(capfd: pytest.CaptureFixture[str]) -> None:
    rows = map(
        json.loads, Path("training/data/email/sentences.jsonl").read_text(encoding="utf-8").splitlines()
    )
    for text in ["I am looking forward to hear from you.", *(row["draft"] for row in rows)]:
        HARPER.proposals(text)
    assert capfd.readouterr() == ("", "")


def test_clean_and_empty_text() -> None:
    assert proposed("The parcel came yesterday, and everything was in it.") == {}
    assert proposed("") == {}


def test_many_may_ask_at_once() -> None:
    texts = [f"We was late {n} times, becuase of teh rain." for n in range(40)]
    with ThreadPoolExecutor(8) as pool:
        counts = list(pool.map(lambda text: len(HARPER.proposals(text)), texts))
    assert counts == [len(HARPER.proposals(text)) for text in texts]


def test_what_two_checkers_propose_is_the_first_ones() -> None:
    class Other:
        def proposals(self, text: str) -> list[Proposal]:
            return [Proposal(Span(3, 6), "were"), Proposal(Span(0, 2), "They")]

    found = Checkers(HARPER, Other()).proposals("We was late.")
    assert found == [Proposal(Span(0, 2), "They"), Proposal(Span(3, 6), "were", known=True)]
    assert Checkers().proposals("We was late.") == []
