"""Fit how much likelier than the draft a revision must be, so that clean mails are left alone, and how
sure the model must be of a single change.

    python -m training.calibrate_email --config training/configs/email.yaml

Uses the examples that the run held out of training and those of its `calibration` files, never the
evaluation files, and writes `smartform/email_policy.json`. Each example is revised once for each caution,
through the product's own vetting; all combinations of margins and rise are then tried on what came of it.
Rewordings are right in more ways than one, so impolite drafts that come across as more polite to the
product's scorer count as much as wanted changes that are made. The floor of single changes is the one whose
mended errors have the best F0.5.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import product
from pathlib import Path

from smartform.alignment import Change, changes
from smartform.edit_kinds import ERRORS, RAISED, kind_of
from smartform.engines.base import Rewriter, Rewritten
from smartform.engines.load import text_engine, tone_scorer
from smartform.errors import WeightsError
from smartform.mail_policy import ANY, MailPolicy
from smartform.protect import protected
from smartform.results import Span
from smartform.revision import EditKind, ProofreadOptions, Revision
from smartform.settings import Settings
from smartform.tone import Politeness, ToneScorer
from smartform.vetting import gain, rewords, vet
from training.config import TrainConfig, parse_arguments
from training.email_data import heard, load, written
from training.rewrites import Rewrite
from training.targets import read_rows
from training.train_forms import is_held_out
from training.word_edits import EditCounts

LEFT_ALONE = 0.95
"""The least share of the clean texts that must stay as they are."""

CAUTIONS = (0.0,)
MARGINS = (0.0, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0)
"""Nats that are tried."""

RISES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0, 3.0)
"""Politeness gained that is tried as reason enough; the last is never reached."""

FLOORS = (0.0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4)
"""Probabilities that are tried."""

POLICY = Path(__file__).resolve().parents[1] / "smartform" / "email_policy.json"


@dataclass(frozen=True)
class Revised:
    """One held-out example, revised.

    Args:
        clean: whether nothing was to change.
        changed: whether the revision, vetted, changes something.
        gain: nats by which it is likelier than the draft, for each token of its changes.
        rewords: whether it chooses other words besides mending errors.
        impolite: whether the prompt says that the draft is impolite.
        rise: by how much more polite than an impolite draft it comes across.
        right: how many of the wanted changes it makes, of `wanted`.
        errors: its changes of spelling and grammar, compared with those wanted.
    """

    clean: bool
    changed: bool
    gain: float
    rewords: bool
    impolite: bool
    rise: float
    right: int
    wanted: int
    errors: EditCounts

    def taken(self, policy: MailPolicy) -> bool:
        """Whether a policy lets it be revised so."""
        if self.rewords and self.impolite and self.rise >= policy.rise:
            return True
        rewording = policy.impolite if self.impolite else policy.rewording
        return self.gain > (rewording if self.rewords else policy.errors)


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
    if not isinstance(engine, Rewriter):
        raise WeightsError("This engine does not revise mails.", "Set SMARTFORM_ENGINE to 'local'.")
    scorer = tone_scorer(settings)
    held = held_out(config, scorer)

    def judged(made: Sequence[Rewritten], floor: float = 0.0) -> list[Revised]:
        return [revised(*pair, scorer, floor) for pair in zip(held, made, strict=True)]

    # Caution and margins
    outcomes, made = [], {}
    for caution in CAUTIONS:
        made[caution] = [rewrite(engine, example, caution) for example in held]
        found = judged(made[caution])
        numbers = product(MARGINS, MARGINS, MARGINS, RISES)
        outcomes += [outcome(MailPolicy(caution, *four), found) for four in numbers]
        told(best([one for one in outcomes if one.policy.caution == caution]))
    policy = best(outcomes).policy

    # Floor
    floored = [
        told(outcome(replace(policy, floor=floor), judged(made[policy.caution], floor))) for floor in FLOORS
    ]
    chosen = surest(floored)
    print(f"chosen: {chosen}")
    fitted = {"fitted_on": f"{len(held)} held-out texts", **asdict(chosen.policy)}
    POLICY.write_text(json.dumps(fitted, indent=1) + "\n", encoding="utf-8")


def held_out(config: TrainConfig, scorer: ToneScorer) -> list[Rewrite]:
    """What nothing was learnt from, each draft once for each amount that may be changed."""
    kept = heard(written(read_rows(config.calibration), config.seed), scorer, config.seed)
    found = [e for e in load(config, scorer) if is_held_out(e, config.holdout)] + kept
    return list({(e.draft, e.amount): e for e in found}.values())


def rewrite(rewriter: Rewriter, example: Rewrite, caution: float) -> Rewritten:
    """Revise one example."""
    return rewriter.rewrite(example.prompt, ProofreadOptions(amount=example.amount), caution=caution)


def impolite(example: Rewrite) -> bool:
    """Whether the prompt says that the draft is impolite."""
    return example.manner[0] == Politeness.IMPOLITE


def revised(example: Rewrite, rewritten: Rewritten, scorer: ToneScorer, floor: float = 0.0) -> Revised:
    """Vet and judge the revision of one example, no margin asked for."""
    draft = example.draft
    vetted = vet(
        draft,
        rewritten,
        protected(draft),
        amount=example.amount,
        rewording=EditKind.TONE,
        margins=ANY,
        floor=floor,
    )
    text = Revision(draft, vetted.edits).text
    wanted, made = changes(draft, example.revision), changes(draft, text)
    likelier = gain(draft, rewritten)
    return Revised(
        clean=not wanted,
        changed=bool(made),
        gain=math.inf if likelier is None else likelier,
        rewords=rewords(draft, rewritten),
        impolite=impolite(example),
        rise=rise(draft, text, scorer) if impolite(example) and text != draft else 0.0,
        right=len(_places(wanted) & _places(made)),
        wanted=len(wanted),
        errors=_compared(_errors(draft, wanted), _errors(draft, made)),
    )


def rise(draft: str, text: str, scorer: ToneScorer) -> float:
    """By how much more polite than the draft a text comes across."""
    before, after = scorer.score([draft, text])
    return after.politeness_score - before.politeness_score


def outcome(policy: MailPolicy, examples: Sequence[Revised]) -> Outcome:
    """What a policy comes to with examples vetted by its floor."""
    clean = [example for example in examples if example.clean]
    taken = [example for example in examples if example.taken(policy)]
    left = len(clean) - sum(example.clean and example.changed for example in taken)
    right, wanted = sum(example.right for example in taken), sum(example.wanted for example in examples)
    rude = [example for example in examples if example.impolite and not example.clean]
    calmed = sum(example.rise >= RAISED for example in rude if example.taken(policy)) / max(1, len(rude))
    errors = EditCounts()
    for example in examples:
        e = example.errors
        errors += e if example.taken(policy) else EditCounts(missed=e.right + e.missed)
    return Outcome(policy, left / max(1, len(clean)), right / max(1, wanted), calmed, errors.f_half)


def told(found: Outcome) -> Outcome:
    """Print an outcome."""
    policy = found.policy
    print(
        f"caution {policy.caution:.1f}, margins of errors {policy.errors:.2f}, of rewording"
        f" {policy.rewording:.2f}, impolite {policy.impolite:.2f}, rise {policy.rise:.1f},"
        f" floor {policy.floor:.2f}: left alone {found.left_alone:.3f}, corrected {found.corrected:.3f},"
        f" calmed {found.calmed:.3f}, F0.5 {found.f_half:.3f}",
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
    """The one whose mended errors are right most often and miss least, the lowest floor among equals."""
    return max(outcomes, key=lambda o: (o.f_half, -o.policy.floor))


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
