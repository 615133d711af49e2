"""The shipped e-mail adapter through the proofreader."""

from __future__ import annotations

from math import inf

from smartform.engines import load
from smartform.mail_policy import MailPolicy
from smartform.proofread import Proofreader
from smartform.revision import Amount, ProofreadOptions, Revision
from smartform.settings import Settings

DRAFT = (
    "I has recieved the the parcel yesterday, but two of the books was damaged and nobody answer to my mails."
    " Please tell me wich informations you needs for send the new ones until friday."
)


def test_the_floor_leaves_out_the_changes_the_model_is_unsure_of() -> None:
    engine = load.text_engine(Settings(threads=1))

    def revise(floor: float) -> Revision:
        reader = Proofreader(
            engine, None, MailPolicy(errors=-inf, rewording=-inf, impolite=-inf, floor=floor)
        )
        return reader.proofread(DRAFT, ProofreadOptions(amount=Amount.REWRITE))

    whole = revise(0.0)
    chances = [edit.probability or 0.0 for edit in whole.edits]
    assert len(set(chances)) > 1
    floor = (min(chances) + max(chances)) / 2
    sure = revise(floor)
    assert sure.edits == tuple(edit for edit in whole.edits if (edit.probability or 0.0) >= floor)
    assert 0 < len(sure.edits) < len(whole.edits)
