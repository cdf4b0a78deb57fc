"""A server on this machine that speaks Crossref's REST API, with answers made by hand after its form.

works/{doi} and works?query.bibliographic=…, their envelopes, and the plain text of a 404: api_format.md and
README.md of github.com/CrossRef/rest-api-doc. `updated-by` and its `source` (retraction-watch): public
clients of the interface. Faults can be planted for a DOI or for the next requests.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

# One answer: status, headers, body; or seconds of silence before the connection is dropped.
Reply = tuple[int, dict[str, str], bytes]
JSON = {"Content-Type": "application/json"}


def record(doi: str, title: str = "Invented record", **fields) -> dict:
    """A work as Crossref describes one, with the fields it always sends."""
    return {
        "indexed": {"date-parts": [[2024, 1, 1]], "date-time": "2024-01-01T00:00:00Z"},
        "reference-count": 0,
        "publisher": "Example Press",
        "content-domain": {"domain": [], "crossmark-restriction": False},
        "DOI": doi,
        "type": "journal-article",
        "created": {"date-parts": [[2020, 1, 2]]},
        "source": "Crossref",
        "title": [title],
        "prefix": doi.split("/")[0],
        "member": "0",
        "URL": f"https://doi.org/{doi}",
        "score": 1,
        **fields,
    }


def work(message: dict) -> Reply:
    envelope = {"status": "ok", "message-type": "work", "message-version": "1.0.0", "message": message}
    return 200, JSON, json.dumps(envelope).encode()


def listing(items: list[dict]) -> Reply:
    message = {"facets": {}, "total-results": len(items), "items": items, "items-per-page": 3,
               "query": {"start-index": 0, "search-terms": None}}  # fmt: skip
    envelope = {"status": "ok", "message-type": "work-list", "message-version": "1.0.0", "message": message}
    return 200, JSON, json.dumps(envelope).encode()


UNKNOWN: Reply = (404, {"Content-Type": "text/plain;charset=utf-8"}, b"Resource not found.")
BUSY: Reply = (429, {"Content-Type": "text/plain", "Retry-After": "7"}, b"Too many requests")
BROKEN: Reply = (500, {"Content-Type": "text/html"}, b"<html><body>Internal Server Error</body></html>")
PAGE: Reply = (200, {"Content-Type": "text/html"}, b"<html><body>Sign in to this network</body></html>")
EMPTY: Reply = (200, JSON, b"")
TRUNCATED: Reply = (200, JSON, work(record("10.5555/cut"))[2][:150])
STRANGE: Reply = (200, JSON, b'{"status": "ok", "message": [1, 2]}')
REFUSED: Reply = (403, {"Content-Type": "text/plain"}, b"Forbidden")


class Server:
    """`works`: records by DOI. `near`: what a search answers. `faults`: replies to the next requests;
    a number is so many seconds of silence. `asked`: path, query and headers of every request."""

    def __init__(self):
        self.works: dict[str, dict] = {}
        self.near: Callable[[str], list[dict]] = lambda text: []
        self.faults: list[Reply | float] = []
        self.asked: list[tuple[str, dict[str, list[str]], dict[str, str]]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                outer._answer(self)

            def log_message(self, *arguments):
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_port}"
        threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()

    def _answer(self, handler: BaseHTTPRequestHandler) -> None:
        parts = urlsplit(handler.path)
        query = parse_qs(parts.query)
        self.asked.append((parts.path, query, dict(handler.headers)))
        fault = self.faults.pop(0) if self.faults else None
        if isinstance(fault, (int, float)):
            time.sleep(fault)
            handler.close_connection = True
            return
        status, headers, body = fault or self._found(parts.path, query)
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    def _found(self, path: str, query: dict[str, list[str]]) -> Reply:
        if path.rstrip("/") == "/works":
            return listing(self.near(query["query.bibliographic"][0]))
        doi = unquote(path.removeprefix("/works/"))
        return work(self.works[doi]) if doi in self.works else UNKNOWN
