"""The files a notebook was made from, each with a digest of what it held.

A notebook carries those of the evidence (data/ and references/) in its metadata, so that a clone can tell
whether its outputs are older than a table. The record of `skinmet refresh` holds the code as well.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path

import skinmet
from skinmet.problems import Problem

EVIDENCE = ("data/", "references/")
# Whatever a notebook imports is that of the lock.
ALWAYS = ("requirements.lock",)
DIGITS = 16  # of a digest in a notebook: enough to notice a change, short enough to read a difference


def digests(root: Path, names: Iterable[str], since: float | None = None) -> dict[str, str]:
    """A digest for each input, "" for one that isn't there.

    since: when the notebook began to run; a file saved after that was perhaps read before, so it gets "".
    """
    found = {}
    for name in names:
        path = _path(root, name)
        try:
            late = since is not None and path.stat().st_mtime >= since
            read = path.is_file() and not late
            found[name] = sha256(path.read_bytes()).hexdigest()[:DIGITS] if read else ""
        except OSError:
            found[name] = ""
    return found


def _path(root: Path, name: str) -> Path:
    package = Path(skinmet.__file__).parent
    return package.parent / name if name.startswith(f"{package.name}/") else root / name


def of_evidence(made_from: dict[str, str]) -> dict[str, str]:
    """Those of the inputs that a notebook carries with it."""
    return {name: digest for name, digest in made_from.items() if name.startswith(EVIDENCE)}


def carried(content: dict) -> dict[str, str]:
    """What a notebook's metadata say that it was made from; nothing where they do not."""
    try:
        made_from = content["metadata"]["skinmet"]["made_from"]
        return {
            name: str(digest)
            for name, digest in made_from.items()
            if name.startswith(EVIDENCE) and ".." not in name.split("/")
        }
    except (KeyError, TypeError, AttributeError):
        return {}


def stale(content: dict, file: str, root: Path) -> list[Problem]:
    """Whether a notebook's outputs are older than the evidence they show: at most one problem."""
    made_from = carried(content)
    now = digests(root, made_from)
    changed = [name for name, digest in made_from.items() if digest != now[name]]
    if not changed:
        return []
    more = f" and {len(changed) - 1} more" if len(changed) > 1 else ""
    found = "its outputs are older than the evidence they show"
    return [Problem(file, found, "run `skinmet refresh`", value=changed[0] + more)]
