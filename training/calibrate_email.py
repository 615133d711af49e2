"""Fit how much likelier than the draft a revision must be, so that clean mails are left alone, how sure the
model must be of a single change, and which of the proposed corrections are made.

    python -m training.calibrate_email --config training/configs/email.yaml

Uses the examples that the run held out of training and those of its `calibration` files, never the
evaluation files, and writes `smartform/email_policy.json`. First what tells how likely a proposed correction
is right, and which ones are made: those that, alone, have the best F0.5. What was mined from the grammar
checker's own tests does not count for either.
Each example, so corrected, is then revised once for each caution, through the product's own vetting; all
combinations of margins and rise are tried on what came of it.
Rewordings are right in more ways than one, so impolite drafts that come across as more polite to the
product's scorer count as much as wanted changes that are made. The floor of single changes and the margin of
errors where corrections were made are those with the best F0.5 of mended errors and share of the calmed,
added. Paragraphs are blunt enough for courtesies up to where the first clean text would be given one.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, astuple, dataclass, field, replace
from itertools import product
from pathlib import Path

import numpy as np

from smartform.alignment import Change, changes
from smartform.courtesy import agreed
from smartform.edit_kinds import ERRORS, RAISED, kind_of
from smartform.engines.base import Judge, Rewriter, Rewritten, never
from smartform.engines.llama import LlamaEngine
from smartform.engines.load import checker, text_engine, tone_scorer
from smartform.errors import WeightsError
from smartform.mail_policy import ANY, MailPolicy, Weights, features
from smartform.mail_prompts import RevisionPrompt
from smartform.mending import Judged, chosen, corrections, faultiness, judged, mended, weighed
from smartform.protect import protected
from smartform.results import Span
from smartform.revision import Amount, Edit, EditKind, ProofreadOptions, Revision
from smartform.settings import Settings
from smartform.tone import Politeness, ToneScorer
from smartform.vetting import gain, rewords, vet
from training.calibrate import ridge_logistic
from training.config import TrainConfig, parse_arguments
from training.email_data import heard, load, written
from training.rewrites import Rewrite
from training.targets import read_rows
from training.train_forms import is_held_out
from training.word_edits import Edit as WordEdit
from training.word_edits import EditCounts, edits, tokens

LEFT_ALONE = 0.95
"""The least share of the clean texts that must stay as they are."""

CAUTIONS = (0.0,)
MARGINS = (0.0, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0)
"""Nats that are tried."""

RISES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0, 3.0)
"""Politeness gained that is tried as reason enough; the last is never reached."""

BARS = (0.6, 0.5, 0.4, 0.35, 0.3, 0.25, 0.2, 0.15, 0.1)
"""Chances that are tried for corrections."""

FAULTY = (0.0, 0.4, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9)
"""Chances that are tried for there being an error at all."""

LEFT_UNCORRECTED = 0.99
"""The least share of the clean texts in which nothing is corrected."""

FLOORS = (0.0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4)
"""Probabilities that are tried."""

MINED = "harper:"
"""What the ids of examples begin with that were mined from the checker's own tests."""

POLICY = Path(__file__).resolve().parents[1] / "smartform" / "email_policy.json"


@dataclass(frozen=True)
class Made:
    """What was made of an example.

    Args:
        changed: whether anything is other than in the draft.
        right: how many of the wanted changes it has.
        errors: its changes of spelling and grammar, compared with those wanted.
        rise: by how much more polite than an impolite draft it comes across.
    """

    changed: bool = False
    right: int = 0
    errors: EditCounts = field(default_factory=EditCounts)
    rise: float = 0.0


@dataclass(frozen=True)
class Revised:
    """One held-out example, corrected and revised.

    Args:
        clean: whether nothing was to change.
        impolite: whether the prompt says that the draft is impolite.
        wanted: how many changes are.
        corrected: what the proposed corrections make of it.
        revised: what the revision, vetted, makes of that.
        gain: nats by which it is likelier than the corrected draft, for each token of its changes.
        rewords: whether it chooses other words besides mending errors.
    """

    clean: bool
    impolite: bool
    wanted: int
    corrected: Made
    revised: Made
    gain: float
    rewords: bool

    def taken(self, policy: MailPolicy) -> bool:
        """Whether a policy lets it be revised so."""
        if self.rewords and self.impolite and self.revised.rise >= policy.rise:
            return True
        rewording = policy.impolite if self.impolite else policy.rewording
        errors = policy.erring if self.corrected.changed else policy.errors
        return self.gain > (rewording if self.rewords else errors)

    def made(self, policy: MailPolicy) -> Made:
        """What a policy makes of it."""
        return self.revised if self.taken(policy) else self.corrected


