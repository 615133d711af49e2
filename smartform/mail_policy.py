"""When a mail is revised at all: by how much a revision must be likelier than the draft as it stands.

The numbers are fitted on held-out examples (`python -m training.calibrate_email`) and stored in
`email_policy.json`; nothing here is set by hand.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class MailPolicy:
    """Numbers in nats, but for the floor.

    Args:
        caution: how much likelier than the draft's own next token another one must be to be written.
        margin: how much likelier than the unchanged paragraph the revision must be, for each token
            that makes up its changes.
        floor: least probability of a single change, the geometric mean over its tokens: less sure ones
            are left out, so that they do not spoil the others.
    """

    caution: float = 0.0
    margin: float = 0.0
    floor: float = 0.0


@cache
def shipped() -> MailPolicy:
    """The policy fitted for the shipped e-mail adapter."""
    data = json.loads(files("smartform").joinpath("email_policy.json").read_text(encoding="utf-8"))
    return MailPolicy(data["caution"], data["margin"], data["floor"])
