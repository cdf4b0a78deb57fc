"""The one door to Crossref: habanero asks, here are the manners, the patience and the memory around it.

habanero makes one request and raises: RequestError, RuntimeError, httpx2's own errors, or whatever a
strange answer leads to. It waits for nobody and forgets the headers; but the error beneath keeps the answer,
and so its Retry-After.
"""

from __future__ import annotations

import email.utils
import hashlib
import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote

import habanero
import httpx2

from skinmet import __version__, project

# Seconds between two requests: below what Crossref allows a single reader, with and without an address.
INTERVAL, INTERVAL_ANONYMOUS = 0.35, 1.0
TIMEOUT = 30.0  # seconds for a connection, and for each piece of an answer
ATTEMPTS = 4
FIRST_WAIT, LONGEST_WAIT = 2.0, 60.0  # seconds; the wait doubles
PATIENCE = 300.0  # seconds; asked to wait longer, we leave
FRESH = timedelta(days=30)  # how long an answer is remembered
# What is kept of an answer: a record with its references may be a megabyte.
FIELDS = (
    "DOI", "type", "title", "subtitle", "author", "container-title", "short-container-title", "volume",
    "issue", "page", "article-number", "issued", "published-print", "published-online", "update-to",
    "updated-by", "relation",
)  # fmt: skip


class NoAnswer(Exception):
    """Crossref did not answer. final: asking for other works would end the same way."""

    def __init__(self, words: str, final: bool = False):
        super().__init__(words)
        self.final = final


class NotAsked(NoAnswer):
    """The answer is not remembered, and we have hung up."""


@dataclass(frozen=True)
class Answer:
    """A record of Crossref, None where there is none; the address it came from, and when (ISO, UTC)."""

    record: dict | None
    source: str
    when: str


class Crossref:
    """Asks Crossref, politely, and remembers the answers in a folder; what is there is not asked again."""

    def __init__(
        self,
        folder: Path,
        base_url: str,
        address: str | None = None,
        *,
        timeout: float = TIMEOUT,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ):
        """folder: for the answers. base_url: where Crossref's interface is. address: an e-mail address,
        which Crossref asks for; who gives one is served better. timeout: seconds, for each step."""
        self._folder, self._base = folder, base_url.rstrip("/")
        self._asking = habanero.Crossref(
            base_url=self._base, mailto=address, ua_string=f"skinmet/{__version__}", timeout=timeout
        )
        self._interval = INTERVAL if address else INTERVAL_ANONYMOUS
        self._sleep, self._clock, self._last = sleep, clock, None
        self._hung_up = False

    def work(self, doi: str) -> Answer:
        """The record of a DOI. Raises NoAnswer."""
        name = quote(doi, safe="")

        def ask() -> dict:
            record = self._asking.works(ids=[name])["message"]
            if not isinstance(record["DOI"], str):
                raise TypeError("no DOI")
            return _kept(record)

        return self._remembered(f"/works/{name}", ask)

    def nearest(self, text: str, most: int = 3) -> list[Answer]:
        """The records that look most like a reference in words, the likeliest first. Raises NoAnswer."""

        def ask() -> dict:
            found = self._asking.works(query_bibliographic=text, limit=most)["message"]["items"]
            return {"items": [_kept(one) for one in found if isinstance(one["DOI"], str)]}

        question = f"/works?query.bibliographic={quote(text)}&rows={most}"
        answer = self._remembered(question, ask)
        items = answer.record["items"] if answer.record else []
        return [Answer(one, f"{self._base}/works/{quote(one['DOI'], safe='')}", answer.when) for one in items]

    def hang_up(self) -> None:
        """Ask no more: from now on only what is remembered is answered, else NotAsked raised."""
        self._hung_up = True

    def _remembered(self, question: str, ask: Callable[[], dict]) -> Answer:
        source = self._base + question
        path = self._folder / f"{hashlib.sha256(source.encode()).hexdigest()[:40]}.json"
        try:
            stored = json.loads(path.read_bytes())
            when = datetime.fromisoformat(stored["when"])
            if stored["asked"] == source and datetime.now(UTC) - when < FRESH:
                return Answer(stored["answer"], source, stored["when"])
        except (OSError, ValueError, KeyError, TypeError):
            pass  # not asked yet, or not to be read: asked again
        if self._hung_up:
            raise NotAsked("not asked")
        record = self._patiently(ask)
        when = datetime.now(UTC).isoformat(timespec="seconds")
        stored = {"asked": source, "when": when, "answer": record}
        project.replace(path, json.dumps(stored, ensure_ascii=False).encode())
        return Answer(record, source, when)

    def _patiently(self, ask: Callable[[], dict]) -> dict | None:
        wait = FIRST_WAIT
        for attempt in range(1, ATTEMPTS + 1):
            self._pace()
            try:
                return ask()
            # a strange answer may end in any error within habanero; each kind is told apart below
            except Exception as error:
                fault = _fault(error)
                if fault.unknown:
                    return None
                longer = max(wait, fault.wait or 0.0)
                if longer > PATIENCE:
                    raise NoAnswer(f"{fault.words}: it asks to wait {longer:.0f} s", final=True) from error
                if not fault.passing or attempt == ATTEMPTS:
                    raise NoAnswer(fault.words, final=fault.final) from error
                self._sleep(longer)
                wait = min(2 * wait, LONGEST_WAIT)
        raise AssertionError("the last attempt returns or raises")

    def _pace(self) -> None:
        if self._last is not None:
            self._sleep(max(0.0, self._last + self._interval - self._clock()))
        self._last = self._clock()


