"""The REST routes of e-mails: `POST /api/v1/proofread` and `POST /api/v1/tone`."""

from __future__ import annotations

from typing import Any, Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field

from smartform.inputs import amount_from, clean, register_from
from smartform.rest_jobs import Run
from smartform.revision import DEFAULT_OPTIONS, ProofreadOptions
from smartform.service import MAX_TONE_CHARS, Service


class ProofreadRequest(BaseModel):
    """The draft of an e-mail and what may be done to it."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"draft": "Hi Tom,\n\nI has not recieved the invoice. Send it now!", "amount": "tone"}
            ]
        }
    )

    draft: str = Field(description="The e-mail as it was written.")
    amount: Literal["errors", "tone", "rewrite"] = Field(
        "tone", description="What may change: errors; errors and tone; or what is unclear as well."
    )
    tone: Literal["neutral", "warm", "firm"] = Field("neutral", description="How it shall sound.")
    temperature: float = Field(DEFAULT_OPTIONS.temperature, ge=0, le=2, description="0 decodes greedily.")
    top_p: float = Field(
        DEFAULT_OPTIONS.top_p, gt=0, le=1, description="Share of the probability drawn from."
    )
    max_tokens: int = Field(
        DEFAULT_OPTIONS.max_tokens, ge=1, le=4_096, description="Most tokens of a paragraph."
    )
    repetition_penalty: float = Field(
        DEFAULT_OPTIONS.repetition_penalty, ge=0.5, le=2, description="1 is none."
    )
    seed: int = Field(DEFAULT_OPTIONS.seed, ge=0, lt=2**32, description="Of sampling.")
    system_prompt: str = Field(
        "", max_length=2_000, description="Replaces the one of the model; may be empty."
    )

    def options(self) -> ProofreadOptions:
        """What was chosen."""
        return ProofreadOptions(
            amount_from(self.amount),
            register_from(self.tone),
            clean(self.system_prompt),
            self.temperature,
            self.top_p,
            self.max_tokens,
            self.repetition_penalty,
            self.seed,
        )


class ToneScores(BaseModel):
    """How a text comes across."""

    sentiment: str = Field(description="negative, neutral or positive.")
    sentiment_score: float = Field(description="-1, wholly negative, to 1, wholly positive.")
    politeness: str = Field(description="impolite, neutral or polite.")
    politeness_score: float = Field(description="-1, wholly impolite, to 1, wholly polite.")


class EditAnswer(BaseModel):
    """One change; draft[start:end] becomes the replacement."""

    span: tuple[int, int] = Field(description="Where it is made: draft[start:end].")
    original: str
    replacement: str
    kind: str = Field(description="spelling, grammar, clarity or tone.")
    probability: float | None = Field(description="That the change is right, 0 to 1; null where not known.")


class RefusedAnswer(BaseModel):
    """A piece that was left as it was."""

    span: tuple[int, int]
    reason: str


class RevisionAnswer(BaseModel):
    """A proofread e-mail."""

    revision: str = Field(description="The draft with every edit made.")
    changed: bool = Field(description="false where nothing needs to change: revision is then the draft.")
    edits: list[EditAnswer]
    tone_before: ToneScores | None
    tone_after: ToneScores | None
    refused: list[RefusedAnswer]
    seconds: float


class ToneRequest(BaseModel):
    """A text whose tone is asked for."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"text": "Thank you so much! Could you send it again?"}]}
    )

    text: str = Field(description=f"At most {MAX_TONE_CHARS:,} characters.")
    weights: bool = Field(False, description="Whether to tell which words weigh most; takes longer.")


class SentenceTone(ToneScores):
    """The tone of a sentence."""

    span: tuple[int, int] = Field(description="Where it stands: text[start:end].")


class WordWeight(BaseModel):
    """How much a word moves the scores."""

    span: tuple[int, int] = Field(description="Where it stands: text[start:end].")
    sentiment: float
    politeness: float


class ToneAnswer(ToneScores):
    """The tone of a text, of its sentences and by which words."""

    language: str = Field(description="ISO 639-1 code, detected.")
    sentences: list[SentenceTone]
    words: list[WordWeight] = Field(description="Heaviest first; empty unless weights were asked for.")


def add_mail(router: APIRouter, service: Service, run: Run) -> None:
    """Add the routes to `router`.

    Args:
        run: runs a job while its client waits.
    """

    @router.post("/proofread", response_model=RevisionAnswer)
    async def proofread(body: ProofreadRequest, request: Request) -> dict[str, Any]:
        """Proofread an e-mail: change what needs it, keep the rest to the character."""
        options = body.options()
        return await run(
            request, lambda cancel: service.proofread(body.draft, options, cancel=cancel).to_dict()
        )

    @router.post("/tone", response_model=ToneAnswer)
    async def tone(body: ToneRequest, request: Request) -> dict[str, Any]:
        """Tell how a text comes across: sentiment and politeness, of the whole and of each sentence."""
        return await run(
            request, lambda cancel: service.tone(body.text, weights=body.weights, cancel=cancel).to_dict()
        )
