"""The examiner's process: runs given cells and tests of our source on answers that arrive as plain data.

The only process that holds hidden tests. It is forked afresh for each submission and sees nothing of the
student's process but JSON; a function of the student's is a proxy that sends its arguments over there.
"""

from __future__ import annotations

import builtins
import contextlib
import warnings

from skinmet.classroom import plain
from skinmet.classroom.wire import Broken, Channel

REPLY_LIMIT = 1 << 30
# Raised for what a student's function raises: only kinds that mean nothing to the code that calls it.
_SAME = {
    name: kind for name, kind in vars(builtins).items()
    if isinstance(kind, type) and issubclass(kind, Exception) and not issubclass(kind, Warning)
    and not issubclass(kind, StopIteration | StopAsyncIteration | OSError | UnicodeError | ExceptionGroup)
}  # fmt: skip


_GIVE = "give a number, text, list, dict, table, figure or function"
_names: dict = {}  # what tests see


class Unfit(AssertionError):
    """An answer that can't be checked; the message says why."""


class Stopped(BaseException):
    """A student's function that did not come back: no `except Exception` of a test may go on after it."""


class Function:
    """A student's function, called over there."""

    def __init__(self, name: str, channel: Channel):
        self.__name__ = self.__qualname__ = name
        self._channel = channel

    def __call__(self, *arguments, **keywords):
        self._channel.send({
            "call": self.__name__,
            "arguments": plain.encode(list(arguments)),
            "keywords": plain.encode(keywords),
        })  # fmt: skip
        match self._channel.receive(REPLY_LIMIT):
            case {"data": data}:
                try:
                    return plain.decode(data)
                except plain.NotPlain as error:
                    raise Unfit(f"what {self.__name__}() returned can't be checked: {error}") from None
            case {"raised": [str(kind), str(message)]}:
                raise _SAME.get(kind, RuntimeError)(message if kind in _SAME else f"{kind}: {message}")
            case {"unfit": str(why)}:
                raise Unfit(f"what {self.__name__}() returned can't be checked: {why}")
            case {"stopped": str(why)}:
                raise Stopped(why)
        raise Unfit(f"{self.__name__}() gave no answer")

    def __repr__(self):
        return f"<function {self.__name__}>"


class Examiner:
    """The loop of a forked process: a given cell or a test comes in, what went wrong goes out."""

    def __init__(self, channel: Channel):
        self.channel = channel
        self.names = _names

    def loop(self) -> None:
        """Until the grader has heard enough."""
        while True:
            message = self.channel.receive(REPLY_LIMIT)
            answers = message.get("answers", {})
            before = {name: self.names[name] for name in answers if name in self.names}
            try:
                self.names |= {name: self._value(name, answer) for name, answer in answers.items()}
                exec(compile(message["code"], f"<{message['cell']}>", "exec"), self.names)
                error = None
            except Stopped as stop:
                error = ["Stopped", str(stop)]
            except (Exception, SystemExit) as raised:
                error = [type(raised).__name__, _words(raised)]
            for name in answers:  # given cells and other tests must not meet them
                self.names.pop(name, None)
            self.names |= before
            self.channel.send({"error": error})

    def _value(self, name: str, answer: object) -> object:
        match answer:
            case {"is": "plain", "data": data}:
                try:
                    return plain.decode(data)
                except plain.NotPlain as error:
                    raise Unfit(f"`{name}` can't be checked: {error}") from None
            case {"is": "callable"}:
                return Function(name, self.channel)
            case {"is": "other", "why": str(why)}:
                raise Unfit(f"`{name}` can't be checked: {why[:200]}; {_GIVE}")
        raise Unfit(f"`{name}` can't be checked")


def _words(error: BaseException) -> str:
    """The message for the student, which must not hold the hidden test's source."""
    text = " ".join(str(part) for part in error.args) if isinstance(error, KeyError) else str(error)
    return text[:2000] or "a check failed that says no more"


def warm(codes: list[str]) -> str:
    """Run given cells in the fork server; what went wrong, or an empty text.

    A forked process starts with what the last of these calls defined.
    """
    _names.clear()
    _names.update({"__name__": "__main__"})
    warnings.simplefilter("ignore")
    for code in codes:
        try:
            exec(code, _names)
        except Exception as error:
            return f"{type(error).__name__}: {error}"
    return ""


def serve(channel: Channel, limits: dict) -> None:
    """What a forked process does."""
    with contextlib.suppress(Broken):
        Examiner(channel).loop()
