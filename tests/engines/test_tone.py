"""The shipped tone model in onnxruntime: what it says, long and odd texts, threads, damaged files."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from smartform.engines import models
from smartform.engines.models import State
from smartform.engines.tone import MAX_TOKENS, MODEL, NOTHING, TOKENIZER, OnnxTone
from smartform.errors import WeightsError
from smartform.tone import Tone, ToneScorer
from smartform.tone_reading import read_tone, weigh_words

RUDE = "You have no idea what you are doing. Fix this mess today or stop wasting my time."
KIND = "Thank you so much for your help yesterday, it was wonderful! Would you mind sending me the photos?"
HAPPY = "I am so happy! The concert was wonderful and we loved every minute of it."
PLAIN = "The meeting is on Tuesday at ten in room 4. The agenda has three points."


@pytest.fixture(scope="module")
def scorer() -> OnnxTone:
    return OnnxTone.bundled(threads=1)


def one(scorer: OnnxTone, text: str) -> Tone:
    return scorer.score([text])[0]


def close(tone: Tone) -> object:
    return pytest.approx((*tone.sentiment, *tone.politeness), abs=0.05)


def test_what_it_says_of_clear_texts(scorer: OnnxTone) -> None:
    rude, kind, happy, plain = scorer.score([RUDE, KIND, HAPPY, PLAIN])
    assert (rude.feeling, rude.manner) == ("negative", "impolite")
    assert kind.manner == "polite"
    assert happy.feeling == "positive"
    assert (plain.feeling, plain.manner) == ("neutral", "neutral")
    assert rude.politeness_score < plain.politeness_score < kind.politeness_score
    for tone in (rude, kind, happy, plain):
        assert sum(tone.sentiment) == pytest.approx(1, abs=1e-5)
        assert sum(tone.politeness) == pytest.approx(1, abs=1e-5)


def test_a_batch_scores_as_its_texts_alone(scorer: OnnxTone) -> None:
    texts = [RUDE, "Ok.", KIND, PLAIN * 3]
    for text, tone in zip(texts, scorer.score(texts), strict=True):
        # Activations are quantised over the whole batch, so the last digits move.
        assert (*tone.sentiment, *tone.politeness) == close(one(scorer, text))


def test_long_mails_are_the_mean_of_their_parts(scorer: OnnxTone) -> None:
    rude, kind = one(scorer, " ".join([RUDE] * 40)), one(scorer, " ".join([KIND] * 40))
    assert (rude.manner, kind.manner) == ("impolite", "polite")
    mixed = one(scorer, " ".join([RUDE] * 40 + [KIND] * 40))
    assert rude.politeness_score < mixed.politeness_score < kind.politeness_score
    assert sum(mixed.sentiment) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("text", ["", "  \n", "…!?", "🙂"])
def test_nothing_to_read_is_neutral(scorer: OnnxTone, text: str) -> None:
    assert one(scorer, text) == NOTHING


@pytest.mark.parametrize(
    "text", ["x" * 20_000, "a " * 2_000, "\ud800 lone", "привет", "[CLS] [SEP] [PAD]", "1" * 5_000, "\x00a"]
)
def test_odd_texts_have_a_tone(scorer: OnnxTone, text: str) -> None:
    tone = one(scorer, text)
    assert sum(tone.sentiment) == pytest.approx(1, abs=1e-4)
    assert sum(tone.politeness) == pytest.approx(1, abs=1e-4)


def test_windows_hold_every_token_once(scorer: OnnxTone) -> None:
    text = "\n".join(f"Sentence number {n} stands here." for n in range(120)) + " word" * 400
    windows = scorer._windows(text)
    assert max(map(len, windows)) <= MAX_TOKENS
    assert [i for ids in windows for i in ids[1:-1]] == scorer._ids([text])[0][1:-1]


def test_no_texts(scorer: OnnxTone) -> None:
    assert scorer.score([]) == ()


def test_threads_share_one_model(scorer: OnnxTone) -> None:
    assert isinstance(scorer, ToneScorer)
    alone = [one(scorer, text) for text in (RUDE, KIND)]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda t: one(scorer, t), [RUDE, KIND] * 6)) == alone * 6


def test_a_report_of_a_real_mail(scorer: OnnxTone) -> None:
    text = f"Hi Tom,\n\n{PLAIN}\n\n{RUDE}\n\nAnn"
    report = read_tone(text, scorer)
    lowest = min(report.sentences, key=lambda s: s.tone.politeness_score)
    assert text[lowest.span.start : lowest.span.end] in RUDE
    assert report.language == "en"
    words = [text[w.span.start : w.span.end] for w in weigh_words(text, report, scorer)]
    assert words and set(words) <= set(text.replace(".", " ").replace(",", " ").split())


def test_the_shipped_files_are_whole_and_small() -> None:
    assert [models.verify(name).state for name in (MODEL, TOKENIZER)] == [State.READY, State.READY]
    assert sum(models.locate(name).stat().st_size for name in (MODEL, TOKENIZER)) <= 25_000_000


def test_damaged_files_are_told(tmp_path: Path) -> None:
    bad = tmp_path / "bad"
    bad.write_bytes(b"not a model")
    good = models.locate(MODEL), models.locate(TOKENIZER)
    for model, tokenizer in ((bad, good[1]), (good[0], bad), (tmp_path / "none", good[1])):
        with pytest.raises(WeightsError) as caught:
            OnnxTone(model, tokenizer)
        assert "models verify" in caught.value.hint
