"""Two fork servers behind bubblewrap: how they are started, told to fork, and killed.

Root starts them as another user: the limit on processes does not bind root.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from skinmet.classroom.wire import Broken, Channel, Late
from skinmet.problems import Problem, SkinmetError

NOBODY = 65534  # the user inside
PROJECT = Path("/project")  # what a student's process sees of the project stands here
# A virtual environment stands here: outside it may lie in /tmp, of which each submission gets an empty one.
ENVIRONMENT = Path("/environment")
# Rights that the fork server gives up once it has mounted its list of processes and is another user.
_AS_ROOT = (
    "--cap-drop",
    "ALL",
    "--cap-add",
    "CAP_SYS_ADMIN",
    "--cap-add",
    "CAP_SETUID",
    "--cap-add",
    "CAP_SETGID",
)
START_SECONDS = 120
_WITHOUT = "or grade without a sandbox, which trusts every submission (skinmet grade --no-sandbox)"


@dataclass(frozen=True)
class Limits:
    """What one submission may take. Seconds on the clock, except cpu_seconds; the output is per cell.

    memory_mb: beside what the imports take. answer_kb: an answer, as JSON. processes: threads count too.
    """

    cell_seconds: float = 20
    submission_seconds: float = 120
    memory_mb: int = 2048
    cpu_seconds: int = 180
    processes: int = 64
    file_mb: int = 64
    output_kb: int = 1024
    answer_kb: int = 4096


class Gone(Exception):
    """The fork server itself does not answer."""


class Server:
    """A process that has done the imports and forks for each submission. role: kernel or examiner."""

    def __init__(self, role: str, root: Path, sandbox: bool):
        self.role = role
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._control = ours
        self._folder = None if sandbox else tempfile.TemporaryDirectory(prefix="skinmet-")
        self._said = tempfile.TemporaryFile()  # noqa: SIM115 - open as long as the server
        order = json.dumps({"role": role, "sandbox": sandbox, "control": theirs.fileno()})
        command = [_inside(sys.executable) if sandbox else sys.executable]
        command += ["-s", "-m", "skinmet.classroom.zygote", order]
        if sandbox:
            command, env = [*bwrap(root), *command], {}
        else:
            env = {**environment(root, Path(_package()).parent), "HOME": self._folder.name}
            env |= {"TMPDIR": self._folder.name}
        with theirs:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=self._said, stderr=self._said, env=env,
                pass_fds=[theirs.fileno()], cwd="/",
                start_new_session=True,
            )  # fmt: skip

    def wait(self) -> None:
        """Until it is ready. Raises SkinmetError with what it said when it did not start."""
        try:
            self._ask(None, START_SECONDS)
        except Gone:
            self.close()
            raise SkinmetError(_refused(self._words())) from None

    def warm(self, codes: list[str]) -> str:
        """Let it run the cells an exercise begins with; forks start from there. Says what failed."""
        return str(self._ask({"do": "warm", "codes": codes}, START_SECONDS)["failed"])

    def fork(self, limits: Limits) -> Channel:
        """A process for one submission. Raises Gone, and SkinmetError when it can't be shut in."""
        ours, theirs = socket.socketpair()
        with theirs:
            self._ask({"do": "fork", "limits": asdict(limits)}, START_SECONDS, theirs)
        channel = Channel(ours)
        try:
            word = channel.receive(1 << 16, START_SECONDS)
        except (Broken, Late):
            raise Gone(self.role) from None
        if "refused" in word:
            raise SkinmetError(_refused(word["refused"]))
        return channel

    def interrupt(self) -> None:
        """What Ctrl-C does, to the forked process. Raises Gone."""
        self._ask({"do": "interrupt"}, 5)

    def end(self) -> str:
        """Kill the forked process with all it started. Says what it had died of, or nothing. Raises Gone."""
        return str(self._ask({"do": "end"}, 30).get("died", ""))

    def close(self) -> None:
        """End the server and everything in it."""
        self._control.close()
        self._process.kill()
        self._process.wait()
        if self._folder:
            self._folder.cleanup()

    def _ask(self, order: dict | None, seconds: float, handed: socket.socket | None = None) -> dict:
        """Give an order (None: only wait for word) and take the reply."""
        try:
            self._control.settimeout(seconds)
            if order:
                socket.send_fds(
                    self._control, [json.dumps(order).encode()], [handed.fileno()] if handed else []
                )
            data = self._control.recv(1 << 16)
        except OSError:
            raise Gone(self.role) from None
        if not data:
            raise Gone(self.role)
        return json.loads(data)

    def _words(self) -> str:
        self._said.seek(0)
        return self._said.read().decode("utf-8", "replace").strip()


