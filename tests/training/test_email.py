"""The e-mail adapter's data, its tokens and a run on a tiny model."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from safetensors.torch import load_file

from smartform.engines.tone import OnnxTone
from smartform.prompts import ChatFormat
from smartform.revision import Amount, Register
from smartform.tone import Tone
from tests.mails import FakeScorer
from tests.training import tiny
from training.config import PublicSet, TrainConfig
from training.email_data import Spoiler, heard, load, load_set, pieces, written
from training.leakage import overlaps, read_texts
from training.objective import PREFIX
from training.rewrites import EDIT_WEIGHT, Rewrite, RewriteEncoder, edit_weights, encode_branch, pack
from training.train_email import main

ROW = {
    "id": "em-1",
    "kind": "tone",
    "draft": "Lars,\n\nMove your car, you idiot. It is the third time.\n\nThe key is at the front desk.",
    "revision": "Lars,\n\nPlease move your car. It is the third time.\n\nThe key is at the front desk.",
    "politeness_before": "impolite",
    "sentiment_before": "negative",
}


def write(path: Path, rows: list[dict[str, object]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


@pytest.fixture
def config(tmp_path: Path) -> TrainConfig:
    prose = write(
        tmp_path / "prose.jsonl", [{"text": f"There are {n} chairs in the room."} for n in range(20)]
    )
    return TrainConfig(
        name="run",
        base=str(tiny.save(tmp_path / "tiny")),
        data=(str(write(tmp_path / "pairs.jsonl", [ROW])),),
        runs=str(tmp_path),
        head="full",
        holdout=4,
        eval_steps=2,
        log_steps=1,
        threads=1,
        total_tokens=6_000,
        public=(PublicSet("prose", str(prose)),),
    )


def test_written_pairs_come_by_paragraph_with_their_tone() -> None:
    examples = written([ROW], seed=0)
    changed = [e for e in examples if e.draft != e.revision]
    assert {e.draft for e in changed} == {"Move your car, you idiot. It is the third time."}
    assert {e.manner for e in changed} == {("impolite", "negative")}
    assert all(e.amount is not Amount.ERRORS for e in changed)
    assert "Lars," not in {e.draft for e in examples}
    [quiet] = [e for e in examples if e.draft.startswith("The key")]
    assert quiet.revision == quiet.draft
    assert quiet.manner == ("neutral", "negative")


def test_rude_drafts_are_left_alone_where_only_errors_count() -> None:
    kept = [e for seed in range(9) for e in written([ROW], seed) if e.amount is Amount.ERRORS]
    assert any(e.manner[0] == "impolite" for e in kept)
    assert all(e.draft == e.revision for e in kept)


class Deaf:
    """A `ToneScorer` to which every text is polite and cheerful; `calls` keeps what it was asked."""

    def __init__(self) -> None:
        self.calls: list[list[str]] = []

    def score(self, texts: Sequence[str]) -> tuple[Tone, ...]:
        self.calls.append(list(texts))
        return tuple(Tone((0.1, 0.2, 0.7), (0.1, 0.2, 0.7)) for _ in texts)


def test_some_labelled_examples_bear_the_tone_that_is_heard() -> None:
    examples = [e for seed in range(20) for e in written([ROW], seed)]
    scorer = Deaf()
    told = heard(examples, scorer, seed=0)
    otherwise = [e.manner == ("polite", "positive") for e in told]
    assert 0.35 < sum(otherwise) / len(told) < 0.65
    assert [replace(e, manner=("", "")) for e in told] == [replace(e, manner=("", "")) for e in examples]
    assert all(e.manner == old.manner for e, old, o in zip(told, examples, otherwise, strict=True) if not o)
    assert len(scorer.calls) == 1
    assert len(set(scorer.calls[0])) == len(scorer.calls[0]) <= 2
    assert heard(examples, Deaf(), seed=0) == told


def test_rude_drafts_are_mended_whatever_tone_is_heard(config: TrainConfig, tmp_path: Path) -> None:
    rude = [{"id": f"t-{n}", "lang": "en", "text": f"Where is box {n}, you fool?", "politeness": "impolite",
             "sentiment": "negative"} for n in range(20)]  # fmt: skip
    toned = PublicSet("toned", str(write(tmp_path / "toned.jsonl", rude)))
    examples = load(replace(config, public=(*config.public, toned)), Deaf())
    heard_polite = {e.id.split(":")[0] for e in examples if e.manner == ("polite", "positive")}
    assert {"toned", "written"} <= heard_polite
    assert {e.manner for e in examples if e.id.startswith("toned")} == {
        ("polite", "positive"), ("impolite", "negative")
    }  # fmt: skip
    assert all(e.amount is Amount.ERRORS for e in examples if e.id.startswith("toned"))
    assert any(e.draft != e.revision for e in examples if e.manner[0] == "polite" and not e.spoilt)


def test_the_shipped_scorer_labels_drafts(config: TrainConfig) -> None:
    scorer = OnnxTone.bundled(threads=1)
    examples = load(config, scorer)
    assert examples == load(config, scorer)
    for example, old in zip(examples, written([ROW], config.seed), strict=False):
        [tone] = scorer.score([example.draft])
        assert example.manner in {old.manner, (tone.manner.value, tone.feeling.value)}


def test_paragraphs_must_match() -> None:
    with pytest.raises(ValueError, match="em-1"):
        written([ROW | {"revision": "Lars, please."}], seed=0)


def test_clean_text_is_spoilt_otherwise_each_epoch_and_sometimes_not(config: TrainConfig) -> None:
    examples = [e for e in load(config, FakeScorer()) if e.spoilt]
    assert len(examples) == 20
    assert 2 <= sum(e.draft == e.revision for e in examples) <= 14
    spoil = Spoiler(config.seed)
    assert [spoil(e, 0) for e in examples] == examples
    assert [spoil(e, 1) for e in examples] != examples


def test_sets_are_named_and_drawn(tmp_path: Path) -> None:
    row = {"src": "I have sended you it on Monday.", "tgts": ["I have sent you it on Monday."]}
    path = write(tmp_path / "pairs.jsonl", [row, {"src": "erorr", "tgts": ["error"]}])
    [example] = load_set(PublicSet("harper", str(path)), seed=0)
    assert (example.draft, example.revision) == (row["src"], row["tgts"][0])
    with pytest.raises(ValueError, match="no set is called"):
        load_set(PublicSet("jfleg", str(path)), seed=0)


def test_pieces_are_whole_sentences() -> None:
    text = "Good morning to you all. Is it ready yet? I hope so, for we need it.\nNo."
    assert " ".join(pieces(text, Random(0))) == text.removesuffix("\nNo.")


def test_changed_tokens_weigh_more() -> None:
    assert edit_weights([1, 2, 3], [1, 2, 3]) == [1, 1, 1]
    assert edit_weights([1, 2, 3], [1, 9, 3]) == [1, EDIT_WEIGHT, 1]
    assert edit_weights([1, 2, 3, 4], [1, 3, 4]) == [1, EDIT_WEIGHT, 1]
    assert edit_weights([1, 2], [1]) == [1]


def test_a_pack_is_the_rules_and_blind_branches() -> None:
    tokenizer = tiny.byte_tokenizer()
    example = Rewrite(
        "a", "He go.", "He goes.", Amount.TONE, Register.WARM, ("polite", "neutral"), "Dear <bos>"
    )
    branch = encode_branch(example, tokenizer, ChatFormat.GEMMA, 0.0)
    whole = pack([branch, branch], tokenizer, ChatFormat.GEMMA)
    start = whole.branches.count(PREFIX)
    rules, question = example.prompt.prefix(ChatFormat.GEMMA)
    text = tokenizer.decode(whole.ids[: start + len(branch.ids)])
    assert text == "<bos>" + "".join(s.text for s in (*rules, *question)) + "He goes.<end_of_turn>"
    assert whole.ids.count(tokenizer.bos_token_id) == 1
    assert whole.positions[start] == whole.positions[start + len(branch.ids)] == start
    learnt = [i for i, w in enumerate(branch.weights) if w]
    assert tokenizer.decode([branch.ids[i] for i in learnt]) == "He goes.<end_of_turn>"
    assert whole.silent == frozenset()


def test_packs_share_the_rules_and_long_examples_are_left_out(config: TrainConfig) -> None:
    encoder = RewriteEncoder(config, tiny.byte_tokenizer())
    short = Rewrite(
        "short", "Fine." * 2, "Fine." * 2, Amount.ERRORS, Register.NEUTRAL, ("neutral", "neutral")
    )
    long = Rewrite("long", "x" * 2_000, "x", Amount.ERRORS, Register.NEUTRAL, ("neutral", "neutral"))
    packs = encoder.encode([short] * 10 + [long], Random(0))
    assert [len(p.silent) for p in packs] == [6, 4]
    assert encoder.too_long == {"long"}


@pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing`:FutureWarning")
def test_a_run_trains_the_adapter(config: TrainConfig, tmp_path: Path) -> None:
    import yaml

    path = tmp_path / "email.yaml"
    path.write_text(yaml.safe_dump(config.to_dict()), encoding="utf-8")
    main(["--config", str(path)])
    adapter = load_file(config.folder / "best" / "adapter_model.safetensors")
    assert any("lora_B" in name and values.any() for name, values in adapter.items())
    lines = [json.loads(line) for line in (config.folder / "metrics.jsonl").read_text().splitlines()]
    assert {"eval_loss", "exact_found", "exact_silent"} <= {key for line in lines for key in line}


def test_leakage_sees_drafts_and_revisions(tmp_path: Path) -> None:
    train = read_texts([str(write(tmp_path / "train.jsonl", [ROW]))])
    copied = {
        "src": "Yes, the key is at the front desk.",
        "refs": ["The third time the key is at the front desk."],
    }
    found = overlaps(train, read_texts([str(write(tmp_path / "dev.jsonl", [copied]))]))
    assert 0 < found["0"] < 0.5
    same = overlaps(
        train, read_texts([str(write(tmp_path / "same.jsonl", [{"id": "s", "text": ROW["draft"]}]))])
    )
    assert same["s"] == 1
