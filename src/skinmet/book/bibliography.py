"""Every work of the bibliography, formatted, with what the ledger says of it."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from urllib.parse import unquote

from markupsafe import Markup

from skinmet import project, references
from skinmet.problems import SkinmetError
from skinmet.references import files

_URL = re.compile(r"https?://\S+")
_ENTRY = re.compile(r'<li id="ref-([^"]+)">(.*)</li>')


def entries(root: Path, cache: Path) -> list[dict]:
    """All works in the order of a reference list: `citekey`, `html`, `status`, `seen_at`, `notes`.

    Formatting takes seconds, so it is kept in the file `cache` until the bibliography changes. Raises
    SkinmetError where the bibliography can't be read.
    """
    sources = files.read(root)
    if sources.problems:
        raise SkinmetError(*sources.problems)
    code = b"".join(path.read_bytes() for path in sorted(Path(references.__file__).parent.glob("*.py")))
    text = b"".join((root / name).read_bytes() for name in (files.BIB, files.LEDGER))
    digest = hashlib.sha256(code + text).hexdigest()
    formatted = _read(cache, digest)
    if not formatted:
        listing = references.bibliography(entry.key for entry in sources.entries)
        formatted = dict(_ENTRY.findall(listing))
        _write(cache, {"digest": digest, "entries": formatted})
    works = references.load()
    return [
        {
            "citekey": key,
            "html": Markup(html),
            "status": works[key].status,
            "seen_at": _elsewhere(works[key], sources.ledger[key]["seen_at"]),
            "notes": sources.ledger[key]["notes"],
        }
        for key, html in formatted.items()
    ]


def _elsewhere(work: references.Reference, seen_at: str) -> str:
    """Where the work was read, unless its own links lead there."""
    own = [name.lower() for name in (work.doi, work.pmid, work.pmcid, work.url) if name]
    address = unquote(seen_at).lower()
    return seen_at if _URL.fullmatch(seen_at) and not any(name in address for name in own) else ""


def _read(cache: Path, digest: str) -> dict[str, str]:
    try:
        kept = json.loads(cache.read_text(encoding="utf-8"))
    except (OSError, ValueError):  # none yet, or cut short: it is made again
        return {}
    return kept["entries"] if kept.get("digest") == digest else {}


def _write(cache: Path, content: dict) -> None:
    project.replace(cache, json.dumps(content, ensure_ascii=False).encode())
