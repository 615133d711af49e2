"""A resume's text → JSON of one of two schemas, with the place in the text of every value.

A resume is a form (`form.json`) with two groups, read as any other form is; what is not in the
text is left out, and whether the text is a resume at all is a trained decision (`gate`).
"""

from smartform.resume.document import SCHEMAS, Document, document, validate
from smartform.resume.gate import Gate, shipped_gate
from smartform.resume.reader import Resume, ResumeReader, resume_form

__all__ = [
    "SCHEMAS",
    "Document",
    "Gate",
    "Resume",
    "ResumeReader",
    "document",
    "resume_form",
    "shipped_gate",
    "validate",
]
