"""Reading a text's tone: whole, sentences, words, by a scorer whose scores can be counted by hand."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from smartform.tone import Politeness, Sentiment, Tone, ToneScorer
from smartform.tone_reading import MOST_WEIGHED, read_tone, weigh_words
from tests.fakes import WordTone


@pytest.fixture
def scorer() -> WordTone:
    return WordTone(positive={"lovely"}, negative={"awful"}, polite={"please"}, impolite={"idiot"})


def test_classes_and_scores_of_a_tone() -> None:
    tone = Tone((0.7, 0.2, 0.1), (0.1, 0.3, 0.6))
    assert (tone.feeling, tone.manner) == (Sentiment.NEGATIVE, Politeness.POLITE)
    assert (tone.sentiment_score, tone.politeness_score) == pytest.approx((-0.6, 0.5))


def test_the_whole_and_each_sentence(scorer: WordTone) -> None:
    text = "The soup was awful. Bring the bill, please.\n\nBye"
    report = read_tone(text, scorer)
    assert [text[s.span.start : s.span.end] for s in report.sentences] == [
        "The soup was awful.",
        "Bring the bill, please.",
        "Bye",
    ]
    assert [s.tone.feeling for s in report.sentences] == ["negative", "neutral", "neutral"]
    assert [s.tone.manner for s in report.sentences] == ["neutral", "polite", "neutral"]
    assert (report.whole.feeling, report.whole.manner) == ("negative", "polite")
    assert report.weights == ()
    assert len(scorer.calls) == 1, "typing costs one call"


def test_the_language_is_told(scorer: WordTone) -> None:
    assert read_tone("Could you please send me the report before Friday?", scorer).language == "en"
    assert read_tone("Potresti mandarmi la relazione prima di venerdì?", scorer).language == "it"


def test_nothing_typed_yet(scorer: WordTone) -> None:
    report = read_tone("", scorer)
    assert report.sentences == ()
    assert weigh_words("", report, scorer) == ()


def test_words_weigh_what_their_sentence_loses_without_them(scorer: WordTone) -> None:
    text = "What an awful, awful day. Come in, you idiot. The room is lovely."
    weights = weigh_words(text, read_tone(text, scorer), scorer)
    heaviest = {text[w.span.start : w.span.end]: w for w in weights}
    assert set(heaviest) == {"idiot", "lovely"}, "either 'awful' can go and the day stays awful"
    assert heaviest["idiot"].politeness < -0.5 < heaviest["idiot"].sentiment
    assert heaviest["lovely"].sentiment > 0.5


def test_a_long_text_weighs_the_words_of_its_strongest_sentences(scorer: WordTone) -> None:
    text = "The train leaves the station at noon on most days of the week. " * 20 + "You idiot."
    weights = weigh_words(text, read_tone(text, scorer), scorer, most=1)
    assert [text[w.span.start : w.span.end] for w in weights] == ["idiot"]
    assert len(scorer.calls[-1]) == MOST_WEIGHED


def test_the_report_as_json(scorer: WordTone) -> None:
    data = read_tone("Awful.", scorer).to_dict()
    assert data["sentiment"] == "negative"
    assert data["sentences"][0]["span"] == [0, 6]
    assert data["words"] == []


def test_the_fake_is_a_scorer(scorer: WordTone) -> None:
    asked: Sequence[str] = ("a", "b")
    assert isinstance(scorer, ToneScorer)
    assert len(scorer.score(asked)) == 2