def bwrap(root: Path) -> list[str]:
    """The command line in front of a program: nothing but what it needs, read-only, and no network.

    Raises SkinmetError when bubblewrap is not installed.
    """
    program = shutil.which("bwrap")
    if not program:
        remedy = (
            f"install it (Debian, Ubuntu: apt install bubblewrap; Fedora: dnf install bubblewrap), {_WITHOUT}"
        )
        raise SkinmetError(
            Problem("bwrap", "bubblewrap, the sandbox for submissions, is not installed", remedy)
        )
    root_starts = os.geteuid() == 0
    variables = environment(PROJECT, PROJECT / "src")
    variables["PATH"] = _inside(variables["PATH"])
    return [
        program, "--die-with-parent", "--new-session",
        "--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try",
        "--hostname", "sandbox",
        *(_AS_ROOT if root_starts else ("--unshare-user", "--uid", str(NOBODY), "--gid", str(NOBODY))),
        *_binds(root),
        *(("--dir", "/proc") if root_starts else ("--proc", "/proc")),
        "--dev", "/dev", "--perms", "1777", "--tmpfs", "/tmp",
        "--remount-ro", "/dev", "--remount-ro", "/", "--chdir", "/tmp",
        *(part for pair in variables.items() for part in ("--setenv", *pair)),
    ]  # fmt: skip


def environment(root: Path, package: Path) -> dict[str, str]:
    """All variables that the programs inside get. One thread each: there are as many workers as cores."""
    return {
        "PATH": f"{sysconfig.get_path('scripts')}:/usr/bin:/bin",
        "HOME": "/tmp", "LANG": "C.UTF-8", "TZ": "UTC",
        "PYTHONPATH": str(package), "PYTHONDONTWRITEBYTECODE": "1", "PYTHONHASHSEED": "0",
        "SKINMET_ROOT": str(root), "PLOTLY_RENDERER": "plotly_mimetype", "USER": "student", "COLUMNS": "100",
        "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1",
    }  # fmt: skip


def _inside(path: str) -> str:
    """Where a path of this Python's virtual environment is in the sandbox; any other path as it is."""
    if sys.prefix != sys.base_prefix and (path == sys.prefix or path.startswith(f"{sys.prefix}/")):
        return f"{ENVIRONMENT}{path.removeprefix(sys.prefix)}"
    return path


def _binds(root: Path) -> Iterator[str]:
    """The system's programs and libraries, this Python with its packages, skinmet, tables and references."""
    yield from ("--ro-bind", "/usr", "/usr")
    for name in ("bin", "sbin", "lib", "lib32", "lib64", "libx32"):
        path = Path("/", name)
        if path.is_symlink():
            yield from ("--symlink", os.readlink(path), str(path))
        elif path.is_dir():
            yield from ("--ro-bind", str(path), str(path))
    for name in ("ld.so.cache", "alternatives", "localtime"):
        yield from ("--ro-bind-try", f"/etc/{name}", f"/etc/{name}")
    prefixes = (sys.base_prefix, sys.base_exec_prefix, sys.prefix, sys.exec_prefix)
    shown = {_inside(prefix): prefix for prefix in prefixes if not Path(prefix).is_relative_to("/usr")}
    shown |= {str(PROJECT / "src" / "skinmet"): _package()}
    shown |= {str(PROJECT / name): str(root / name) for name in ("data", "references")}
    for place, source in shown.items():
        for folder in reversed(
            Path(place).parents[:-1]
        ):  # bwrap may make them unreadable for others than root
            yield from ("--dir", str(folder))
        yield from ("--ro-bind", source, place)


def _package() -> str:
    return str(Path(__file__).resolve().parents[1])


def _refused(said: str) -> Problem:
    """Why the sandbox did not start, and what to do about it."""
    words = [
        "namespace",
        "uid map",
        "Operation not permitted",
        "Permission denied",
        "unshare",
        "No space left",
    ]
    if any(word in said for word in words):
        remedy = (
            "allow user namespaces (Debian: sysctl kernel.unprivileged_userns_clone=1; Ubuntu 24.04: "
            f"sysctl kernel.apparmor_restrict_unprivileged_userns=0; Docker: --privileged), {_WITHOUT}"
        )
    else:
        remedy = f"see what it said, {_WITHOUT}"
    last = said.splitlines()[-1] if said else "it ended without a word"
    return Problem("bwrap", "the sandbox did not start", remedy, value=last)
