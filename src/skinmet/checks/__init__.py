"""What the test cells of the exercises use: is an answer of the right kind, and what mistake is it?

Every function either returns the answer in a plain form or stops with an AssertionError whose one sentence
says what is wrong and what to do about it. Kinds come first: NaN, None or True never passes for a number.
"""

from skinmet.checks.answers import (
    choice,
    close,
    frame,
    function,
    interval,
    labels,
    matching,
    mistake,
    number,
    numbers,
    same_frame,
    same_numbers,
    text,
)
from skinmet.checks.drawings import axis_is_log, axis_title, figure, points

__all__ = [
    "axis_is_log",
    "axis_title",
    "choice",
    "close",
    "figure",
    "frame",
    "function",
    "interval",
    "labels",
    "matching",
    "mistake",
    "number",
    "numbers",
    "points",
    "same_frame",
    "same_numbers",
    "text",
]
