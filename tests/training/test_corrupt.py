"""Spoilt text has errors, keeps figures and names, and is the same for the same seed."""

from __future__ import annotations

from random import Random

import pytest

from training import corrupt as errors
from training.corrupt import LEARNER, corrupt, split

TEXT = (
    "Hi Marta, I've sent the report to j.doe@example.com on 14 March. It costs €1,240.50, and the "
    "people in Berlin have received two copies. However, they don't know their password yet. "
    "See https://example.com/a?b=1 for more information."
)


def test_tokens_joined_are_the_text() -> None:
    assert "".join(split(TEXT)) == TEXT
    assert "https://example.com/a?b=1" in split(TEXT)


def test_figures_addresses_and_names_stay() -> None:
    for seed in range(60):
        spoilt = corrupt(TEXT, Random(seed))
        assert spoilt != TEXT
        for kept in ("Marta", "Berlin", "j.doe@example.com", "€1,240.50", "14", "https://example.com/a?b=1"):
            assert kept in spoilt, spoilt


def test_the_same_seed_spoils_alike() -> None:
    assert corrupt(TEXT, Random(5)) == corrupt(TEXT, Random(5))
    assert len({corrupt(TEXT, Random(seed)) for seed in range(20)}) > 15


@pytest.mark.parametrize(
    ("error", "text", "spoilt"),
    [
        (errors.article_dropped, "I saw a dog.", {"I saw dog."}),
        (errors.agreement, "She goes home.", {"She go home."}),
        (errors.verb_form, "We have written it.", {"We have write it.", "We have wrote it."}),
        (errors.number, "I saw two dogs.", {"I saw two dog."}),
        (errors.number, "We need information.", {"We need informations."}),
        (errors.adverb, "He speaks quickly.", {"He speaks quick."}),
        (errors.no_apostrophe, "I don't know.", {"I dont know."}),
        (errors.run_on, "It is. We go.", {"It is, we go.", "It is we go.", "It is and we go."}),
        (errors.small_letter, "On Monday.", {"On monday.", "on Monday."}),
        (errors.phrase, "I agree.", {"I am agree."}),
        (errors.split_or_joined, "Thank you.", {"Thankyou."}),
    ],
)  # fmt: skip
def test_each_error_is_where_it_belongs(error: errors.Error, text: str, spoilt: set[str]) -> None:
    found = {"".join(error(split(text), Random(seed)) or []) for seed in range(30)}
    assert found == spoilt


def test_every_error_leaves_alone_what_it_cannot_spoil() -> None:
    for error, _ in LEARNER:
        assert error(split("42!"), Random(1)) is None
    assert corrupt("42!", Random(1)) == "42!"
