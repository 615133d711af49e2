"""The benchmark's arithmetic, its inputs and its report, with an engine that answers at once."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench import baselines, forms, report
from bench.inputs import first_fields, own_words, preset_cases, turned
from smartform.engines.base import Cancel, never
from smartform.fill import Filler
from smartform.prompts import Prompt
from smartform.schema import PLAIN_TYPES, Field, FormSpec
from tests.fakes import ScriptedEngine

FACTS = {
    "processor": "Test processor",
    "cores": 2,
    "threads": 2,
    "system": "Linux 6",
    "python": "3.11.2",
    "libraries": {"llama-cpp-python": "1.2.3"},
    "base": {"file": "base.gguf", "sha256": "ab" * 32},
    "adapter": None,
    "load_average_at_start": [0.5, 0.4, 0.3],
    "utc": "2026-03-14T12:00:00+00:00",
}


def test_percentiles() -> None:
    times = report.Times((4.0, 1.0, 3.0, 2.0, 5.0))
    assert times.p50 == 3.0
    assert times.p90 == pytest.approx(4.6)
    assert report.percentile([7.0], 90) == 7.0
    with pytest.raises(ValueError, match="nothing was measured"):
        report.percentile([], 50)


def test_growth_compares_12_with_48() -> None:
    rows = [{"fields": 12, "p50": 0.5}, {"fields": 48, "p50": 0.8}]
    assert report.growth(rows, "fields", 12, 48) == pytest.approx(1.6)
    assert report.growth(rows[:1], "fields", 12, 48) is None


def test_texts_have_the_words_asked_for_and_turned_ones_differ() -> None:
    for words in forms.TEXT_LENGTHS:
        assert len(own_words("contact", words).split()) == words
    text = own_words("contact", 150)
    versions = {turned(text, turn) for turn in range(6)}
    assert len(versions) == 6
    assert {len(version) for version in versions} == {len(text)}


def test_forms_have_the_fields_asked_for() -> None:
    assert len(preset_cases(12, 150)) >= 12
    assert all(len(case.form.fields) == 12 for case in preset_cases(12, 150))
    assert [len(first_fields(size).fields) for size in forms.FORM_SIZES] == list(forms.FORM_SIZES)
    with pytest.raises(ValueError, match="presets have"):
        first_fields(5_000)


def test_the_warm_up_is_not_counted() -> None:
    turns: list[int] = []
    times, results = forms.timed(lambda turn: turns.append(turn) or turn, 3)
    assert turns == [0, 1, 2, 3]
    assert results == [1, 2, 3]
    assert len(times.seconds) == 3


def test_texts_are_read_ahead_off_the_clock() -> None:
    class Slow(ScriptedEngine):
        def read_ahead(self, prompt: Prompt, *, cancel: Cancel = never) -> None:
            time.sleep(0.2)
            super().read_ahead(prompt, cancel=cancel)

    engine = Slow({})
    cases = preset_cases(12, 150)[:1]
    row = forms.measure_ours(Filler(engine), cases, 2, ahead=True)
    assert engine.ahead == engine.prompts[1:]
    assert row["p90"] < 0.2
    assert row["way"] == "ours, text read ahead"


def test_the_second_fill_is_told_from_the_engine_s_own_counts() -> None:
    class Counting(ScriptedEngine):
        def stats(self) -> dict[str, float]:
            return {"prompt_tokens": 200.0, "cached_tokens": 300.0, "branch_tokens": 0.0, "steps": 0.0}

    case = preset_cases(12, 150)[0]
    figure = forms.measure_second_fill(Counting({}), case)
    assert figure["evaluated_tokens"] == 200
    assert figure["cached_tokens"] == 300
    assert figure["text_tokens"] + figure["template_tokens"] == 200


def test_the_json_schema_holds_every_type_and_compiles() -> None:
    from llama_cpp import LlamaGrammar

    form = FormSpec(
        tuple(Field(kind.value, kind, options=("a", "b") if kind.has_options else ()) for kind in PLAIN_TYPES)
    )
    schema = baselines.json_schema(form)
    assert LlamaGrammar.from_json_schema(json.dumps(schema), verbose=False)
    empty = dict.fromkeys(form.names)
    assert baselines.meets(json.dumps(empty), schema)
    assert baselines.meets(
        json.dumps({**empty, "integer": 3, "choice": "a", "list": ["x"], "date": "2026"}), schema
    )
    assert not baselines.meets(json.dumps({**empty, "choice": "c"}), schema)
    assert not baselines.meets(json.dumps({"text": "x"}), schema)
    assert not baselines.meets('{"text": "cut o', schema)


class Parrot:
    """Llama's interface, writing the same tokens for every field; a token is a byte."""

    def __init__(self, says: bytes) -> None:
        self.says = says
        self.read: list[int] = []
        self.place = 0

    def token_bos(self) -> int:
        return 0

    def token_eos(self) -> int:
        return 1

    def tokenize(self, text: bytes, add_bos: bool, special: bool) -> list[int]:
        return list(text)

    def detokenize(self, tokens: list[int]) -> bytes:
        return bytes(tokens)

    def generate(self, tokens: list[int], temp: float) -> Iterator[int]:
        self.eval(tokens)
        yield self.sample(temp)

    def eval(self, tokens: list[int]) -> None:
        self.read += tokens
        self.place = 0 if len(tokens) > 1 else self.place + 1

    def sample(self, temp: float) -> int:
        assert temp == 0.0
        return self.says[self.place % len(self.says)]