@dataclass(frozen=True)
class Outcome:
    """What a policy comes to.

    Args:
        left_alone: share of the clean texts that stay as they are.
        corrected: share of the wanted changes that are made.
        calmed: share of the impolite drafts to be said otherwise that come across as more polite.
        f_half: F0.5 of the changes of spelling and grammar.
    """

    policy: MailPolicy
    left_alone: float
    corrected: float
    calmed: float
    f_half: float


def main(argv: Sequence[str] | None = None) -> None:
    config, _ = parse_arguments(argv, "Fit the e-mail policy on held-out examples.")
    settings = Settings.from_environment()
    engine = text_engine(settings)
    if not isinstance(engine, LlamaEngine):
        raise WeightsError("This engine does not revise mails.", "Set SMARTFORM_ENGINE to 'local'.")
    scorer = tone_scorer(settings)
    held = held_out(config, scorer)

    # Bar
    proposing = checker()
    proposed = [judged(proposing, engine, example.prompt, frozenset(), never) for example in held]
    correcting = fitted_bar(held, proposed, fitted_weights(held, proposed))
    correcting = replace(correcting, abrupt=fitted_abrupt(held, engine, scorer))

    def again(prompt: RevisionPrompt) -> list[Judged]:
        return judged(proposing, engine, prompt, frozenset(), never)

    first = [corrected(*pair, correcting, again) for pair in zip(held, proposed, strict=True)]

    def judge(made: Sequence[Rewritten], floor: float = 0.0) -> list[Revised]:
        return [revised(*each, scorer, floor) for each in zip(held, first, made, strict=True)]

    # Caution and margins
    outcomes, made = [], {}
    for caution in CAUTIONS:
        pairs = zip(held, first, strict=True)
        made[caution] = [rewrite(engine, example, caution, edits) for example, edits in pairs]
        found = judge(made[caution])
        numbers = product(MARGINS, MARGINS, MARGINS, RISES)
        policies = (_policy(correcting, caution, *four) for four in numbers)
        outcomes += [outcome(policy, found) for policy in policies]
        told(best([one for one in outcomes if one.policy.caution == caution]))
    policy = best(outcomes).policy

    # Floor, and the margin where corrections were made
    floors = {floor: judge(made[policy.caution], floor) for floor in FLOORS}
    policy = surest([told(outcome(replace(policy, floor=f), found)) for f, found in floors.items()]).policy
    erring = [told(outcome(replace(policy, erring=margin), floors[policy.floor])) for margin in MARGINS]
    chosen = surest(leaving(erring, LEFT_ALONE))
    print(f"chosen: {chosen}")
    fitted = {"fitted_on": f"{len(held)} held-out texts", **asdict(chosen.policy)}
    POLICY.write_text(json.dumps(fitted, indent=1) + "\n", encoding="utf-8")


def held_out(config: TrainConfig, scorer: ToneScorer) -> list[Rewrite]:
    """What nothing was learnt from, each draft once for each amount that may be changed."""
    kept = heard(written(read_rows(config.calibration), config.seed), scorer, config.seed)
    found = [e for e in load(config, scorer) if is_held_out(e, config.holdout)] + kept
    return list({(e.draft, e.amount): e for e in found}.values())


def fitted_abrupt(held: Sequence[Rewrite], judge: Judge, scorer: ToneScorer) -> float:
    """The highest politeness, in tenths and at most 0, up to which no clean text would get a courtesy."""
    clean = [e for e in held if e.amount is not Amount.ERRORS and not changes(e.draft, e.revision)]
    touched = [e.draft for e in clean if agreed(judge, e.prompt, frozenset())]
    lowest = min((tone.politeness_score for tone in scorer.score(touched)), default=1.0)
    abrupt = max(-1.0, min(0.0, (math.ceil(10 * lowest) - 1) / 10))
    print(f"{len(touched)} of {len(clean)} clean texts with courtesies, none up to {abrupt:.1f}", flush=True)
    return abrupt


