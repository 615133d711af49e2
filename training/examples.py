"""`Example`: one text with a form and what each branch must write. All data sets are read into it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from smartform.prompts import cell_name, row_names
from smartform.schema import FormSpec


@dataclass(frozen=True)
class RowTarget:
    """One row of a group and what the branches of its cells must write.

    Args:
        naming: what names the row, as the group's own branch writes it.
        targets: sub-field name → the line its branch must write; those that no decoding reaches are left out.
    """

    naming: str
    targets: dict[str, str]


@dataclass(frozen=True)
class Example:
    """One training or held-out example.

    Args:
        id: unique over all data sets.
        lang: ISO 639-1 code of the text.
        style: kind of text (email, speech, document, …).
        form: the fields that are asked.
        text: what a person would paste or dictate.
        today: the day the text is read on; None where unknown.
        targets: field name → the one line its branch must write; NO_DATA where the text is silent.
            A group's is the list of what names its rows.
        rows: group name → its rows, in the order of the text.
        periods: group name → the periods of the text, in its order, each as a row whose first sub-field's
            branch must write what names the row of that time; NO_DATA where there is none.
    """

    id: str
    lang: str
    style: str
    form: FormSpec
    text: str
    today: date | None
    targets: dict[str, str]
    rows: dict[str, tuple[RowTarget, ...]] = field(default_factory=dict)
    periods: dict[str, tuple[RowTarget, ...]] = field(default_factory=dict)

    def branches(self) -> list[tuple[str, str]]:
        """(name of the branch, line it must write) of every taught field, then of every cell and period."""
        taught = [(f.name, self.targets[f.name]) for f in self.form.fields if f.name in self.targets]
        for group, rows in [*self.rows.items(), *self.periods.items()]:
            names = row_names(group, [row.naming for row in rows])
            for name, row in zip(names, rows, strict=True):
                taught += [(cell_name(name, sub), line) for sub, line in row.targets.items()]
        return taught
