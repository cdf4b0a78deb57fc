"""Submissions as a class hands them in: a folder or a zip from nbgrader, Moodle or Canvas.

Reads only, and trusts nothing: every file is judged for itself, a bad one never stops the others. What can't
be graded comes back with the reason, so that nobody is left out in silence.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from skinmet.classroom import layouts
from skinmet.classroom.archive import Archive, Member
from skinmet.classroom.layouts import Place
from skinmet.problems import Problem, SkinmetError

JUNK = {"__MACOSX", ".DS_Store", "Thumbs.db", "desktop.ini", ".ipynb_checkpoints", "timestamp.txt"}
MAX_FILES = 50  # notebooks looked at for one student; more are a mistake or an attack
MAX_STUDENT = 40 * 1024**2  # bytes kept while one student's notebooks are compared
MAX_TOTAL = 4 * 1024**3  # bytes kept of all students together
MAX_STRAY = 20  # files of nobody that are reported one by one


@dataclass(frozen=True)
class Submission:
    """One student's work on one assignment.

    student: safe as the name of a folder; `layouts.original_name` gives what stood in the download. content:
    the notebook as JSON, None where problem says why there is none. remark: what the marker should know.
    """

    student: str
    assignment: str | None
    path_in_archive: str
    content: bytes | None
    remark: str = ""
    problem: str | None = None


@dataclass(frozen=True)
class _File:
    member: Member
    place: Place
    assignment: str | None = None
    content: bytes | None = None
    remarks: tuple[str, ...] = ()
    problem: str | None = None

    @property
    def age(self) -> tuple:
        """Sorts the files of one student: the one handed in last comes last."""
        name = self.place.filename
        exact = self.place.assignment is not None and name == f"{self.assignment}.ipynb"
        return (exact, self.place.number, self.member.time, layouts.copy_number(name), self.member.order)


def submissions(
    path: Path | str,
    known: Collection[str],
    assignment: str | None = None,
    grade_ids: Mapping[str, Collection[str]] | None = None,
) -> list[Submission]:
    """Every submission in a folder or zip, one for each student and assignment, sorted by student.

    known: names of the assignments. Which one it is stands in the path (nbgrader) or in the notebook's name;
    else it is `assignment`; else the one whose graded cells (`grade_ids`: name to ids) are in the notebook.
    Of several notebooks the latest counts, and a remark says so. Raises SkinmetError when there is no such
    folder or zip, or it holds no submission at all.
    """
    if assignment is not None and assignment not in known:
        remedy = f"it is one of {', '.join(known)}"
        raise SkinmetError(Problem("--assignment", "there is no such assignment", remedy, value=assignment))
    with Archive(Path(path)) as archive:
        members = [member for member in archive.members() if not _junk(member)]
        sound = [m.parts for m in members if not m.refused and _is_notebook(m)]
        depth = layouts.wrappers(sound or [m.parts for m in members], known)
        by_student: dict[str, list[_File]] = defaultdict(list)
        for member in members:
            place = layouts.place(member.parts, known, depth)
            by_student[place.student].append(_File(member, place))
        found, total = list(_strays(by_student.pop("", []))), 0
        for files in by_student.values():
            for each in _of_student(archive, files, known, assignment, grade_ids or {}):
                total += len(each.content or b"")
                if total > MAX_TOTAL:
                    full = f"the submissions are over {MAX_TOTAL // 1024**2:,} MB: grade them in parts"
                    each = replace(each, content=None, problem=full)
                found.append(each)
    if not found:
        remedy = "give the folder or the zip with the submissions, as it was downloaded"
        raise SkinmetError(Problem(str(path), "holds no submission", remedy))
    return sorted(found, key=lambda each: (each.student, each.assignment or "", each.path_in_archive))


def _of_student(archive, files, known, fallback, grade_ids) -> list[Submission]:
    """What counts of the files of one student: one submission for each assignment."""
    notebooks = [file for file in files if _is_notebook(file.member)]
    read, budget = [], MAX_STUDENT
    for number, file in enumerate(notebooks):
        if number >= MAX_FILES or budget <= 0:
            file = replace(file, problem=f"is one of {len(notebooks):,} notebooks of this student: too many")
        else:
            file = _read(archive, file)
            budget -= len(file.content or b"")
        read.append(_assigned(file, known, fallback, grade_ids))
    groups: dict[str | None, list[_File]] = defaultdict(list)
    for file in read:
        groups[file.assignment].append(file)
    found = [
        _submission(max(group, key=lambda file: (file.problem is None, file.age)), group)
        for group in groups.values()
    ]
    rest: dict[str | None, list[_File]] = defaultdict(list)
    for file in files:
        if not _is_notebook(file.member):
            rest[file.place.assignment].append(file)
    unnamed = rest.pop(None, [])
    found += [_no_notebook(others, name) for name, others in rest.items() if name not in groups]
    if not found:
        found.append(_no_notebook(unnamed, fallback))
    return found


def _read(archive: Archive, file: _File) -> _File:
    content, problem = archive.content(file.member)
    if problem is None:
        content, problem, remarks = _checked(content)
        file = replace(file, remarks=file.remarks + remarks)
    return replace(file, content=content if problem is None else None, problem=problem)


def _checked(content: bytes) -> tuple[bytes, str | None, tuple[str, ...]]:
    """The notebook in plain UTF-8; why it is none; what was mended."""
    if not content.strip():
        return content, "the file is empty", ()
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content, "is not UTF-8 text, so no notebook", ()
    try:
        notebook = json.loads(text)
    except RecursionError:
        return content, "is nested too deeply to be a notebook", ()
    except ValueError as error:
        return content, f"is not JSON, so no notebook: {error}"[:200], ()
    version = notebook.get("nbformat") if isinstance(notebook, dict) else None
    if not isinstance(version, int) or not {"cells", "worksheets"} & set(notebook):
        return content, "is JSON, but no notebook", ()
    if version != 4:
        return content, f"is a notebook of format {version}, not 4: save it anew in JupyterLab", ()
    if not isinstance(notebook.get("cells"), list) or not isinstance(notebook.get("metadata", {}), dict):
        return content, "is a damaged notebook", ()
    for number, cell in enumerate(notebook["cells"], 1):
        if not _is_cell(cell):
            return content, f"is a damaged notebook: cell {number} is none", ()
    if re.search(r"\\u[dD][89a-fA-F]", text):  # half a character can be escaped, but not written down
        written = json.dumps(notebook, ensure_ascii=False)
        whole = written.encode("utf-8", "replace")
        if whole.decode() != written:
            return whole, None, ("held broken characters, replaced by ?",)
    return text.encode(), None, ()


def _is_cell(cell: object) -> bool:
    if not isinstance(cell, dict) or cell.get("cell_type") not in ("code", "markdown", "raw"):
        return False
    source, metadata = cell.get("source"), cell.get("metadata", {})
    lines = source if isinstance(source, list) else [source]
    grade = metadata.get("nbgrader", {}) if isinstance(metadata, dict) else None
    return isinstance(grade, dict) and all(isinstance(line, str) for line in lines)


def _assigned(file: _File, known, fallback, grade_ids) -> _File:
    named = file.place.assignment or layouts.named_assignment(file.place.filename, known)
    remarks, assignment = file.remarks, named or fallback
    if named and fallback and named != fallback:
        remarks += (f"taken as {named}, as it is named, not as {fallback}",)
    if not assignment and file.content is not None:
        assignment = _by_cells(file.content, grade_ids)
        if assignment:
            remarks += (f"taken as {assignment}, whose questions it holds",)
        else:
            file = replace(
                file, problem="it can't be told which assignment this is: name it with --assignment"
            )
    if assignment and not named and file.content is not None:
        remarks += (f"the file is named {_printable(file.place.filename)}",)
    if file.place.late:
        remarks += ("handed in late",)
    return replace(file, assignment=assignment, remarks=remarks)


def _by_cells(content: bytes, grade_ids: Mapping[str, Collection[str]]) -> str | None:
    """The one assignment that shares most graded cells with the notebook, and at least half of its own."""
    there = set()
    for cell in json.loads(content)["cells"]:
        grade_id = cell.get("metadata", {}).get("nbgrader", {}).get("grade_id")
        there |= {grade_id} if isinstance(grade_id, str) else set()
    shared = sorted(((len(there & set(ids)), name) for name, ids in grade_ids.items()), reverse=True)
    if not shared or 2 * shared[0][0] < max(1, len(set(grade_ids[shared[0][1]]))):
        return None
    return shared[0][1] if len(shared) == 1 or shared[0][0] > shared[1][0] else None


def _submission(kept: _File, group: list[_File]) -> Submission:
    remarks = list(kept.remarks)
    if len(group) > 1 and kept.problem is None:
        remarks.append(f"{len(group)} notebooks were handed in, the latest counts")
        later = [file for file in group if file.problem and file.age > kept.age]
        remarks += [f"a later one can't be used: {file.problem}" for file in later[:1]]
    problem = f"{kept.place.filename}: {kept.problem}" if kept.problem else None
    return Submission(
        kept.place.student,
        kept.assignment,
        _printable(kept.member.path),
        kept.content if problem is None else None,
        "; ".join(remarks),
        _printable(problem) if problem else None,
    )


def _no_notebook(files: list[_File], assignment: str | None) -> Submission:
    names = ", ".join(_printable(file.place.filename) for file in files[:3])
    more = f" and {len(files) - 3} more" if len(files) > 3 else ""
    refused = next((f": {file.member.refused}" for file in files if file.member.refused), "")
    zips = " (zips inside are not opened)" if any(f.place.filename.endswith(".zip") for f in files) else ""
    problem = f"no notebook, but {names}{more}{zips}{refused}"
    return Submission(files[0].place.student, assignment, _printable(files[0].member.path), None, "", problem)


def _strays(files: list[_File]) -> Iterator[Submission]:
    """Files whose path does not say whose they are, under a name that `folder_name` gives to no student."""
    for number, file in enumerate(files[:MAX_STRAY], 1):
        path = _printable(file.member.path)
        reason = file.member.refused or "the path does not say whose it is"
        yield Submission(f"nobody~~{number}", None, path, None, "", f"{path}: {reason}")
    if len(files) > MAX_STRAY:
        more = f"{len(files) - MAX_STRAY:,} more files that are nobody's"
        yield Submission("nobody~~", None, _printable(files[MAX_STRAY].member.path), None, "", more)


def _is_notebook(member: Member) -> bool:
    return member.path.lower().rstrip("\x00").endswith(".ipynb")


def _junk(member: Member) -> bool:
    return any(part in JUNK or part.startswith("._") for part in member.parts)


def _printable(text: str) -> str:
    """The text without signs that would steer a terminal or can't be written down."""
    text = text.encode("utf-8", "backslashreplace").decode()
    return "".join(c if c.isprintable() else c.encode("unicode-escape").decode() for c in text)[:300]