def fitted_weights(held: Sequence[Rewrite], proposed: Sequence[Sequence[Judged]]) -> Weights:
    """What tells how likely a proposal is right: that all it changes is changed so in the revision, too."""
    design: list[tuple[float, ...]] = []
    right: list[bool] = []
    for example, found in zip(held, proposed, strict=True):
        wanted = _word_edits(example.draft, example.revision)
        for one in found if not example.id.startswith(MINED) else ():
            told = features(one.proposal, one.preference)
            if told is not None:
                made = _word_edits(example.draft, one.proposal.applied(example.draft))
                design.append(told)
                right.append(bool(made) and made <= wanted)
    fitted = ridge_logistic(np.array(design), np.array(right, dtype=float), np.array(astuple(Weights())))
    weights = Weights(*(round(float(number), 3) for number in fitted))
    print(f"{len(right)} proposals, {sum(right)} of them right: {weights}", flush=True)
    return weights


def fitted_bar(held: Sequence[Rewrite], proposed: Sequence[Sequence[Judged]], weights: Weights) -> MailPolicy:
    """Which corrections are made: those that alone have the best F0.5 and leave enough clean texts alone."""
    tried = [(0.0, MailPolicy(weights=weights))]
    pairs = [pair for pair in zip(held, proposed, strict=True) if not pair[0].id.startswith(MINED)]
    faults = [faultiness(weighed(found, weights)) for _, found in pairs]
    untouched = [made_of(example, example.draft) for example, _ in pairs]
    clean = [not changes(example.draft, example.revision) for example, _ in pairs]
    for bar in BARS:
        bold = MailPolicy(bar=bar, weights=weights)
        firsts = [Revision(e.draft, first_round(e, found, bold)).text for e, found in pairs]
        after = [made_of(example, text) for (example, _), text in zip(pairs, firsts, strict=True)]
        for faulty in FAULTY:
            made = [
                one if fault > faulty else none
                for one, none, fault in zip(after, untouched, faults, strict=True)
            ]
            left = [not one.changed for one, is_clean in zip(made, clean, strict=True) if is_clean]
            share = sum(left) / len(left) if left else 1.0
            errors = sum((one.errors for one in made), EditCounts())
            if share >= LEFT_UNCORRECTED:
                tried.append((errors.f_half, replace(bold, faulty=faulty)))
            print(
                f"bar {bar:.2f}, faulty {faulty:.2f}: P {errors.precision:.3f}, R {errors.recall:.3f},"
                f" F0.5 {errors.f_half:.3f}, left alone {share:.3f} of {len(left)}",
                flush=True,
            )
    return max(tried, key=lambda pair: pair[0])[1]


def corrected(
    example: Rewrite,
    found: Sequence[Judged],
    policy: MailPolicy,
    again: Callable[[RevisionPrompt], Sequence[Judged]],
) -> tuple[Edit, ...]:
    """What a policy corrects of an example.

    Args:
        found: what is proposed for its draft, judged.
        again: tells what is proposed for what was corrected.
    """

    def ask(prompt: RevisionPrompt) -> Sequence[Judged]:
        return found if prompt.text == example.prompt.text else again(prompt)

    return corrections(example.draft, example.prompt, ask, policy, example.amount)


def first_round(example: Rewrite, found: Sequence[Judged], policy: MailPolicy) -> tuple[Edit, ...]:
    """The proposed corrections of an example's draft that pass a policy's bar."""
    draft = example.draft
    return mended(draft, example.prompt, chosen(found, policy), protected(draft), example.amount)


def _policy(
    correcting: MailPolicy, caution: float, errors: float, rewording: float, impolite: float, rise: float
) -> MailPolicy:
    """One that corrects so, with the same margin of errors whether anything was corrected or not."""
    return replace(
        correcting, caution=caution, errors=errors, rewording=rewording, impolite=impolite, rise=rise,
        erring=errors,
    )  # fmt: skip


def _word_edits(draft: str, text: str) -> frozenset[WordEdit]:
    return edits(tokens(draft), tokens(text))


def rewrite(rewriter: Rewriter, example: Rewrite, caution: float, first: Sequence[Edit] = ()) -> Rewritten:
    """Revise one example, so corrected."""
    prompt = replace(example.prompt, text=Revision(example.draft, tuple(first)).text)
    return rewriter.rewrite(prompt, ProofreadOptions(amount=example.amount), caution=caution)


def impolite(example: Rewrite) -> bool:
    """Whether the prompt says that the draft is impolite."""
    return example.manner[0] == Politeness.IMPOLITE


