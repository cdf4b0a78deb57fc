"""Files of a folder or a zip from strangers: read one by one, never unpacked, each refused for itself."""

from __future__ import annotations

import os
import re
import stat
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from skinmet.problems import Problem, SkinmetError

MAX_FILE = 10 * 1024**2  # bytes of a notebook
MAX_MEMBERS = 200_000


@dataclass(frozen=True)
class Member:
    """A file. order: its place in the list. time: when it was saved, growing. refused: why it isn't read."""

    order: int
    path: str
    parts: tuple[str, ...]
    time: float
    refused: str | None
    handle: object = None


class Archive:
    """The files of a folder or zip. `members` lists them, `content` reads one; nothing is written."""

    def __init__(self, path: Path):
        self._path = path
        self._zip: zipfile.ZipFile | None = None

    def __enter__(self) -> Archive:
        where, path = str(self._path), self._path
        if path.is_dir():
            return self
        if not path.is_file():
            raise SkinmetError(Problem(where, "there is no such folder or zip", "correct the path"))
        try:
            self._zip = zipfile.ZipFile(path)
        except (zipfile.BadZipFile, NotImplementedError, OverflowError, ValueError) as error:
            remedy = "give the folder or the zip with the submissions, as it was downloaded"
            raise SkinmetError(Problem(where, f"is no zip: {error}", remedy)) from None
        if len(self._zip.filelist) > MAX_MEMBERS:
            self._zip.close()
            found = f"holds more than {MAX_MEMBERS:,} files"
            raise SkinmetError(Problem(where, found, "unpack it and look what it is"))
        return self

    def __exit__(self, *exception: object) -> None:
        if self._zip:
            self._zip.close()

    def members(self) -> Iterator[Member]:
        """Every file, sorted by path within a folder, in the order of the zip otherwise."""
        found = self._in_zip() if self._zip else self._in_folder()
        return (Member(order, *member) for order, member in enumerate(found))

    def content(self, member: Member) -> tuple[bytes, str | None]:
        """The bytes of a file, or nothing and the reason."""
        if member.refused:
            return b"", member.refused
        try:
            with self._open(member) as stream:
                content = stream.read(MAX_FILE + 1)  # counted as it is read: headers may lie
        except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, ValueError, OSError) as error:
            return b"", f"can't be read: {getattr(error, 'strerror', None) or error}"
        if len(content) > MAX_FILE:
            return b"", f"is over {MAX_FILE // 1024**2} MB"
        return content, None

    def _open(self, member: Member):
        if self._zip:
            return self._zip.open(member.handle)
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
        return os.fdopen(os.open(member.handle, flags), "rb")

    def _in_zip(self) -> Iterator[tuple]:
        for info in self._zip.filelist:
            # orig_filename: zipfile itself cuts names at a null byte
            name = info.orig_filename
            parts, refused = _parts(name.replace("\\", "/"))
            kind = stat.S_IFMT(info.external_attr >> 16)
            if name.endswith("/") or kind == stat.S_IFDIR:
                continue
            if kind == stat.S_IFLNK:
                refused = refused or "is a link, which is not followed"
            elif info.flag_bits & 0x1:
                refused = refused or "is encrypted"
            elif info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                refused = refused or "is packed in a way that is not read here"
            year, month, day, hour, minute, second = info.date_time
            time = ((((year * 13 + month) * 32 + day) * 24 + hour) * 60 + minute) * 60 + second
            yield name, parts, time, refused, info

    def _in_folder(self) -> Iterator[tuple]:
        for folder, folders, files in os.walk(self._path):
            folders.sort()
            links = [name for name in folders if os.path.islink(os.path.join(folder, name))]
            for name in sorted([*files, *links]):
                full = os.path.join(folder, name)
                path = os.path.relpath(full, self._path)
                parts, refused = _parts(path)
                try:
                    status = os.lstat(full)
                except OSError as error:
                    yield path, parts, 0, f"can't be read: {error.strerror}", full
                    continue
                if stat.S_ISLNK(status.st_mode):
                    refused = "is a link, which is not followed"
                elif not stat.S_ISREG(status.st_mode):
                    refused = "is no ordinary file"
                yield path, parts, status.st_mtime, refused, full


def _parts(path: str) -> tuple[tuple[str, ...], str | None]:
    """The names along a path, and why it must not be trusted."""
    parts = tuple(part for part in path.split("/") if part not in ("", "."))
    if path.startswith("/") or re.match(r"[A-Za-z]:", path):
        return parts, "has an absolute path"
    if ".." in parts:
        return parts, "has a path that leads outside (..)"
    if re.search(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]", path):
        return parts, "has control characters in its name"
    return parts, None
