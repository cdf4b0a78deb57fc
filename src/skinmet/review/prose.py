"""Numbers in a notebook's text: evidence is computed, so prose may hold only numbers that are none.

A figure typed into a sentence goes on saying what the tables said last year. Figures belong in the output of
a code cell. What remains is listed here, each with the reason why it may stand.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from skinmet.problems import Problem

# No prose: code, formulas, addresses, markup. Taken out before the text is read.
NO_PROSE = tuple(
    re.compile(pattern, re.MULTILINE | re.DOTALL)
    for pattern in (
        r"^ {0,3}(```+|~~~+).*?(^ {0,3}\1|\Z)",  # fenced code
        r"`[^`\n]+`",  # code within a line: names of columns, rows, files
        r"\$\$.+?\$\$|(?<![\\$\w])\$(?! )[^$\n]+?(?<! )\$(?!\d)",  # formulas, as $1 - p$
        r"<!--.*?-->|</?[A-Za-z][^<>]*>",  # comments, tags with their attributes
        r"\]\([^)\n]*\)|^\s*\[[^\]\n]+\]:.*?$",  # addresses of links and pictures; the words of a link stay
        r"<?https?://[^\s>)]+>?",  # addresses that stand for themselves
    )
)

# Numbers that are no evidence, tried in this order.
ALLOWED = tuple(
    re.compile(pattern, re.MULTILINE)
    for pattern in (
        r"^\W*\d{1,2}[.)](?=\s)",  # the number of a list item
        r"^\s*#+\s*(\d{1,2}\.)*\d{1,2}[.:)]?(?=\s)",  # the number of a section: "## 3. Timing"
        # how long the page takes: "Time: 40 minutes, 1 hour with the code"
        r"^\W*Time\b([^\d\n]*\d+(\s?(-|–|to)\s?\d+)?\s?(min|hour)\w*)+",
        r"\bQ\d{1,2}[a-z]?\b",  # a question: Q1
        r"\b\d\d_[a-z_]+(\.ipynb)?\b",  # a notebook: 01_how_common
        # 95% confidence interval and its kin: a convention, not a finding
        r"\b(80|90|95|99)\s?%[-\s](confidence|prediction|credible|uncertainty|CI\b|PI\b|intervals?|limits?|bounds?|level)",
        r"\b(confidence|intervals?|CI|limits?|level)[,:(\s]+(of |at )?(80|90|95|99)\s?%",
        r"\b2\s?[x×]\s?2\b",  # the table of two rows and two columns
        r"\b(5-FU|5-fluorouracil|18F)\b",  # drugs and tracers whose names begin with a digit
        # names of letters, then digits: CD8, HER2, CXCR4, PD-L1, D2-40, p63, I2, tau2, IL-6, F017
        r"(?<![\w.,])[^\W\d_]+(-[^\W\d_]+)*-?\d{1,4}([/+-][^\W\d_]*\d{0,3})*[^\W\d_]?(?![\w%])(?!\.\d)",
        # years from 1900 to 2100, decades (1990s) and spans (2004-2010, 2004-10)
        r"(?<![\d.,])(19\d\d|20\d\d|2100)(s|\s?[-–/]\s?(\d{4}|\d\d))?(?![\d%])(?!\s?%|[.,]\d)",
    )
)
# In exercises alone (elsewhere points may be those of a pain scale): what an answer earns. That these numbers
# are those of the graded cells is for a test to say.
MARKS = tuple(
    re.compile(pattern, re.MULTILINE)
    for pattern in (
        r"^# Exercise \d{1,2}\.(?=\s)",  # the title
        r"^## Q\d{1,2}\. [^\d\n]*\(\d{1,2} points?\)$",  # a question: ## Q3. The interval (3 points)
        r"\b\d{1,3} points in \d{1,2} questions\b",
    )
)
# What is left of a number, with its sign and unit, as it is shown in the finding.
_NUMBER = re.compile(r"[<>≈~±-]?\d[\d.,/]*\d*\s?%?")


def check(source: str, file: str, place: str) -> Iterator[Problem]:
    """Numbers typed into a Markdown cell. source: its text; place: what the cell is called."""
    text = source
    for pattern in (MARKS if file.startswith("exercises/") else ()) + NO_PROSE + ALLOWED:
        text = pattern.sub(" ", text)
    numbers = [found.strip(" .,") for found in _NUMBER.findall(text)]
    if numbers:
        remedy = (
            "compute it in a code cell and show it there; what may stand in text is listed in review/prose.py"
        )
        yield Problem(file, "a number typed into the text", remedy, column=place, value=", ".join(numbers))
