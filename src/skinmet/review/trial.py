"""A change of the evidence, tried out before it is written: would `skinmet check` find anything new?"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from skinmet.problems import Problem
from skinmet.references import checks, files
from skinmet.references.bibtex import Entry
from skinmet.review import canonical, check
from skinmet.review.state import PARTS


class Trial:
    """The evidence in `folder` as it is now, to try changes against."""

    def __init__(self, folder: Path):
        self._folder = folder
        self._before = Counter(_same(problem) for problem in _problems(folder))

    def findings(self, texts: Mapping[str, str]) -> list[Problem]:
        """What `skinmet check` would find in data/ and references/ if `texts` were written, and does not now.

        texts: contents by path from the project's root. The rules are those of the command itself: it runs on
        a copy. What was amiss before is not counted, so that one fault doesn't keep everybody from working.
        """
        with tempfile.TemporaryDirectory(prefix="skinmet-") as place:
            for part in PARTS:
                shutil.copytree(self._folder / part, Path(place) / part)
            for name, text in texts.items():
                (Path(place) / name).write_text(text, encoding="utf-8", newline="")
            left, new = self._before.copy(), []
            for problem in _problems(Path(place)):
                left[_same(problem)] -= 1
                if left[_same(problem)] < 0:
                    new.append(problem)
        return new


def _problems(folder: Path) -> list[Problem]:
    return [p for p in check.examine(folder).problems if p.file.split("/")[0] in PARTS]


def _same(problem: Problem) -> tuple:
    """What makes a finding the same one after lines have moved."""
    found = re.sub(r"\bline \d+", "line", problem.found)
    return problem.file, found, problem.column, str(problem.value)


def status(entry: Entry) -> str:
    """The best word of the ledger that `skinmet check` would accept for what is known of this work."""
    for word in files.STATUSES:
        marked = replace(entry, fields={**entry.fields, "keywords": word})
        if not any(checks.of_entry(marked, {"status": word})):
            return word
    return files.STATUSES[-1]


def bibliography(sources: files.Sources) -> dict[str, str]:
    """The texts of references.bib, ledger.csv and data/references.csv for these entries and rows."""
    return {**files.canonical_files(sources), canonical.REFERENCES: canonical.references_table(sources)}
