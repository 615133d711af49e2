"""`Example`: one text with a form and what each branch must write. All data sets are read into it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

from smartform.constraints import is_copied
from smartform.prompts import NO_DATA, cell_name, row_names
from smartform.schema import Field, FormSpec


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
        strays: group name → what was taken for its rows' names and is none.
        checks: group name → what is found, each as a row whose first sub-field's branch must write the
            whole name; NO_DATA where it names no row.
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
    strays: dict[str, tuple[str, ...]] = field(default_factory=dict)
    checks: dict[str, tuple[RowTarget, ...]] = field(default_factory=dict)

    def branches(self) -> list[tuple[str, str]]:
        """(branch, line it must write) of every taught field, then of every cell, period and check."""
        return [(name, line) for name, line, _ in self._taught()]

    def copied(self) -> list[bool]:
        """Whether a branch's line is a piece of the text as it stands there, in the order of `branches`."""
        return [line != NO_DATA and is_copied(asked) for _, line, asked in self._taught()]

    def _taught(self) -> Iterator[tuple[str, str, Field]]:
        fields = {asked.name: asked for asked in self.form.fields}
        for name, asked in fields.items():
            if name in self.targets:
                yield name, self.targets[name], asked
        for group, rows in [*self.rows.items(), *self.periods.items(), *self.checks.items()]:
            cells = {sub.name: sub for sub in fields[group].fields}
            names = row_names(group, [row.naming for row in rows])
            for name, row in zip(names, rows, strict=True):
                for sub, line in row.targets.items():
                    yield cell_name(name, sub), line, cells[sub]