@dataclass(frozen=True)
class _Fault:
    """words: what happened. passing: worth another try. final: other questions would fare the same.
    unknown: Crossref says that it knows no such work. wait: seconds it asks us to wait."""

    words: str
    passing: bool = True
    final: bool = False
    unknown: bool = False
    wait: float | None = None


def _fault(error: Exception) -> _Fault:
    """What an error of habanero or of the net beneath it means."""
    chain: list[BaseException] = []
    link: BaseException | None = error
    while link is not None and link not in chain:
        chain.append(link)
        link = link.__cause__ or link.__context__
    for one in chain:
        if isinstance(one, httpx2.HTTPStatusError):
            return _status(one.response)
    for one in chain:
        if isinstance(one, (httpx2.UnsupportedProtocol, httpx2.InvalidURL)):
            return _Fault(f"the address of Crossref is none: {one}", passing=False, final=True)
        if isinstance(one, httpx2.TimeoutException):
            return _Fault("Crossref did not answer in time", final=isinstance(one, httpx2.ConnectTimeout))
        if isinstance(one, httpx2.NetworkError):
            final = isinstance(one, httpx2.ConnectError)
            return _Fault(f"Crossref can't be reached ({_short(one)})", final=final)
        if isinstance(one, httpx2.TransportError):
            return _Fault(f"the answer broke off ({_short(one)})")
    return _Fault("the answer is not what Crossref sends (cut off, a web page, or empty)")


def _status(response: httpx2.Response) -> _Fault:
    code = response.status_code
    page = "html" in response.headers.get("Content-Type", "")
    if code == 404 and not page:
        return _Fault("Crossref knows no such work", unknown=True)
    if code == 429:
        return _Fault("Crossref is asked too often (429)", final=True, wait=_retry_after(response))
    if code >= 500:
        return _Fault(f"Crossref has a fault of its own ({code})", wait=_retry_after(response))
    if code in (401, 403):
        return _Fault(f"Crossref refuses to answer ({code})", passing=False, final=True)
    return _Fault(f"Crossref did not take the question ({code})", passing=False)


def _retry_after(response: httpx2.Response) -> float | None:
    """Seconds, from a number or a date; None where the header is missing or makes no sense."""
    text = response.headers.get("Retry-After", "").strip()
    if re.fullmatch(r"\d{1,9}", text):
        return float(text)
    try:
        return max(0.0, (email.utils.parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds())
    except (TypeError, ValueError):
        return None


def _short(error: BaseException) -> str:
    return " ".join(str(error).split())[:80] or type(error).__name__


def _kept(record: dict) -> dict:
    return {name: record[name] for name in FIELDS if record.get(name) is not None}
