"""What may have been meant by what learners and hasty writers of English write, for the model to judge.

They err in few ways over and over: a wrong form of a word, a wrong article or preposition or none, one too
many, a word for another that sounds like it, a phrase of their own language. All of that is proposed at every
word; nearly all of it is nonsense, and a language model tells (Bryant and Briscoe 2018, "Language Model Based
Grammatical Error Correction without Annotated Training Data"). Forms of words are those of LemmInflect
(package lemminflect, MIT), phrases and homophones those of `smartform.confusions`.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import cache, lru_cache
from itertools import pairwise

from lemminflect import getAllInflections, getAllLemmas

from smartform.confusions import HOMOPHONES, PHRASES, PREPOSITIONS, SPLIT_JOINED
from smartform.engines.base import Proposal
from smartform.results import Span

ARTICLES = ("a", "an", "the")

_SETS = (
    ARTICLES,
    tuple(PREPOSITIONS),
    ("this", "these"),
    ("that", "those"),
    ("much", "many", "very"),
    ("who", "which", "that", "what"),
    ("it", "they", "them"),
    ("his", "her", "their"),
    ("some", "any"),
    ("every", "each", "all"),
    ("will", "would"),
    ("can", "could"),
    ("so", "such"),
    ("if", "whether"),
    ("when", "while"),
)
"""Words of which one is written for another."""

_LEFT_OUT = (*ARTICLES, "to", "of", "in", "for", "on", "at", "with", "that", "it", "is", "are")
_TOO_MANY = frozenset({*ARTICLES, *PREPOSITIONS}).union(
    "that it is are was be been have so more very also".split()
)
_FIRST = ("the", "a", "it", "in")
"""What may be missing before a sentence's first word."""

_WORD = re.compile(r"[A-Za-z]+(?:['’][A-Za-z]+)*")
_LONGEST = 4
"""Words of a phrase."""


class Mistakes:
    """A `Checker` that proposes whatever may have been meant; what it knows takes 50 MB."""

    def proposals(self, text: str) -> list[Proposal]:
        """See `Checker.proposals`; nothing is said of what is likelier."""
        words = [Span(*m.span()) for m in _WORD.finditer(text)]
        found = {
            Proposal(span, replacement)
            for said in (_replaced(text, words), _put_in(text, words), _taken_out(text, words))
            for span, replacement in said
        }
        return sorted(found, key=lambda p: (p.span.start, p.span.end, p.replacement))


def _replaced(text: str, words: Sequence[Span]) -> Iterator[tuple[Span, str]]:
    meant = _meant()
    for number, word in enumerate(words):
        said = text[word.start : word.end]
        for other in _forms(said.lower()):
            yield word, _as_written(other, said)
        for last in range(number, min(number + _LONGEST, len(words))):
            span = Span(word.start, words[last].end)
            phrase = text[span.start : span.end]
            for other in meant.get(phrase.lower(), ()):
                yield span, _as_written(other, said)


def _put_in(text: str, words: Sequence[Span]) -> Iterator[tuple[Span, str]]:
    for before, word in pairwise(words):
        if text[before.end : word.start] != " ":
            continue
        yield Span(before.end, before.end), ","
        for other in _LEFT_OUT:
            yield Span(word.start, word.start), f"{other} "
    for word in words[:1]:
        said = text[word.start : word.end]
        for other in _FIRST:
            yield word, f"{other.capitalize()} {said if said == 'I' else said[:1].lower() + said[1:]}"


def _taken_out(text: str, words: Sequence[Span]) -> Iterator[tuple[Span, str]]:
    for word, after in pairwise(words):
        said = text[word.start : word.end]
        if text[word.end : after.start] != " " or said.lower() not in _TOO_MANY:
            continue
        if said[0].islower():
            yield Span(word.start, after.start), ""
        else:
            yield Span(word.start, after.end), _as_written(text[after.start : after.end], said)
    for mark in re.finditer(",(?= )", text):
        yield Span(*mark.span()), ""


@cache
def _meant() -> Mapping[str, frozenset[str]]:
    """What may be meant by a word or phrase, in small letters."""
    meant: defaultdict[str, set[str]] = defaultdict(set)
    for one in _SETS:
        for word in one:
            meant[word] |= {*one} - {word}
    for table in (HOMOPHONES, PREPOSITIONS, SPLIT_JOINED, PHRASES):
        for right, wrongs in table.items():
            for wrong in wrongs:
                meant[wrong.lower()].add(right)
    return {said: frozenset(others) for said, others in meant.items()}


@lru_cache(4_096)
def _forms(word: str) -> frozenset[str]:
    """The other forms of a word in small letters: inflections, and the adverb of an adjective."""
    lemmas = {lemma for group in getAllLemmas(word).values() for lemma in group}
    forms = {form for lemma in lemmas for group in getAllInflections(lemma).values() for form in group}
    return frozenset((forms | {*_adverbs(word)}) - {word})


def _adverbs(word: str) -> Iterator[str]:
    """The adverb of an adjective, and the other way round; what is neither is unlikely anyway."""
    for ending, other in (("ily", "y"), ("ly", "le"), ("ly", ""), ("y", "ily"), ("le", "ly"), ("", "ly")):
        stem = word.removesuffix(ending)
        if word.endswith(ending) and len(stem) > 2:
            yield stem + other


def _as_written(word: str, like: str) -> str:
    """With a capital letter where `like` has one."""
    return word[:1].upper() + word[1:] if like[:1].isupper() else word
