"""What a forked process goes through before it runs a stranger's code (Linux).

The fork server calls `found` once, and `fork` for each submission; the forked process calls `detach`,
`settle` and `limit`. User namespaces are what an ordinary user may do this with.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
from pathlib import Path

from skinmet.classroom.sandbox import NOBODY

_NEWNS, _NEWIPC, _NEWUSER, _NEWPID = 0x00020000, 0x08000000, 0x10000000, 0x20000000
_NOSUID, _NODEV, _NOEXEC, _REC, _SLAVE = 2, 4, 8, 0x4000, 1 << 19
_SET_DUMPABLE, _CAPBSET_DROP, _CHILD_SUBREAPER, _NO_NEW_PRIVS = 4, 24, 36, 38
_CAPABILITY_VERSION_3 = 0x20080522
_libc = ctypes.CDLL(None, use_errno=True)


def _call(function: str, *arguments) -> None:
    if getattr(_libc, function)(*arguments) != 0:
        error = ctypes.get_errno()
        raise OSError(error, f"{function}: {os.strerror(error)}")


def _mount(kind: str, place: str, flags: int, options: str = "") -> None:
    _call("mount", kind.encode(), place.encode(), kind.encode(), flags, options.encode())


def become_nobody() -> None:
    """For a start by root: a process list of its own, then another user, for good.

    The limit on processes does not bind root. bwrap would cover parts of a root's /proc, and the kernel then
    refuses a fresh one further in; so it is mounted here.
    """
    _mount("proc", "/proc", _NOSUID | _NODEV | _NOEXEC)
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)
    _call("prctl", _SET_DUMPABLE, 1, 0, 0, 0)  # else the files in /proc/self stay root's


def found() -> None:
    """A realm of its own: user, mount and IPC namespaces and a list of processes, of which this is the first.

    Here this process may mount and open further namespaces, and outside it has no right more than before.
    Returns in a forked process; the one that called waits for it and ends. Raises OSError when refused.
    """
    _call("unshare", _NEWUSER | _NEWNS | _NEWPID | _NEWIPC)
    _stay_nobody()
    child = os.fork()
    if child:
        os._exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) & 0xFF)
    _call("mount", None, b"/", None, _REC | _SLAVE, None)
    _mount("proc", "/proc", _NOSUID | _NODEV | _NOEXEC)


def adopt() -> None:
    """Become the parent of every process that a forked one leaves behind."""
    _call("prctl", _CHILD_SUBREAPER, 1, 0, 0, 0)


def fork() -> int:
    """Like os.fork, but the new process is the first of a list of its own: when it dies, all of them do."""
    with open("/proc/self/ns/pid") as own:
        _call("unshare", _NEWPID)
        child = os.fork()
        if child:
            _call("setns", own.fileno(), _NEWPID)
    return child


def settle(file_mb: int) -> None:
    """The forked process: own /proc and IPC, an empty /tmp and /dev/shm of limited size, no right to more.

    The mounts belong to the realm of the process that forked it, and its user namespace lies in that realm:
    it can undo nothing, and neither signal nor read that process.
    """
    _call("unshare", _NEWNS | _NEWIPC)
    _mount("proc", "/proc", _NOSUID | _NODEV | _NOEXEC)
    for place in ("/tmp", "/dev/shm"):
        _mount("tmpfs", place, _NOSUID | _NODEV, f"size={file_mb}m,nr_inodes=8192,mode=700")
    _call("unshare", _NEWUSER)
    _stay_nobody()
    Path("/proc/sys/user/max_user_namespaces").write_text("0")  # no rights again in one further in
    _call("prctl", _NO_NEW_PRIVS, 1, 0, 0, 0)
    for capability in range(64):
        if _libc.prctl(_CAPBSET_DROP, capability, 0, 0, 0) != 0:
            break  # past the last one that this kernel knows
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    _call("capset", header, (ctypes.c_uint32 * 6)())


def _stay_nobody() -> None:
    """In a new user namespace, the user of before."""
    uid, gid = os.getuid(), os.getgid()
    for file, line in (("setgroups", "deny"), ("uid_map", f"{uid} {uid} 1"), ("gid_map", f"{gid} {gid} 1")):
        Path("/proc/self", file).write_text(line)


def limit(limits: dict) -> None:
    """What the kernel keeps of sandbox.Limits; few open files, no core dumps."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])  # what the imports take
    wanted = {
        resource.RLIMIT_AS: pages * resource.getpagesize() + (limits["memory_mb"] << 20),
        resource.RLIMIT_CPU: limits["cpu_seconds"],
        resource.RLIMIT_FSIZE: limits["file_mb"] << 20,
        resource.RLIMIT_NPROC: limits["processes"],
        resource.RLIMIT_NOFILE: 256,
        resource.RLIMIT_CORE: 0,
    }
    for what, value in wanted.items():
        hard = resource.getrlimit(what)[1]
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(what, (value, value))


def detach(keep: int) -> None:
    """A session of its own (else `kill 0` reaches the parent), and no open file but `keep` and /dev/null."""
    os.setsid()
    null = os.open("/dev/null", os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(null, number)
    os.closerange(3, keep)
    os.closerange(keep + 1, resource.getrlimit(resource.RLIMIT_NOFILE)[0])
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGPIPE):
        signal.signal(number, signal.SIG_DFL)
