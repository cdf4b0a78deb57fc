"""How far the grading is, on stderr: a bar on a terminal, now and then a line elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

SECONDS = 10  # between two lines


@contextmanager
def shown() -> Iterator[Callable[[int, int], None]]:
    """Gives the function to call with how many are graded, of how many."""
    if sys.stderr.isatty():
        with _bar() as tick:
            yield tick
    else:
        yield _Lines()


@contextmanager
def _bar() -> Iterator[Callable[[int, int], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("grading"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task("grading", total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)


class _Lines:
    """The first and the last, and one every few seconds with an estimate of the time left."""

    def __init__(self):
        self._said: float | None = None
        self._first: tuple[float, int] | None = None  # result: what comes before it is the start of workers

    def __call__(self, done: int, total: int) -> None:
        now = time.monotonic()
        if self._said is None:
            already = f", {done} of them graded before" if done else ""
            print(f"{total} submissions to grade{already}", file=sys.stderr)
            self._said = now
            return
        started, before = self._first = self._first or (now, done)
        if done == total:
            print(f"graded {done} of {total}", file=sys.stderr)
        elif now - self._said >= SECONDS and done > before:
            self._said = now
            left = _words((now - started) / (done - before) * (total - done))
            print(f"graded {done} of {total}, about {left} left", file=sys.stderr)


def _words(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
