"""Several files written as one: all of them or none, and by one person at a time.

New contents are first written beside the files. Only when all of them stand there, a note of what is to
be exchanged is written, then each takes its file's place, then the note goes. Killed before the note:
nothing has changed. Killed after it: the next command that writes finishes the exchange (`finish`), or lets
it be where somebody has edited a file since; until then `skinmet check` names what disagrees.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from skinmet import project
from skinmet.problems import Problem, SkinmetError

LOCK = "_build/desk.lock"
NOTE = "_build/unfinished.json"


@contextmanager
def desk(folder: Path) -> Iterator[list[str]]:
    """Hold the reviewer's desk: one writes in this folder, a second is told. Yields what `finish` had to say.

    The operating system lets go of the lock when its holder ends, however it ends. Raises SkinmetError when
    somebody else holds it.
    """
    path = folder / LOCK
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "a+", encoding="utf-8") as handle:
        if not _locked(handle):
            handle.seek(0)
            holder = " ".join(handle.read().split())[:80]
            remedy = "wait until it is done, or end it, and run the command again; nothing was changed"
            found = "another skinmet command is writing in this folder"
            raise SkinmetError(Problem(str(folder), found, remedy, value=holder or None))
        handle.truncate(0)
        handle.write(f"process {os.getpid()}, since {time.strftime('%H:%M')}")
        handle.flush()
        yield finish(folder)


def _locked(handle) -> bool:
    try:
        import fcntl
    except ImportError:  # Windows has its own; what is locked lies behind what is written, which all may read
        import msvcrt

        handle.seek(1000)
        take = lambda: msvcrt.locking(handle.fileno(), msvcrt.LK_NBLCK, 1)  # noqa: E731
    else:
        take = lambda: fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)  # noqa: E731
    try:
        take()
    except OSError:
        return False
    return True


def together(folder: Path, texts: Mapping[str, str], read: Mapping[str, bytes]) -> list[str]:
    """Write files of the project as one; return the names of those that changed.

    texts: what each is to hold, by its path from the project's root. read: what each held when `texts` was
    made; where one has changed since, SkinmetError is raised and nothing written. Needs the `desk`.
    """
    changed = {name: text.encode() for name, text in texts.items() if text.encode() != read.get(name)}
    stale = [name for name in changed if _content(folder / name) != read.get(name)]
    if stale:
        remedy = "run the command again; nothing was written"
        raise SkinmetError(*(Problem(name, "was changed by somebody meanwhile", remedy) for name in stale))
    try:
        for name, content in changed.items():
            _write(_beside(folder / name), content)
        note = [{"file": name, "old": _sum(read.get(name)), "new": _sum(changed[name])} for name in changed]
        project.replace(folder / NOTE, json.dumps(note).encode())
    except OSError:
        _forget(folder, changed)
        raise
    for name in changed:
        os.replace(_beside(folder / name), folder / name)
    (folder / NOTE).unlink()
    return sorted(changed)


def finish(folder: Path) -> list[str]:
    """Finish what a killed command had begun to exchange; say in words what was done, if anything."""
    try:
        note = json.loads((folder / NOTE).read_bytes())
        steps = [(one["file"], one["old"], one["new"]) for one in note]
    except FileNotFoundError:
        return []
    except (ValueError, TypeError, KeyError):  # the note is written whole or not at all: this is none of ours
        (folder / NOTE).unlink()
        return [f"{NOTE}: can't be read and was removed; `skinmet check` says whether anything is amiss"]
    waiting = []
    for name, old, new in steps:
        if _sum(_content(folder / name)) == new:
            continue
        if _sum(_content(folder / name)) != old or _sum(_content(_beside(folder / name))) != new:
            _forget(folder, [name for name, _, _ in steps])
            found = "an interrupted command was not finished, for somebody has changed the file since"
            return [f"{name}: {found}; `skinmet check` says what is amiss"]
        waiting.append(name)
    for name in waiting:
        os.replace(_beside(folder / name), folder / name)
    _forget(folder, [name for name, _, _ in steps])
    return [f"{', '.join(name for name, _, _ in steps)}: finished what an interrupted command had begun"]


def _forget(folder: Path, names: Iterable[str]) -> None:
    for path in (*(_beside(folder / name) for name in names), folder / NOTE):
        with suppress(OSError):
            path.unlink()


def _beside(path: Path) -> Path:
    return path.with_name(f".{path.name}.desk.part")


def _write(path: Path, content: bytes) -> None:
    with open(path, "wb") as handle:
        handle.write(content)
        handle.flush()
        os.fsync(handle.fileno())  # the note must not outlive what it speaks of


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def _sum(content: bytes | None) -> str | None:
    return None if content is None else hashlib.sha256(content).hexdigest()
