"""When a mail is revised at all: by how much a revision must be likelier than the draft as it stands.

Mending errors and choosing other words are decided apart: a model that mends well may reword at will.
What comes across as impolite needs other words: a revision that comes across as much more polite is taken
there however likely it is, for all that it must keep (`smartform.vetting`).

The numbers are fitted on held-out examples (`python -m training.calibrate_email`) and stored in
`email_policy.json`; nothing here is set by hand.
"""

from __future__ import annotations

import json
import math
from dataclasses import astuple, dataclass, fields
from functools import cache
from importlib.resources import files

from smartform.engines.base import Preference, Proposal
from smartform.tone import Politeness, Tone


@dataclass(frozen=True, slots=True)
class Margins:
    """How much likelier than the unchanged paragraph its revision must be, in nats for each token that
    makes up its changes.

    Args:
        errors: where it mends spelling and grammar alone.
        rewording: where it chooses other words, too.
    """

    errors: float = 0.0
    rewording: float = 0.0


NO_MARGINS = Margins()
ANY = Margins(-math.inf, -math.inf)
"""Lets every revision through."""

MOST_NATS = 10.0
"""What is still likelier, or less likely, tells no more."""


@dataclass(frozen=True, slots=True)
class Weights:
    """A logistic regression that tells how likely a proposed correction is right.

    Args:
        asked, plain: of a nat of `Preference`, which counts up to `MOST_NATS`.
        known, put_in, taken_out: of a proposal that a rule or a dictionary makes, that only adds, or
            only takes away.
        bias: of every one.
    """

    asked: float = 1.0
    plain: float = 0.0
    known: float = 0.0
    put_in: float = 0.0
    taken_out: float = 0.0
    bias: float = 0.0

    def chance(self, proposal: Proposal, preference: Preference) -> float:
        """How likely it is that a person would correct so; 0 where it is out of the question."""
        told = features(proposal, preference)
        if told is None:
            return 0.0
        return 1 / (1 + math.exp(-sum(w * x for w, x in zip(astuple(self), told, strict=True))))


def features(proposal: Proposal, preference: Preference) -> tuple[float, ...] | None:
    """What `Weights` weigh, in their order; None where the proposal is out of the question."""
    if preference.plain is None:
        return None
    nats = (max(-MOST_NATS, min(MOST_NATS, n)) for n in (preference.asked, preference.plain))
    put_in = proposal.span.start == proposal.span.end
    return (*nats, float(proposal.known), float(put_in), float(not proposal.replacement), 1.0)


@dataclass(frozen=True, slots=True)
class MailPolicy:
    """Numbers in nats, but for the rise and the probabilities: floor, faulty and bar.

    Args:
        caution: how much likelier than the draft's own next token another one must be to be written.
        errors, rewording: as `Margins` has them.
        impolite: the margin of rewording where the paragraph comes across as impolite.
        rise: by how much more polite, from -1 to 1, its revision must come across there to need no margin.
        abrupt: a paragraph whose politeness, from -1 to 1, is at most this may be given courtesies though it
            does not count as impolite.
        floor: least probability of a single change, the geometric mean over its tokens: less sure ones
            are left out, so that they do not spoil the others.
        faulty: how likely a paragraph must have an error for any proposed correction to be made in it.
        bar: how likely right each must be.
        weights: what tells how likely that is.
        erring: the margin of errors where one was made: the paragraph is known to have some.
    """

    caution: float = 0.0
    errors: float = 0.0
    rewording: float = 0.0
    impolite: float = 0.0
    rise: float = math.inf
    abrupt: float = -1.0
    floor: float = 0.0
    faulty: float = 0.0
    bar: float = math.inf
    weights: Weights = Weights()
    erring: float = 0.0

    def margins(self, tone: Tone | None, *, corrected: bool) -> Margins:
        """What is asked of a paragraph's revision.

        Args:
            tone: how the paragraph comes across; None where that is not known.
            corrected: whether proposed corrections were made in it.
        """
        errors = self.erring if corrected else self.errors
        return Margins(errors, self.impolite if is_rude(tone) else self.rewording)

    def calms(self, before: Tone | None, after: Tone | None) -> bool:
        """Whether a paragraph's revision comes across as so much more polite that it is taken, or enough."""
        if before is None or after is None:
            return False
        return after.politeness_score - before.politeness_score >= self.rise

    def grates(self, tone: Tone | None) -> bool:
        """Whether a paragraph comes across as impolite or nearly so."""
        return is_rude(tone) or (tone is not None and tone.politeness_score <= self.abrupt)


def is_rude(tone: Tone | None) -> bool:
    """Whether a text comes across as impolite, as far as is known."""
    return tone is not None and tone.manner is Politeness.IMPOLITE


@cache
def shipped() -> MailPolicy:
    """The policy fitted for the shipped e-mail adapter."""
    data = json.loads(files("smartform").joinpath("email_policy.json").read_text(encoding="utf-8"))
    data["weights"] = Weights(**data["weights"])
    return MailPolicy(**{field.name: data[field.name] for field in fields(MailPolicy)})
