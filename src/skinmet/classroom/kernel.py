"""The student's process: runs cells as Jupyter would, hands out answers as plain data, calls functions.

Everything here shares its memory with code that may be hostile: what it says is a claim, checked by whoever
reads it (execute, outputs.checked, plain.decode).
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import sys
import sysconfig
import threading
import warnings

from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.interactiveshell import ExecutionResult, InteractiveShell
from traitlets.config import Config

from skinmet.classroom import plain
from skinmet.classroom.outputs import Recorder
from skinmet.classroom.wire import Broken, Channel

TRACEBACK = 20  # lines kept at either end
_ahead: list[tuple[str, dict]] = []  # cells that the fork server has run already, and their replies
_PACKAGES = sysconfig.get_path("purelib") + "/"


class _Result(DisplayHook):
    """The value of a cell's last line."""

    def start_displayhook(self):
        pass

    def write_output_prompt(self):
        pass

    def write_format_data(self, format_dict, md_dict=None):
        self.shell.recorder.bundle("execute_result", format_dict)

    def finish_displayhook(self):
        pass


class _Display(DisplayPublisher):
    """What `display` is given."""

    def publish(self, data, metadata=None, **options):
        self.shell.recorder.bundle("display_data", data)

    def clear_output(self, wait=False):
        self.shell.recorder.clear()


class Shell(InteractiveShell):
    """IPython as a kernel runs it, without history and files, with outputs gathered by a Recorder."""

    displayhook_class = _Result
    display_pub_class = _Display
    recorder = Recorder(0)

    def _showtraceback(self, etype, evalue, stb):
        lines = [line.replace(_PACKAGES, "") for line in stb]
        if len(lines) > 2 * TRACEBACK:
            lines[TRACEBACK:-TRACEBACK] = ["  ..."]
        self.recorder.error(etype.__name__, str(evalue), lines)

    def ask_exit(self):
        raise SystemExit("exit()")

    def enable_gui(self, gui=None):
        pass


class _Stream(io.TextIOBase):
    """sys.stdout or sys.stderr."""

    def __init__(self, recorder: Recorder, name: str):
        self.recorder, self.called = recorder, name

    def write(self, text: str) -> int:
        self.recorder.stream(self.called, text)
        return len(text)

    def writable(self) -> bool:
        return True


class Kernel:
    """The loop of a forked process: an order comes in, its reply goes out."""

    def __init__(self, channel: Channel, limits: dict):
        self.channel, self.limits = channel, limits
        self.shell = Shell.instance()
        self.known = (0, 1)
        self.ahead = list(_ahead)

    def loop(self) -> None:
        """Until the grader has heard enough. A process forked by a student's code ends here instead."""
        me = os.getpid()
        while True:
            message = self.channel.receive(limit=1 << 30)
            recorder = _record(self.limits["output_kb"] << 10)
            try:
                signal.signal(signal.SIGINT, signal.default_int_handler)
                reply = getattr(self, f"_{message['do']}")(message, recorder)
            except KeyboardInterrupt:  # between the student's code and here
                reply = {"ended": "interrupted", "outputs": recorder.taken()}
            finally:
                signal.signal(signal.SIGINT, signal.SIG_IGN)
                if os.getpid() != me:
                    os._exit(0)
            self.channel.send({**reply, "number": message["number"]})

    def _run(self, message: dict, recorder: Recorder) -> dict:
        if self.ahead and message["code"] == self.ahead[0][0]:
            return self.ahead.pop(0)[1]
        if self.ahead:  # another cell comes first: nothing is to be there but what was asked for
            done = _ahead[: -len(self.ahead)]
            self.ahead = []
            warm([code for code, _ in done])
            recorder = _record(self.limits["output_kb"] << 10)
        self.shell.execution_count = message["count"]
        reply = ended(self.shell.run_cell(message["code"], store_history=True), recorder)
        return {**reply, "left": self._left()}

    def _left(self) -> str:
        """What runs on, and did not before the cell."""
        before, self.known = self.known, (_processes(), threading.active_count())
        more = [now > then for now, then in zip(self.known, before, strict=True)]
        return "process" if more[0] else "thread" if more[1] else ""

    def _take(self, message: dict, recorder: Recorder) -> dict:
        """Answers by name: plain data, or a word on why not."""
        return {"answers": {name: self._answer(name) for name in message["names"]}}

    def _answer(self, name: str) -> dict:
        if name not in self.shell.user_ns:
            return {"is": "missing"}
        value = self.shell.user_ns[name]
        try:
            data = plain.encode(value)
            large = len(json.dumps(data)) > self.limits["answer_kb"] << 10
            return {"is": "other", "why": "it is too large"} if large else {"is": "plain", "data": data}
        except plain.NotPlain as error:
            return {"is": "callable"} if callable(value) else {"is": "other", "why": str(error)}
        except Exception as error:
            return {"is": "other", "why": f"reading it raised {type(error).__name__}"}

    def _call(self, message: dict, recorder: Recorder) -> dict:
        """The result of one of the student's functions for plain arguments, or the exception it raised."""
        try:
            arguments = plain.decode(message["arguments"])
            keywords = plain.decode(message["keywords"])
            result = self.shell.user_ns[message["name"]](*arguments, **keywords)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # SystemExit among them: the process goes on
            return {"raised": [type(error).__name__, str(error)[:2000]]}
        try:
            return {"data": plain.encode(result)}
        except plain.NotPlain as error:
            return {"unfit": str(error)}


def ended(result: ExecutionResult, recorder: Recorder) -> dict:
    """A cell's outputs, and how it ended."""
    error = result.error_before_exec or result.error_in_exec
    kinds = {KeyboardInterrupt: "interrupted", SystemExit: "exit", MemoryError: "memory"}
    named = [name for kind, name in kinds.items() if isinstance(error, kind)]
    end = named[0] if named else "error" if error else "ok"
    return {"ended": end, "outputs": recorder.taken(), "cut": recorder.cut}


def _processes() -> int:
    """How many other processes there are in the sandbox."""
    return sum(name.isdigit() for name in os.listdir("/proc")) - 1 if os.getpid() == 1 else 0


def warm(codes: list[str]) -> str:
    """Run cells in the fork server. A forked process starts with what the last of these calls defined."""
    _ahead.clear()
    shell = Shell.instance(config=_config())
    shell.reset(new_session=True)
    for count, code in enumerate(codes, 1):
        recorder = _record(1 << 20)
        shell.execution_count = count
        _ahead.append((code, ended(shell.run_cell(code, store_history=True), recorder)))
    return ""


def _record(limit: int) -> Recorder:
    """From here on outputs go to a new recorder, also when a cell has put something else in the way."""
    recorder = Shell.instance().recorder = Recorder(limit)
    sys.stdout, sys.stderr = _Stream(recorder, "stdout"), _Stream(recorder, "stderr")
    return recorder


def _config() -> Config:
    config = Config()
    config.HistoryManager.enabled = False
    config.InteractiveShell.colors = "nocolor"
    config.InteractiveShell.cache_size = 0
    config.InteractiveShell.xmode = "Plain"  # the others read and parse whole packages: seconds for an error
    return config


def serve(channel: Channel, limits: dict) -> None:
    """What a forked process does."""
    warnings.filterwarnings("ignore", "To exit: use")  # the remark says it
    with contextlib.suppress(Broken):
        Kernel(channel, limits).loop()