def revised(
    example: Rewrite, first: Sequence[Edit], rewritten: Rewritten, scorer: ToneScorer, floor: float = 0.0
) -> Revised:
    """Vet and judge the revision of one example, so corrected; no margin is asked for."""
    source = Revision(example.draft, tuple(first)).text
    vetted = vet(
        source,
        rewritten,
        protected(source),
        amount=example.amount,
        rewording=EditKind.TONE,
        margins=ANY,
        floor=floor,
    )
    text = Revision(source, vetted.edits).text
    likelier = gain(source, rewritten)
    return Revised(
        clean=not changes(example.draft, example.revision),
        impolite=impolite(example),
        wanted=len(changes(example.draft, example.revision)),
        corrected=made_of(example, source, scorer),
        revised=made_of(example, text, scorer),
        gain=math.inf if likelier is None else likelier,
        rewords=rewords(source, rewritten),
    )


def made_of(example: Rewrite, text: str, scorer: ToneScorer | None = None) -> Made:
    """A text, compared with what was wanted of an example."""
    draft = example.draft
    wanted, made = changes(draft, example.revision), changes(draft, text)
    rude = scorer is not None and impolite(example) and text != draft
    return Made(
        changed=bool(made),
        right=len(_places(wanted) & _places(made)),
        errors=_compared(_errors(draft, wanted), _errors(draft, made)),
        rise=rise(draft, text, scorer) if scorer is not None and rude else 0.0,
    )


def rise(draft: str, text: str, scorer: ToneScorer) -> float:
    """By how much more polite than the draft a text comes across."""
    before, after = scorer.score([draft, text])
    return after.politeness_score - before.politeness_score


def outcome(policy: MailPolicy, examples: Sequence[Revised]) -> Outcome:
    """What a policy comes to with examples vetted by its floor."""
    clean = [example for example in examples if example.clean]
    made = [example.made(policy) for example in examples]
    left = sum(not example.made(policy).changed for example in clean)
    right, wanted = sum(one.right for one in made), sum(example.wanted for example in examples)
    rude = [example for example in examples if example.impolite and not example.clean]
    calmed = sum(example.made(policy).rise >= RAISED for example in rude) / max(1, len(rude))
    errors = sum((one.errors for one in made), EditCounts())
    return Outcome(policy, left / max(1, len(clean)), right / max(1, wanted), calmed, errors.f_half)


def told(found: Outcome) -> Outcome:
    """Print an outcome."""
    policy = found.policy
    print(
        f"caution {policy.caution:.1f}, margins of errors {policy.errors:.2f}, of rewording"
        f" {policy.rewording:.2f}, impolite {policy.impolite:.2f}, rise {policy.rise:.1f},"
        f" floor {policy.floor:.2f}, erring {policy.erring:.2f}:"
        f" left alone {found.left_alone:.3f}, corrected {found.corrected:.3f}, calmed {found.calmed:.3f},"
        f" F0.5 {found.f_half:.3f}",
        flush=True,
    )
    return found


def best(outcomes: Sequence[Outcome]) -> Outcome:
    """Of those that leave enough alone, the one that corrects and calms most, the two shares added."""
    careful = leaving(outcomes, LEFT_ALONE)
    return max(careful, key=lambda o: (o.corrected + o.calmed, [-number for number in _numbers(o.policy)]))


def leaving(outcomes: Sequence[Outcome], share: float) -> list[Outcome]:
    """Those that leave so many of the clean texts alone; where none does, those that leave most."""
    least = min(share, max(one.left_alone for one in outcomes))
    return [one for one in outcomes if one.left_alone >= least]


def _numbers(policy: MailPolicy) -> tuple[float, ...]:
    return policy.caution, policy.errors, policy.rewording, policy.impolite, -policy.rise


def surest(outcomes: Sequence[Outcome]) -> Outcome:
    """The one that mends and calms best, F0.5 and the share of the calmed added; among equals the lowest
    floor and the highest margin where corrections were made."""
    return max(outcomes, key=lambda o: (o.f_half + o.calmed, -o.policy.floor, o.policy.erring))


def _places(made: Iterable[Change]) -> set[tuple[Span, str]]:
    return {(change.span, change.text) for change in made}


def _errors(draft: str, made: Iterable[Change]) -> set[tuple[Span, str]]:
    """The changes of spelling and grammar."""
    return {
        (span, text)
        for span, text in _places(made)
        if kind_of(draft[span.start : span.end], text, EditKind.TONE) in ERRORS
    }


def _compared(wanted: set[tuple[Span, str]], made: set[tuple[Span, str]]) -> EditCounts:
    return EditCounts(right=len(wanted & made), given=len(made), missed=len(wanted - made))


if __name__ == "__main__":
    main()
