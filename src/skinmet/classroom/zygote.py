"""A fork server: imports once, then a fresh process for each submission. Runs inside the sandbox.

Started by sandbox.Server, which sends orders over a socket: fork, interrupt, end. There is at most one forked
process at a time. It gets a socket of its own to the grader; of this process nothing reaches it but a copy
of the memory, which holds no submission, no test and no key.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import select
import shutil
import signal
import socket
import sys
import tempfile
import time
from pathlib import Path
from types import ModuleType

from skinmet.classroom import isolate
from skinmet.classroom.wire import Channel

# What exercises use: imported here, a fork has it for nothing.
IMPORTS = (
    "numpy", "pandas", "scipy.stats", "scipy.optimize", "plotly.express", "plotly.graph_objects", "plotly.io",
    "skinmet.evidence", "skinmet.references", "skinmet.synthesis", "skinmet.figures", "skinmet.display",
    "skinmet.wording",
)  # fmt: skip
# Calls whose first use loads more modules or fills caches.
CALLS = """
import pandas as pd, plotly.express as px, plotly.graph_objects as go, scipy.stats
frame = pd.DataFrame({"a": [1.0, 2.0, 3.0], "b": ["x", "y", "x"], "c": [1, 2, 3]})
for value in (frame, frame["a"], frame.describe(), frame.groupby("b").agg({"a": "mean", "c": "sum"}),
              frame.merge(frame, on="b"), frame.pivot_table(index="b", values="a"), frame.query("c > 1")):
    repr(value), getattr(value, "_repr_html_", str)()
for draw in (px.bar, px.scatter, px.line, px.histogram, px.box):
    draw(frame, x="a", y="c", color="b").update_layout(title="a").to_plotly_json()
go.Figure(go.Heatmap(z=[[1]])).add_vline(1).add_annotation(text="a").update_xaxes(type="log")._repr_mimebundle_()
scipy.stats.norm.ppf(0.5), scipy.stats.beta.ppf(0.5, 1, 1)
"""
WATCH_SECONDS = 0.25  # between looks at the memory of all processes of a submission together
GRACE_SECONDS = 0.5  # for a process that closed its socket to be found dead, too


class Zygote:
    """The server's state: orders come over `control`; the role says what a forked process does."""

    def __init__(self, control: socket.socket, sandbox: bool, role: ModuleType):
        self.control, self.sandbox, self.role = control, sandbox, role
        self.limits: dict = {}
        self.child = 0
        self.died = ""
        self.folder = ""

    def loop(self) -> None:
        """Take orders until the grader is gone."""
        while True:
            self._watch()
            if not select.select([self.control], [], [], WATCH_SECONDS if self.child else None)[0]:
                continue
            data, handed, _, _ = socket.recv_fds(self.control, 1 << 16, 1)
            if not data:
                self._end()
                return
            order = json.loads(data)
            match order["do"]:
                case "fork":
                    reply = self._fork(order["limits"], *handed)
                case "interrupt":
                    reply = self._interrupt()
                case "warm":
                    reply = self._warm(order["codes"])
                case "end":
                    reply = self._end()
            self.control.send(json.dumps(reply).encode())

    def _fork(self, limits: dict, handed: int) -> dict:
        self._end()
        self.limits = limits
        if not self.sandbox:
            self.folder = tempfile.mkdtemp()
        self.child, self.died = isolate.fork() if self.sandbox else os.fork(), ""
        if self.child == 0:
            self._become(handed)
        os.close(handed)
        return {}

    def _become(self, handed: int) -> None:
        """The forked process, from its first to its last moment."""
        try:
            self.control.close()
            channel = Channel(socket.socket(fileno=handed))
            try:
                isolate.detach(handed)
                if self.sandbox:
                    isolate.settle(self.limits["file_mb"])
                    self.folder = tempfile.mkdtemp(dir="/tmp")
                isolate.limit(self.limits)
                os.chdir(self.folder)
            except OSError as error:
                channel.send({"refused": str(error)})
                return
            channel.send({"ready": True})
            self.role.serve(channel, self.limits)
        finally:
            os._exit(0)

    def _warm(self, codes: list[str]) -> dict:
        """Run the given cells that an exercise begins with: a fork has their work for nothing."""
        self._end()
        failed = self.role.warm(codes)
        freeze()
        return {"failed": failed}

    def _interrupt(self) -> dict:
        if self.child:
            os.kill(self.child, signal.SIGINT)
        return {}

    def _end(self) -> dict:
        """Kill the forked process, and whatever it left behind."""
        if self.child:
            until = time.monotonic() + GRACE_SECONDS
            while not self._reap() and time.monotonic() < until:
                time.sleep(0.002)
            if self.child:
                os.kill(self.child, signal.SIGKILL)
                while not self._reap():
                    time.sleep(0.002)
                self.died = ""
        while left := _children():
            for pid in left:
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
        if self.folder:
            shutil.rmtree(self.folder, ignore_errors=True)
            self.folder = ""
        died, self.died = self.died, ""
        return {"died": died}

    def _reap(self) -> bool:
        """Whether the forked process is dead; if so remembers what it died of."""
        pid, status = os.waitpid(self.child, os.WNOHANG)
        if pid:
            code = os.waitstatus_to_exitcode(status)
            self.died = self.died or (signal.Signals(-code).name if code < 0 else "exit")
            self.child = 0
        return bool(pid)

    def _watch(self) -> None:
        """Kill a submission whose processes together take more memory than one may."""
        if self.child and self.sandbox and _memory() > self.limits["memory_mb"] << 20:
            self.died = "memory"
            os.kill(self.child, signal.SIGKILL)


def _children() -> list[int]:
    return [int(pid) for pid in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()]


def _memory() -> int:
    """Bytes in memory of all processes in the list but this one, its own pages shared with nobody."""
    total = 0
    for entry in os.listdir("/proc"):
        if entry.isdigit() and int(entry) != os.getpid():
            try:
                _, resident, shared, *_ = Path("/proc", entry, "statm").read_text().split()
            except (OSError, ValueError):
                continue  # it ended
            total += (int(resident) - int(shared)) * os.sysconf("SC_PAGE_SIZE")
    return total


def freeze() -> None:
    """Take what there is out of the garbage collection: in a fork, it would touch and so copy every page."""
    gc.collect()
    gc.freeze()


def main() -> None:
    """Start as the role in the order given as the only argument says."""
    order = json.loads(sys.argv[1])
    if order["sandbox"] and os.getuid() == 0:
        isolate.become_nobody()
    if order["sandbox"]:
        isolate.found()
    else:
        isolate.adopt()
    role = importlib.import_module(f"skinmet.classroom.{order['role']}")
    for name in IMPORTS:
        importlib.import_module(name)
    role.warm([CALLS])
    role.warm([])
    freeze()
    control = socket.socket(fileno=order["control"])
    control.send(b"{}")
    Zygote(control, order["sandbox"], role).loop()


if __name__ == "__main__":
    main()
