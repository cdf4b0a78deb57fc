"""Whose file is it? How nbgrader, Moodle and Canvas name the files of a class, and safe names for folders.

Canvas (`lib/content_zipper.rb` of instructure/canvas-lms): `name[_LATE]_user_file_filename`, in one folder;
the name lost every sign but letters, digits and underscores. Anonymous: `[LATE_]anon_id_file_filename`.
Moodle (`mod/assign/classes/downloader.php`): `Full name_12345_assignsubmission_file[_]`, a folder for each
participant, or the same in front of each file name; a group has its name in that place.
nbgrader: `student/assignment/notebook.ipynb`.
"""

from __future__ import annotations

import hashlib
import itertools
import re
import unicodedata
from collections.abc import Collection, Iterable
from dataclasses import dataclass

WRAPPERS = {"submissions", "submitted", "submission"}
_MOODLE = re.compile(r"(?P<who>.+?)_assignsubmission_[a-z]+(?:_(?P<rest>.*))?", re.S)
_CANVAS = re.compile(r"(?P<name>.+?)(?P<late>_LATE)?_(?P<user>\d+)_(?P<file>\d+)_(?P<rest>.+)", re.S)
_CANVAS_ANONYMOUS = re.compile(r"(?P<late>LATE_)?(?P<user>anon_\w+?)_(?P<file>\d+)_(?P<rest>.+)", re.S)
_CANVAS_ENTRY = re.compile(r"(?P<name>.+?)(?P<late>_LATE)?_(?P<user>\d+)_(?P<rest>(?:text|link)\.html)", re.S)
_CANVAS_NAMES = (_CANVAS_ANONYMOUS, _CANVAS, _CANVAS_ENTRY)
_COPY = re.compile(r"(?i:[ _]?\((\d+)\)|[-_](\d{1,2})|-copy(\d+))$")
_LONGEST = 120  # bytes of a folder name: what is made from it needs room as well


@dataclass(frozen=True)
class Place:
    """What a path says. student: a safe folder name, empty when it says nothing. number: of the upload."""

    student: str
    assignment: str | None
    filename: str
    late: bool = False
    number: int = 0


def wrappers(paths: Iterable[tuple[str, ...]], known: Collection[str]) -> int:
    """How many folders around the students' own all notebooks share, as `course/2026/` in front of each."""
    paths = [path for path in paths if path]
    levels = (set(level) for level in zip(*(path[:-1] for path in paths), strict=False))
    common = [name for (name,) in itertools.takewhile(lambda level: len(level) == 1, levels)]
    for depth, name in enumerate(common):
        if _MOODLE.fullmatch(name):
            return depth
    shared = len(common)
    # nbgrader: the student's folder stands before the assignment's; further in, the student has named them
    places = [i for path in paths for i in range(1, min(len(path) - 1, shared + 2)) if path[i] in known]
    if places:
        return min(places) - 1
    below = {path[shared] for path in paths}
    if any(named_assignment(name, known) for name in below):  # so the folder around it is the student's
        return max(0, shared - 1)
    downloads = any(pattern.fullmatch(name) for name in below for pattern in (_MOODLE, *_CANVAS_NAMES))
    return shared if downloads or len(below) > 1 else 0


def place(parts: tuple[str, ...], known: Collection[str], depth: int) -> Place:
    """Whose file this is. depth: how many folders stand around the students' own.

    Only what stands directly there says who it is: names further in are the student's own choice.
    """
    own = parts[depth:] or parts[-1:] or ("..",)
    while len(own) > 1 and own[0] in WRAPPERS:
        own = own[1:]
    if own[0] == "..":
        return Place("", None, "/".join(own))
    inner = "/".join(own[1:])
    found = _MOODLE.fullmatch(own[0])
    if found:
        return Place(folder_name(found["who"]), None, inner or found["rest"] or own[0])
    if inner:
        assignment = own[1] if len(own) > 2 and own[1] in known else None
        return Place(folder_name(own[0]), assignment, "/".join(own[2:]) if assignment else inner)
    for pattern in _CANVAS_NAMES:
        found = pattern.fullmatch(own[0])
        if found:
            named = found.groupdict()
            who = f"{named['name']}_{named['user']}" if "name" in named else named["user"]
            return Place(
                folder_name(who), None, found["rest"], bool(found["late"]), int(named.get("file", 0))
            )
    if named_assignment(own[0], known):
        return Place("", None, own[0])
    return Place(folder_name(own[0].rpartition(".")[0] or own[0]), None, own[0])


def named_assignment(filename: str, known: Collection[str]) -> str | None:
    """The assignment that a notebook is named after, also as a copy: ` (1)`, `-1`, `-Copy1` at its end."""
    stem = _key(filename.rpartition("/")[2].rpartition(".")[0])
    for reading in (stem, _COPY.sub("", stem)):
        for name in known:
            if reading == _key(name):
                return name
    return None


def copy_number(filename: str) -> int:
    """The number that a copy or a resubmission carries: 2 for `x-2.ipynb`."""
    found = _COPY.search(filename.rpartition(".")[0])
    return int(next(filter(None, found.groups()))) if found else 0


def folder_name(who: str) -> str:
    """A name for a folder that stays inside its parent, differs for different names, and can be read back.

    Letters, digits, single spaces and `_-.,'()+@` stay, but for signs at the start that mean something to a
    shell or a spreadsheet and a dot or space at the end; every other byte of UTF-8 becomes `~xx`.
    """
    safe = re.sub(r"[^\w\-.,'()+@ ]|^[. '+@-]|[. ]$|(?<= ) ", _escaped, who)
    if len(safe.encode()) > _LONGEST:  # can't be read back, but stays one name for one student
        digest = hashlib.sha256(who.encode("utf-8", "surrogateescape")).hexdigest()[:16]
        safe = safe.encode()[: _LONGEST - 20].decode(errors="ignore").rstrip(". ") + f"~~{digest}"
    return safe


def original_name(folder: str) -> str:
    """The name that `folder_name` was given; a shortened one stays as it is."""
    raw = re.sub(rb"~([0-9a-f]{2})", lambda found: bytes([int(found[1], 16)]), folder.encode())
    return raw.decode("utf-8", "surrogateescape")


def _escaped(found: re.Match) -> str:
    return "".join(f"~{byte:02x}" for byte in found[0].encode("utf-8", "surrogateescape"))


def _key(name: str) -> str:
    return re.sub(r"[\s_]+", "_", unicodedata.normalize("NFC", name)).casefold()
