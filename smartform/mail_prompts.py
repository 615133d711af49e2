"""What the proofreader asks of a model: a paragraph of a mail, how much to change, how it comes across.

The sole renderer, for the app, the training set and the evaluation, as `smartform.prompts` is for
forms. The rules come first and stay the same, so engines may keep them; the request, what stands
before the paragraph and the paragraph itself follow. The answer is the paragraph revised, ended by
the chat template's end of turn.
"""

from __future__ import annotations

from dataclasses import dataclass

from smartform.prompts import TEMPLATES, ChatFormat, Segment
from smartform.revision import Amount, Register
from smartform.tone import Tone

RULES = "Revise the text of an e-mail. Change only what needs it. Keep names, numbers and all facts."

CONTEXT_CHARS = 160
"""At most so much of what stands before the paragraph is shown."""

_CHANGE = {
    Amount.ERRORS: "errors",
    Amount.TONE: "errors, tone",
    Amount.REWRITE: "errors, tone, clarity",
}

_END_OF_TURN = {ChatFormat.GEMMA: "<end_of_turn>", ChatFormat.CHATML: "<|im_end|>"}


@dataclass(frozen=True, slots=True)
class RevisionPrompt:
    """One paragraph to revise, in parts.

    Args:
        system: the rules; the same for every paragraph.
        request: what to change, how it shall sound, how it comes across.
        before: the end of what stands before the paragraph; "" where there is nothing.
        text: the paragraph, untouched.
    """

    system: str
    request: str
    before: str
    text: str

    def prefix(self, chat: ChatFormat) -> tuple[list[Segment], list[Segment]]:
        """The prompt up to where the revision begins.

        Returns:
            Two lists of segments: the rules, which engines may cache; the request, the paragraph and what
            ends them.
        """
        opening, closing = TEMPLATES[chat]
        rules = [Segment(opening, True), Segment(self.system + "\n", False)]
        asked = [Segment(self._request, False), Segment(self.text, False), Segment(closing, True)]
        return rules, asked

    def messages(self) -> list[dict[str, str]]:
        """The prompt as OpenAI chat messages, for servers that apply their own template."""
        asked = self._request + self.text
        return [{"role": "system", "content": self.system}, {"role": "user", "content": asked}]

    @property
    def _request(self) -> str:
        before = f"BEFORE {self.before}\n" if self.before else ""
        return f"{self.request}\n{before}TEXT\n"


def revision_prompt(
    text: str,
    *,
    amount: Amount,
    register: Register = Register.NEUTRAL,
    tone: Tone | None = None,
    before: str = "",
    system: str = "",
) -> RevisionPrompt:
    """The prompt that asks for one paragraph's revision.

    Args:
        text: the paragraph, without the white space around it.
        tone: how it comes across; None where nobody has scored it.
        before: what stands before it, of which the end is shown.
        system: replaces the rules the adapter was trained with; "" keeps them.
    """
    manner = (tone.manner.value, tone.feeling.value) if tone else None
    return RevisionPrompt(system or RULES, request(amount, register, manner), _last_words(before), text)


def request(amount: Amount, register: Register, manner: tuple[str, str] | None) -> str:
    """The line that says what is wanted.

    Args:
        manner: politeness and sentiment of the paragraph, in words; None leaves them out.
    """
    wanted = f"CHANGE {_CHANGE[amount]}"
    if register is not Register.NEUTRAL:
        wanted += f" SOUND {register.value}"
    return wanted if manner is None else f"{wanted} TONE {manner[0]}, {manner[1]}"


def answer_end(chat: ChatFormat) -> Segment:
    """What ends a revision."""
    return Segment(_END_OF_TURN[chat], True)


def _last_words(before: str) -> str:
    """The end of `before` in one line, cut at a word."""
    line = " ".join(before.split())
    if len(line) <= CONTEXT_CHARS:
        return line
    return line[-CONTEXT_CHARS:].partition(" ")[2]
