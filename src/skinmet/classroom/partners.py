"""The two processes of a submission, as the grader sees them: asked, timed, restarted, not believed."""

from __future__ import annotations

import time
from collections.abc import Callable

from skinmet.classroom.sandbox import Limits, Server
from skinmet.classroom.wire import Broken, Channel, Late

RESTARTS = 3
GRACE_SECONDS = 1  # for code to end after an interrupt
LEAST_SECONDS = 2  # for a test once the time of the submission is used up
MESSAGE_LIMIT = 1 << 16  # beside outputs and answers


Call = Callable[[str, list, dict, float], dict]  # name, arguments, keywords, seconds: the reply


class Dead(Exception):
    """The process is gone. why: in words that follow "the cell"."""

    def __init__(self, why: str):
        self.why = why
        super().__init__(why)


class Clock:
    """The time that a submission has left."""

    def __init__(self, limits: Limits):
        self.cell = limits.cell_seconds
        self.until = time.monotonic() + limits.submission_seconds

    @property
    def over(self) -> bool:
        return time.monotonic() >= self.until

    def seconds(self) -> float:
        """For the next cell or test."""
        return max(min(self.cell, self.until - time.monotonic()), min(LEAST_SECONDS, self.cell))


class _Partner:
    """A forked process, made when it is first needed and again after its death."""

    def __init__(self, server: Server, limits: Limits):
        self.server, self.limits = server, limits
        self.channel: Channel | None = None

    def end(self) -> str:
        """Kill the process and what it started; what it had died of before, if it had. Raises Gone."""
        if self.channel is None:
            return ""
        self.channel.close()
        self.channel = None
        return self.server.end()


class Student(_Partner):
    """The process that runs the student's cells."""

    def __init__(self, server: Server, limits: Limits, clock: Clock):
        super().__init__(server, limits)
        self.clock = clock
        self.good: list[dict] = []  # what a new process runs again
        self.deaths = 0
        self.number = 0  # of the last question: a reply to another one was not asked for

    def run(self, code: str, count: int) -> tuple[dict, bool]:
        """A cell's reply, and whether it had to be stopped. count: its execution count. Raises Dead."""
        self._revive()
        limit = (self.limits.output_kb << 13) + MESSAGE_LIMIT
        order = {"do": "run", "code": code, "count": count}
        reply, late = self._ask(order, limit, self.clock.seconds())
        if not late:
            self.good.append(order)
        return reply, late

    def take(self, names: tuple[str, ...]) -> dict:
        """The answers by name, as the student's process tells them. Raises Dead."""
        self._revive()
        limit = (self.limits.answer_kb << 10) + MESSAGE_LIMIT
        reply, late = self._ask({"do": "take", "names": names}, limit, self.clock.seconds())
        if late or not isinstance(reply.get("answers"), dict):
            raise Dead("took too long to hand them over" if late else "did not hand them over")
        return reply["answers"]

    def call(self, name: str, arguments: list, keywords: dict, seconds: float) -> dict:
        """The reply to an examiner's call of a function, made fit to be passed on."""
        order = {"do": "call", "name": name, "arguments": arguments, "keywords": keywords}
        try:
            self._revive()
            reply, late = self._ask(order, (self.limits.answer_kb << 10) + MESSAGE_LIMIT, seconds)
        except Dead as dead:
            return {"stopped": f"{name}() {dead.why}"}
        if late:
            return {"stopped": f"{name}() ran longer than {round(seconds, 1):g} s"}
        return {key: reply[key] for key in ("data", "raised", "unfit") if key in reply}

    def _ask(self, order: dict, limit: int, seconds: float) -> tuple[dict, bool]:
        """The reply, and whether it came only after an interrupt. Raises Dead when there was none."""
        why, late, self.number = self._slow(seconds), False, self.number + 1
        try:
            self.channel.send({**order, "number": self.number}, seconds)
            try:
                reply = self.channel.receive(limit, seconds)
            except Late:
                late = True
                self.server.interrupt()
                reply = self.channel.receive(limit, GRACE_SECONDS)
            if reply.get("number") == self.number:
                return reply, late
            del self.good[-1:]  # said before it was asked: by the cell before, or by what that left behind
            raise Broken("garbled")
        except Late:
            self.end()
        except Broken as broken:
            why = self._cause(broken.why, self.end())
        raise Dead(why)

    def _slow(self, seconds: float) -> str:
        return f"ran longer than {round(seconds, 1):g} s, ignored the interrupt, and was killed"

    def _cause(self, why: str, died: str) -> str:
        if why != "closed":
            return "said too much to the grader" if why == "long" else "wrote into the grader's connection"
        words = {
            "memory": f"took more than {self.limits.memory_mb} MB with its processes, and was killed",
            "SIGKILL": f"used up the {self.limits.cpu_seconds} s of CPU time, and was killed",
            "exit": "ended its own process",
            "": "closed the connection to the grader",
        }
        return words.get(died, f"crashed its process ({died})")

    def _revive(self) -> None:
        """A new process with what ran well so far. Raises Dead after too many."""
        while self.channel is None:
            if self.deaths > RESTARTS:
                raise Dead(f"was not run: the process had ended {self.deaths} times")
            if self.deaths and self.clock.over:
                raise Dead("was not run: the time of the submission was used up")
            self.channel = self.server.fork(self.limits)
            self.deaths += 1
            for position, order in enumerate(self.good):
                try:
                    self._ask(order, 1 << 30, self.clock.seconds())
                except Dead:
                    del self.good[position : position + 1]
                    break


class Examiner(_Partner):
    """The process that holds the tests."""

    def __init__(self, server: Server, limits: Limits, ahead: int):
        super().__init__(server, limits)
        self.ahead = ahead  # how many of the given cells the server has run
        self.given = 0

    def examine(self, given: list[dict], test: dict, seconds: float, call: Call) -> list[str] | None:
        """Run the given cells it has not run yet, then the test. What went wrong: [name, message], or None.

        call: how the test's calls of a student's functions are answered. Raises Dead when a given cell fails.
        """
        if self.channel is None:
            self.channel, self.given = self.server.fork(self.limits), self.ahead
        for cell in given[self.given :]:
            error = self._ask(cell, self.limits.cell_seconds, call)
            if error:
                raise Dead(f"`{cell['cell']}` fails by itself ({': '.join(error)})")
            self.given += 1
        return self._ask(test, seconds, call)

    def _ask(self, order: dict, seconds: float, call: Call) -> list[str] | None:
        until = time.monotonic() + seconds
        limit = (self.limits.answer_kb << 10) + MESSAGE_LIMIT
        try:
            self.channel.send(order, seconds)
            while True:
                left = max(until - time.monotonic(), 0) + GRACE_SECONDS
                match self.channel.receive(limit, left):
                    case {"error": None}:
                        return None
                    case {"error": [str(), str()] as error}:
                        return error
                    case {"call": str(name), "arguments": list(arguments), "keywords": dict(keywords)}:
                        left = until - time.monotonic()
                        late = {
                            "stopped": f"calls of {name}() used up the {round(seconds, 1):g} s of this check"
                        }
                        reply = call(name, arguments, keywords, left) if left > 0 else late
                        self.channel.send(reply, seconds)
                    case _:
                        raise Broken("garbled")
        except Late:
            self.end()
            return ["TimeoutError", f"the check did not end within {round(seconds, 1):g} s on this answer"]
        except Broken:
            self.end()
            return ["RuntimeError", "this answer can't be checked: it is too large, or ended the check"]
