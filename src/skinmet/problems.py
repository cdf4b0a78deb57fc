"""One shape for everything that can be wrong: where it is, what was found, what to do."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """A located finding.

    file: path relative to the project root. line: as a spreadsheet or an editor counts it (first line 1).
    column: name of the table column or BibTeX field. value: what stands there. found: what is wrong with
    it. remedy: what a person can do about it.
    """

    file: str
    found: str
    remedy: str
    line: int | None = None
    column: str | None = None
    value: object = None

    def __str__(self) -> str:
        where = self.file if self.line is None else f"{self.file}:{self.line}"
        column = f"[{self.column}] " if self.column else ""
        value = "" if self.value is None else f" ({_short(self.value)})"
        text = f"{where}: {column}{self.found}{value}: {self.remedy}"
        return " ".join(text.splitlines())  # one line, whatever a broken key or name holds


class SkinmetError(Exception):
    """Raised with every problem found, so that one run shows them all."""

    def __init__(self, *problems: Problem):
        self.problems = problems
        super().__init__("\n".join(str(p) for p in problems))


def _short(value: object, limit: int = 80) -> str:
    text = " ".join(str(value).split())
    return text if len(text) <= limit else text[: limit - 1] + "…"
