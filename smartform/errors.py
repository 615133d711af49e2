"""Every error the product raises on purpose.

    SmartFormError
    ├── InputError            something a person gave us; they can mend it
    │   ├── FormError         a form definition (JSON Schema, HTML, PDF, editor) cannot be used
    │   ├── ValueProblem      a field's value does not fit its type
    │   ├── TextError         the text to read cannot be used
    │   │   └── NotAResume    it does not look like a resume
    │   ├── DocumentError     a PDF, DOCX, … cannot be read
    │   └── AudioError        a recording cannot be read or holds no speech
    ├── EngineError           a model or a server failed
    │   ├── WeightsError      weights are missing, damaged or cannot be fetched
    │   └── RemoteError       an OpenAI-compatible server refused, failed or answered nonsense
    └── Cancelled             the person pressed cancel

`str(error)` says what is wrong; `error.hint` names the remedy. Both are shown to people,
so neither holds paths of the server, keys or tracebacks.
"""


class SmartFormError(Exception):
    """Root of the tree.

    Args:
        message: what is wrong, one sentence, for the person.
        hint: what to do about it, one sentence; empty where nothing can be done.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class InputError(SmartFormError):
    """Something the person gave us cannot be used as it is."""


class FormError(InputError):
    """A form definition cannot be used."""


class ValueProblem(InputError):
    """A value does not fit the type or the options of its field."""


class TextError(InputError):
    """The text to read cannot be used (empty, not text, too long)."""


class NotAResume(TextError):
    """A text does not look like a resume; the person may have it read all the same."""


class DocumentError(InputError):
    """A document cannot be read."""


class AudioError(InputError):
    """A recording cannot be read or holds no speech."""


class EngineError(SmartFormError):
    """A model or a server failed."""


class WeightsError(EngineError):
    """Weights are missing, damaged or cannot be fetched."""


class RemoteError(EngineError):
    """An OpenAI-compatible server refused, failed or answered nonsense."""


class Cancelled(SmartFormError):
    """The person cancelled the job."""
