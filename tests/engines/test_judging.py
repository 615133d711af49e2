"""What the model makes of corrections, read in branches, against reading each corrected text whole."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest

from smartform.engines import load
from smartform.engines.base import Branch, Copy, Judge, Proposal
from smartform.engines.heads import log_softmax
from smartform.engines.judging import Variant, Words
from smartform.engines.llama import _TAIL, LlamaEngine
from smartform.engines.llama_context import Item, LlamaContext, Logits
from smartform.engines.lookup import AHEAD
from smartform.errors import Cancelled, TextError
from smartform.mail_prompts import revision_prompt
from smartform.mistakes import Mistakes
from smartform.prompts import extraction_prompt
from smartform.results import Span
from smartform.revision import Amount, ProofreadOptions
from smartform.schema import Field, FormSpec
from smartform.settings import Settings
from smartform.tasks import Task

TEXT = "I has recieved teh package on Monday, but the reciept was not in it."
PROMPT = revision_prompt(TEXT, amount=Amount.ERRORS)
WHOLE = 200
"""The sequence that texts are read in whole; none of the engine's own in use here."""


@pytest.fixture(scope="module")
def engine() -> Iterator[LlamaEngine]:
    built = load.text_engine(Settings.from_environment())
    assert isinstance(built, LlamaEngine)
    yield built


def proposal(word: str, replacement: str, text: str = TEXT) -> Proposal:
    """Another word for the first place of `word`."""
    start = text.index(word)
    return Proposal(Span(start, start + len(word)), replacement)


def whole(engine: LlamaEngine, asked: list[int], tokens: list[int], start: int, stop: int) -> float:
    """Log-probability of tokens [start, stop) behind what was asked, all of it read at once."""
    context = engine._context
    context.use(Task.EMAIL)
    items = [Item(token, place, WHOLE, True) for place, token in enumerate([*asked, *tokens])]
    rows = context.evaluate(items)
    context.forget(WHOLE)
    return sum(float(log_softmax(rows[len(asked) - 1 + n])[tokens[n]]) for n in range(start, stop))


def test_a_variant_is_what_differs_and_the_tokens_after_it() -> None:
    assert Variant.of([1, 2, 3, 4], range(1, 3), [9, 8], 0) == Variant(1, (9, 8, 4), (2, 3, 4))
    assert Variant.of([1, 2, 3, 4], range(4), [1, 9, 8, 4], 0) == Variant(1, (9, 8, 4), (2, 3, 4))
    assert Variant.of([1, 2, 3, 4], range(1, 2), [9], 0, tail=2) == Variant(1, (9, 3, 4), (2, 3, 4))
    assert Variant.of([1, 2, 3, 4], range(1, 2), [9], 0, tail=9) == Variant(1, (9, 3, 4, 0), (2, 3, 4, 0))
    assert Variant.of([1, 2], range(2, 2), [3], 0) == Variant(2, (3, 0), (0,))
    assert Variant.of([1, 2, 3], range(1, 2), [], 0) == Variant(1, (3,), (2, 3))
    assert Variant.of([5, 5, 5], range(2, 3), [], 0) == Variant(2, (0,), (5, 0))
    assert Variant.of([1, 2], range(2), [1, 2], 0) == Variant(2, (0,), (0,))


def test_a_changed_text_has_the_tokens_that_it_has_read_whole(engine: LlamaEngine) -> None:
    tokenise, piece = engine._context.tokenise, engine._context.piece
    checker = Mistakes()
    texts = [TEXT, "A naïve  café — “quoted” 🙂, it’s\nover\there now .", "word", "I"]
    count = 0
    for text in texts:
        tokens = tokenise(text)
        words = Words(text, tokens, tokenise, piece)
        for one in checker.proposals(text):
            part, changed = words.changed(one.span, one.replacement)
            assert [*tokens[: part.start], *changed, *tokens[part.stop :]] == tokenise(one.applied(text))
            count += 1
    assert count > 200


