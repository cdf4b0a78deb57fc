"""The guided form: asks for the cells of a row one by one, and checks each answer at once."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from skinmet.problems import Problem
from skinmet.review import agreement, cells, rules, tables
from skinmet.review.rows import Names, NewRow
from skinmet.review.tables import Column, Row, Table

HELP = (
    "Enter leaves a cell empty. ? explains the column, < goes back to the one before, quit ends without "
    "writing. Take no figure from memory: what you don't read in the work stays empty."
)


class Quit(Exception):
    """The person ended the form."""


class Form:
    """One table's form.

    ask: shows a question and returns the answer; raises EOFError or KeyboardInterrupt where a person ends.
    say: shows a line. keys: the keys one may point at, those about to be added among them.
    """

    def __init__(
        self,
        folder: Path,
        described: dict[str, Table],
        table: Table,
        keys: cells.Keys,
        ask: Callable[[str], str],
        say: Callable[[str], None],
    ):
        self._table, self._keys, self._ask, self._say = table, keys, ask, say
        self._corrections = rules.Corrections(described.get(agreement.CORRECTIONS))
        self._meaning = _meanings(folder, table)

    def row(self, key: str | None, names: Names) -> NewRow:
        """Ask for one row. key: the work it is about, where that is settled. Raises Quit."""
        given = {"citekey": key} if key and any(c.name == "citekey" for c in self._table.columns) else {}
        if names.made:
            given[self._table.key] = ""
        columns = [column for column in self._table.columns if column.name not in given]
        answers = dict(given)
        place = 0
        while place < len(columns):
            column = columns[place]
            answer = self._answer(f"[{place + 1}/{len(columns)}] {_question(column)}: ")
            if answer == "?":
                self._explain(column)
            elif answer == "<":
                place = max(0, place - 1)
                answers.pop(columns[place].name, None)
            else:
                answers[column.name] = answer
                problems = self.problems(answers, column.name) + self._used(column, answer, names)
                for problem in problems:
                    value = "" if problem.value is None else f" ({problem.value})"
                    self._say(f"  {problem.column}: {problem.found}{value}: {problem.remedy}")
                if problems:
                    del answers[column.name]
                else:
                    place += 1
        return NewRow({column.name: answers[column.name] for column in self._table.columns})

    def yes(self, question: str, enter: bool) -> bool:
        """Ask a question that is answered with y or n; `enter` is what Enter means. Raises Quit."""
        choice = "[Y/n]" if enter else "[y/N]"
        while (answer := self._answer(f"{question} {choice} ").lower()) not in ("", "y", "yes", "n", "no"):
            self._say("  answer y or n")
        return answer.startswith("y") if answer else enter

    def problems(self, answers: dict[str, str], column: str) -> list[Problem]:
        """What is wrong with the answer for `column`, alone and beside the answers before it."""
        one = self._part({column: answers[column]})
        problems = cells.check(one)
        problems += self._keys.check(one)
        if not problems:
            problems += rules.check(self._part(answers), self._corrections)
        return problems

    def _used(self, column: Column, answer: str, names: Names) -> list[Problem]:
        if column.name != self._table.key or answer not in names.used:
            return []
        remedy = "choose another; no name is used twice"
        return [Problem(self._table.file, "this name is or was used", remedy, None, column.name, answer)]

    def _part(self, answers: dict[str, str]) -> Table:
        """The table with these cells alone, in one row."""
        table, header = self._table, [c.name for c in self._table.columns if answers.get(c.name) is not None]
        row = Row(0, {name: answers[name] for name in header})
        return Table(table.name, table.columns, table.key, table.foreign, header, [row])

    def _answer(self, question: str) -> str:
        try:
            answer = self._ask(question).strip()
        except (EOFError, KeyboardInterrupt):
            raise Quit from None
        if answer.lower() == "quit":
            raise Quit
        return answer

    def _explain(self, column: Column) -> None:
        kind = {"integer": "a whole number", "number": "a number, with a point", "boolean": "true or false"}
        self._say(f"  {self._meaning.get(column.name) or 'No description in the schema.'}")
        need = "must be filled in" if column.required else "may be empty"
        self._say(f"  {kind.get(column.type, 'text')}; {need}")
        if column.allowed:
            self._say(f"  one of: {', '.join(column.allowed)}")
        if column.name in self._table.foreign:
            self._say(f"  a {self._table.foreign[column.name][1]} of {self._table.foreign[column.name][0]}")


def _question(column: Column) -> str:
    words = ""
    if column.allowed:
        words = ", ".join(column.allowed[:6]) + (", … (? shows all)" if len(column.allowed) > 6 else "")
    elif column.type != "string":
        words = {"boolean": "true, false"}.get(column.type, column.type)
    facts = "; ".join(filter(None, (words, "required" if column.required else "")))
    return column.name + (f" ({facts})" if facts else "")


def _meanings(folder: Path, table: Table) -> dict[str, str]:
    """What the package says of the table's columns."""
    package = json.loads((folder / tables.PACKAGE).read_text(encoding="utf-8"))
    entry = next(one for one in package["resources"] if one["path"] == table.file.removeprefix("data/"))
    return {field["name"]: str(field.get("description", "")) for field in entry["schema"]["fields"]}
