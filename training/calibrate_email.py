"""Fit how much likelier than the draft a revision must be, so that clean mails are left alone.

    python -m training.calibrate_email --config training/configs/email.yaml

Uses the examples that the run held out of training, never the evaluation files, and writes
`smartform/email_policy.json`. Each example is revised once for each caution, through the product's own
vetting; margins are then tried on what came of it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from smartform.alignment import changes
from smartform.engines.base import Rewriter
from smartform.engines.load import text_engine, tone_scorer
from smartform.errors import WeightsError
from smartform.mail_policy import MailPolicy
from smartform.protect import protected
from smartform.revision import EditKind, ProofreadOptions, Revision
from smartform.settings import Settings
from smartform.vetting import gain, vet
from training.config import parse_arguments
from training.email_data import load
from training.rewrites import Rewrite
from training.train_forms import is_held_out

LEFT_ALONE = 0.97
"""The least share of the clean texts that must stay as they are."""

CAUTIONS = (0.0, 0.5)
MARGINS = (0.0, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0)
"""Nats that are tried."""

POLICY = Path(__file__).resolve().parents[1] / "smartform" / "email_policy.json"


@dataclass(frozen=True)
class Revised:
    """One held-out example, revised.

    Args:
        clean: whether nothing was to change.
        changed: whether the revision, vetted, changes something.
        gain: nats by which it is likelier than the draft, for each token of its changes.
        right: how many of the wanted changes it makes, of `wanted`.
    """

    clean: bool
    changed: bool
    gain: float
    right: int
    wanted: int


@dataclass(frozen=True)
class Outcome:
    """What a policy comes to: the share of clean texts left alone, and of wanted changes made."""

    policy: MailPolicy
    left_alone: float
    corrected: float


def main(argv: Sequence[str] | None = None) -> None:
    config, _ = parse_arguments(argv, "Fit the e-mail policy on held-out examples.")
    settings = Settings.from_environment()
    engine = text_engine(settings)
    if not isinstance(engine, Rewriter):
        raise WeightsError("This engine does not revise mails.", "Set SMARTFORM_ENGINE to 'local'.")
    examples = load(config, tone_scorer(settings))
    held = [example for example in examples if is_held_out(example, config.holdout)]
    outcomes = []
    for caution in CAUTIONS:
        found = list(try_margins(caution, [revised(engine, example, caution) for example in held]))
        outcomes += found
        for outcome in found:
            print(
                f"caution {caution:.1f} margin {outcome.policy.margin:.2f}:"
                f" left alone {outcome.left_alone:.3f}, corrected {outcome.corrected:.3f}",
                flush=True,
            )
    chosen = best(outcomes)
    print(f"chosen: {chosen}")
    fitted = {"fitted_on": f"{len(held)} held-out texts", **asdict(chosen.policy)}
    POLICY.write_text(json.dumps(fitted, indent=1) + "\n", encoding="utf-8")


def revised(rewriter: Rewriter, example: Rewrite, caution: float) -> Revised:
    """Revise one example, no margin asked for."""
    draft = example.draft
    rewritten = rewriter.rewrite(example.prompt, ProofreadOptions(amount=example.amount), caution=caution)
    vetted = vet(
        draft,
        rewritten,
        protected(draft),
        amount=example.amount,
        rewording=EditKind.TONE,
        margin=-float("inf"),
    )
    wanted = {(change.span, change.text) for change in changes(draft, example.revision)}
    text = Revision(draft, vetted.edits).text
    made = {(change.span, change.text) for change in changes(draft, text)}
    likelier = gain(draft, rewritten)
    return Revised(
        clean=not wanted,
        changed=bool(made),
        gain=float("inf") if likelier is None else likelier,
        right=len(wanted & made),
        wanted=len(wanted),
    )


def try_margins(caution: float, examples: Sequence[Revised]) -> Iterator[Outcome]:
    """What each margin comes to."""
    clean = [example for example in examples if example.clean]
    wanted = sum(example.wanted for example in examples)
    for margin in MARGINS:
        left = sum(not (example.changed and example.gain > margin) for example in clean)
        right = sum(example.right for example in examples if example.gain > margin)
        yield Outcome(MailPolicy(caution, margin), left / max(1, len(clean)), right / max(1, wanted))


def best(outcomes: Sequence[Outcome]) -> Outcome:
    """Of those that leave enough alone, the one that corrects most, the smallest numbers among equals.

    Where none leaves enough alone, the one that leaves most.
    """
    careful = [outcome for outcome in outcomes if outcome.left_alone >= LEFT_ALONE]
    if not careful:
        return max(outcomes, key=lambda o: (o.left_alone, o.corrected))
    return max(careful, key=lambda o: (o.corrected, -o.policy.caution, -o.policy.margin))


if __name__ == "__main__":
    main()
