"""What the verbs share: the application, common options, and how results and messages are written."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from skinmet.problems import Problem

app = typer.Typer(
    add_completion=False, no_args_is_help=True, rich_markup_mode=None, pretty_exceptions_enable=False
)


Root = Annotated[
    Path | None,
    typer.Option(exists=True, file_okay=False, help="The project's folder; else found from where you are."),
]


class Format(StrEnum):
    """How findings are written."""

    text = "text"
    json = "json"


def show(lines: Iterable[Problem | str], stream) -> None:
    """Each on a line; signs that would steer the terminal are made harmless."""
    for line in lines:
        # a broken file may hold signs that would steer the terminal
        print(re.sub(r"[\x00-\x1f\x7f-\x9f]", "?", str(line)), file=stream)


def print_json(report, **more) -> None:
    """A report as JSON on stdout."""
    print(json.dumps({**more, **asdict(report)}, ensure_ascii=False, indent=1, default=str))


def say(message: str) -> None:
    """A message to the person, on stderr."""
    print(message, file=sys.stderr)


def count(number: int, noun: str) -> str:
    """ "1 row", "2,513 rows"."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")
