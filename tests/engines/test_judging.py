"""What the model makes of corrections, read in branches, against reading each corrected text whole."""

from collections.abc import Iterator

import pytest

from smartform.engines import load
from smartform.engines.base import Branch, Copy, Judge, Proposal
from smartform.engines.heads import log_softmax
from smartform.engines.judging import HOPELESS, Variant
from smartform.engines.llama import EMAIL, LlamaEngine
from smartform.engines.llama_context import Item
from smartform.errors import Cancelled, TextError
from smartform.mail_prompts import RevisionPrompt, revision_prompt
from smartform.prompts import extraction_prompt
from smartform.results import Span
from smartform.revision import Amount, ProofreadOptions
from smartform.schema import Field, FormSpec
from smartform.settings import Settings

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


def corrected(one: Proposal) -> str:
    return TEXT[: one.span.start] + one.replacement + TEXT[one.span.end :]


def whole(engine: LlamaEngine, prompt: RevisionPrompt, tokens: list[int], start: int, stop: int) -> float:
    """Log-probability of tokens [start, stop) of a revision, the prompt and the tokens read at once."""
    context = engine._context
    context.use(EMAIL)
    rules, question = prompt.prefix(engine._chat)
    asked = [*context.bos, *engine._tokens(rules), *engine._tokens(question)]
    items = [Item(token, place, WHOLE, True) for place, token in enumerate([*asked, *tokens])]
    rows = context.evaluate(items)
    context.forget(WHOLE)
    return sum(float(log_softmax(rows[len(asked) - 1 + n])[tokens[n]]) for n in range(start, stop))


def test_a_variant_is_what_differs_and_the_token_after_it() -> None:
    assert Variant.of([1, 2, 3, 4], [1, 9, 8, 4], 0) == Variant(1, (9, 8, 4), (2, 3, 4))
    assert Variant.of([1, 2], [1, 2, 3], 0) == Variant(2, (3, 0), (0,))
    assert Variant.of([1, 2, 3], [1, 3], 0) == Variant(1, (3,), (2, 3))
    assert Variant.of([5, 5, 5], [5, 5], 0) == Variant(2, (0,), (5, 0))
    assert Variant.of([1, 2], [1, 2], 0) == Variant(2, (0,), (0,))


def test_branches_come_to_what_whole_texts_come_to(engine: LlamaEngine) -> None:
    assert isinstance(engine, Judge)
    proposals = [
        proposal("has", "have"),
        proposal("recieved", "received"),
        proposal("recieved", "unpacked and weighed"),
        proposal("on Monday", "on Monday morning"),
        proposal("but the", "the"),
        Proposal(Span(len(TEXT), len(TEXT)), " Please send it"),
    ]
    found = engine.preferences(PROMPT, proposals)
    source, [end] = engine._context.tokenise(TEXT), engine._context.tokenise("<end_of_turn>", special=True)
    for one, nats in zip(proposals, found, strict=True):
        if nats <= HOPELESS:
            continue  # an upper bound
        changed = engine._context.tokenise(corrected(one))
        v = Variant.of(source, changed, end)
        expected = whole(engine, PROMPT, [*changed, end], v.start, v.start + len(v.tokens))
        expected -= whole(engine, PROMPT, [*source, end], v.start, v.start + len(v.replaced))
        assert nats == pytest.approx(expected, abs=0.1 + 0.02 * abs(expected))


def test_what_is_right_is_likelier_and_what_is_wrong_is_not(engine: LlamaEngine) -> None:
    right = [proposal("has", "have"), proposal("recieved", "received"), proposal("teh", "the")]
    wrong = [proposal("recieved", "relieved"), proposal("Monday", "Sunday"), proposal("package", "packages")]
    found = engine.preferences(PROMPT, [*right, *wrong])
    assert min(found[:3]) > 0 > max(found[3:])


def test_neither_forms_nor_revisions_notice(engine: LlamaEngine) -> None:
    options = ProofreadOptions(max_tokens=40)
    branch, prompt = Branch("day", Copy()), extraction_prompt(FormSpec((Field("day"),)), TEXT)
    revision = engine.rewrite(PROMPT, options)
    [answer] = engine.decode(prompt, [branch])
    proposals = [proposal("has", "have"), proposal("teh", "the"), proposal("recieved", "received by us all")]
    first = engine.preferences(PROMPT, proposals)
    assert engine.preferences(PROMPT, proposals) == pytest.approx(first, abs=0.2)
    assert engine.rewrite(PROMPT, options).text == revision.text
    assert [a.texts for a in engine.decode(prompt, [branch])] == [answer.texts]


def test_nothing_proposed_too_long_and_cancelled(engine: LlamaEngine) -> None:
    assert engine.preferences(PROMPT, []) == ()
    with pytest.raises(TextError):
        engine.preferences(revision_prompt("word " * 5_000, amount=Amount.ERRORS), [])
    with pytest.raises(Cancelled):
        engine.preferences(PROMPT, [proposal("has", "have")], cancel=lambda: True)
    assert engine.preferences(PROMPT, [proposal("has", "have")])[0] > 0