def test_branches_come_to_what_whole_texts_come_to(engine: LlamaEngine) -> None:
    """In the revision to the first token that both have again, in the draft itself some tokens further; both
    but for what the head over part of the vocabulary leaves out."""
    assert isinstance(engine, Judge)
    proposals = [
        proposal("has", "have"),
        proposal("recieved", "received"),
        proposal("teh package", "the package"),
        proposal("recieved", "unpacked and weighed"),
        proposal("on Monday", "on Monday morning"),
        proposal("but the", "the"),
        Proposal(Span(len(TEXT), len(TEXT)), " Please send it"),
    ]
    found = engine.preferences(PROMPT, proposals)
    tokenise, [end] = engine._context.tokenise, engine._context.tokenise("<end_of_turn>", special=True)
    source = tokenise(TEXT)
    rules, (request, *rest) = PROMPT.prefix(engine._chat)
    shown = [*engine._context.bos, *engine._tokens(rules), *engine._tokens([request])]
    asked = [*shown, *engine._tokens(rest)]
    read_to_the_end = 0
    for one, told in zip(proposals, found, strict=True):
        if told.plain is None:
            continue  # an upper bound
        read_to_the_end += 1
        changed = tokenise(one.applied(TEXT))
        for before, tail, nats in ((asked, 1, told.asked), (shown, _TAIL, told.plain)):
            v = Variant.of(source, range(len(source)), changed, end, tail)
            expected = whole(engine, before, [*changed, end], v.start, v.start + len(v.tokens))
            expected -= whole(engine, before, [*source, end], v.start, v.start + len(v.replaced))
            assert nats == pytest.approx(expected, abs=0.1 + 0.05 * abs(expected))
    assert read_to_the_end >= 3


def test_what_is_right_is_likelier_and_what_is_wrong_is_not(engine: LlamaEngine) -> None:
    right = [proposal("has", "have"), proposal("recieved", "received"), proposal("teh", "the")]
    wrong = [proposal("recieved", "relieved"), proposal("Monday", "Sunday"), proposal("package", "packages")]
    found = engine.preferences(PROMPT, [*right, *wrong])
    assert min(told.asked for told in found[:3]) > 0 > max(told.asked for told in found[3:])
    assert min(told.plain or 0.0 for told in found[:3]) > 0
    assert all(told.plain is None or told.plain < 0 for told in found[3:])


def test_neither_forms_nor_revisions_notice(engine: LlamaEngine) -> None:
    options = ProofreadOptions(max_tokens=40)
    branch, prompt = Branch("day", Copy()), extraction_prompt(FormSpec((Field("day"),)), TEXT)
    revision = engine.rewrite(PROMPT, options)
    [answer] = engine.decode(prompt, [branch])
    proposals = [proposal("has", "have"), proposal("teh", "the"), proposal("recieved", "received by us all")]
    first = engine.preferences(PROMPT, proposals)
    again = engine.preferences(PROMPT, proposals)
    assert [one.asked for one in again] == pytest.approx([one.asked for one in first], abs=0.2)
    assert [one.plain for one in again] == pytest.approx([one.plain for one in first], abs=0.2)
    assert engine.rewrite(PROMPT, options).text == revision.text
    assert [a.texts for a in engine.decode(prompt, [branch])] == [answer.texts]


def test_nothing_proposed_too_long_and_cancelled(engine: LlamaEngine) -> None:
    assert engine.preferences(PROMPT, []) == ()
    with pytest.raises(TextError):
        engine.preferences(revision_prompt("word " * 5_000, amount=Amount.ERRORS), [])
    with pytest.raises(Cancelled):
        engine.preferences(PROMPT, [proposal("has", "have")], cancel=lambda: True)
    assert engine.preferences(PROMPT, [proposal("has", "have")])[0].asked > 0


def test_a_paragraph_that_was_judged_is_revised_without_being_read_again(
    engine: LlamaEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = replace(PROMPT, text=TEXT.replace("teh", "the"))
    apart = engine.rewrite(other, ProofreadOptions())
    fresh = engine.rewrite(PROMPT, ProofreadOptions())
    passes: list[int] = []
    evaluate = LlamaContext.evaluate

    def counted(context: LlamaContext, items: Sequence[Item]) -> list[Logits]:
        passes.append(len(items))
        return evaluate(context, items)

    engine.preferences(PROMPT, [proposal("has", "have")])
    monkeypatch.setattr(LlamaContext, "evaluate", counted)
    assert engine.rewrite(PROMPT, ProofreadOptions()).text == fresh.text
    assert len(passes) == fresh.steps - 1
    assert max(passes) <= 1 + AHEAD[1]
    assert engine.rewrite(other, ProofreadOptions()).text == apart.text