def test_one_sequence_writes_every_field_under_its_header() -> None:
    form = FormSpec((Field("name"), Field("home town"), Field("plan")))
    parrot = Parrot(b" Jane\n")
    assert baselines.one_sequence(parrot, form, "I am Jane", forms.TODAY) == baselines.Answer(18, True)
    lines = b"FIELD name^^^ Jane\nFIELD home_town^^^ Jane\nFIELD plan^^^ Jane"
    assert bytes(parrot.read).endswith(lines)
    endless = Parrot(b"x")
    answer = baselines.one_sequence(endless, form, "I am Jane", forms.TODAY)
    assert answer == baselines.Answer(3 * baselines.TOKENS_A_FIELD, True)
    x = b"x" * baselines.TOKENS_A_FIELD
    lines = b"FIELD name^^^" + x + b"\nFIELD home_town^^^" + x + b"\nFIELD plan^^^" + x[1:]
    assert bytes(endless.read).endswith(lines)


def test_the_report_is_written_from_the_figures(tmp_path: Path) -> None:
    filler = Filler(ScriptedEngine({}))
    cases = preset_cases(12, 150)[:2]
    ours = forms.measure_ours(filler, cases, 2, ahead=False)
    assert (ours["runs"], ours["complete"]) == (4, 4)
    figures = {
        "forms": [ours, {**ours, "way": "JSON grammar", "p50": ours["p50"] * 8}],
        "by_words": forms.measure_lengths(filler, (50, 100), 1),
        "by_fields": [{"fields": n, "p50": n / 10, "p90": n / 10, "prompt_tokens": 9.0} for n in (12, 48)],
        "second_fill": {
            "cached_tokens": 300,
            "evaluated_tokens": 200,
            "text_tokens": 190,
            "template_tokens": 10,
        },
        "dictation": [{"recording": "a.wav", "length": 4.0, "p50": 1.0, "real_time_factor": 0.25}],
        "app": dict.fromkeys(
            ("seconds_to_page", "seconds_to_ready", "mib_ready", "mib_after_fill", "mib_after_dictation"), 1.5
        ),
    }
    text = report.write(tmp_path, figures, FACTS)
    assert "| JSON grammar |" in text
    assert "| 8.0× |" in text
    assert "48 fields take 4.00 times as long as 12." in text
    assert "adapter none" in text
    assert (tmp_path / "forms.md").read_text(encoding="utf-8").startswith(text)
    assert json.loads((tmp_path / "forms.json").read_text())["machine"]["processor"] == "Test processor"
    assert (tmp_path / "forms.png").read_bytes().startswith(b"\x89PNG")


def test_the_machine_is_described(tmp_path: Path) -> None:
    weights = tmp_path / "base.gguf"
    weights.write_bytes(b"abc")
    facts = report.machine(weights, None, 2)
    assert facts["base"]["sha256"] == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert facts["adapter"] is None
    assert facts["processor"]
