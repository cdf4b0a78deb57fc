"""Messages between the grader and the processes it does not trust: a length, then JSON, over a socket.

Whoever reads says how long a message may be and how long to wait, before a byte of it is taken.
"""

from __future__ import annotations

import json
import socket
import struct
import time

_HEAD = struct.Struct(">Q")


class Broken(Exception):
    """The other side can't be talked with any more. why: closed, long (a message too long) or garbled."""

    def __init__(self, why: str):
        self.why = why
        super().__init__(why)


class Late(Exception):
    """The other side did not answer in time; it may still."""


class Channel:
    """One end of a conversation."""

    def __init__(self, sock: socket.socket):
        self.sock = sock
        self._taken = bytearray()

    def send(self, message: dict, seconds: float | None = None) -> None:
        """Send a message. Raises Broken when nobody reads it, or not within the seconds."""
        data = json.dumps(message, ensure_ascii=True, separators=(",", ":")).encode("ascii")
        try:
            self.sock.settimeout(seconds)
            self.sock.sendall(_HEAD.pack(len(data)) + data)
        except (OSError, ValueError):
            raise Broken("closed") from None

    def receive(self, limit: int, seconds: float | None = None) -> dict:
        """The next message, of at most `limit` bytes.

        Raises Late after the seconds (call again to wait longer), Broken for an end, a message that is too
        long or that is no JSON object.
        """
        deadline = None if seconds is None else time.monotonic() + seconds
        self._fill(_HEAD.size, deadline)
        (length,) = _HEAD.unpack_from(self._taken)
        if length > limit:
            raise Broken("long")
        self._fill(_HEAD.size + length, deadline)
        data = bytes(self._taken[_HEAD.size : _HEAD.size + length])
        del self._taken[: _HEAD.size + length]
        try:
            message = json.loads(data)
        except (ValueError, RecursionError):
            raise Broken("garbled") from None
        if not isinstance(message, dict):
            raise Broken("garbled")
        return message

    def close(self) -> None:
        self.sock.close()

    def _fill(self, size: int, deadline: float | None) -> None:
        """Read until `size` bytes are there."""
        while len(self._taken) < size:
            left = None if deadline is None else deadline - time.monotonic()
            if left is not None and left <= 0:
                raise Late
            try:
                self.sock.settimeout(left)
                part = self.sock.recv(min(size - len(self._taken), 1 << 20))
            except TimeoutError:
                raise Late from None
            except OSError:
                raise Broken("closed") from None
            if not part:
                raise Broken("closed")
            self._taken += part
