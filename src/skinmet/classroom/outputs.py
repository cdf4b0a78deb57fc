"""The outputs of a cell, as nbformat has them, no more than a cell may write; and whether a claim is one."""

from __future__ import annotations

import json

MIMES = ("text/", "image/", "application/json", "application/vnd.", "application/geo+json")
DEPTH = 40


class Recorder:
    """Gathers what a cell shows. limit: characters in all; what comes after is dropped, and `cut` says so."""

    def __init__(self, limit: int):
        self.outputs: list[dict] = []
        self.left = limit
        self.cut = False

    def stream(self, name: str, text: str) -> None:
        """Text written to stdout or stderr; joins what was written there just before."""
        self.cut = self.cut or len(text) > self.left
        text = text[: self.left]
        self.left -= len(text)
        last = self.outputs[-1] if self.outputs else {}
        if not text:
            return
        if last.get("output_type") == "stream" and last["name"] == name:
            last["parts"].append(text)
        else:
            self.outputs.append({"output_type": "stream", "name": name, "parts": [text]})

    def bundle(self, kind: str, data: dict, **more: object) -> None:
        """A display_data or an execute_result. What is neither text nor JSON is shown as text."""
        plain = {
            str(mime): value if isinstance(value, str) else _jsonable(value) for mime, value in data.items()
        }
        if plain:
            self._whole({"output_type": kind, "data": plain, "metadata": {}, **more})

    def error(self, name: str, message: str, traceback: list[str]) -> None:
        """An exception; its traceback is shortened to what may still be written."""
        message, room = message[:2000], self.left
        kept = []
        for part in traceback:
            kept.append(part[: max(room, 0)])
            room -= len(part)
        self.cut = self.cut or room < 0
        self.left = max(self.left - sum(map(len, kept)), 0)
        self.outputs.append({"output_type": "error", "ename": name, "evalue": message, "traceback": kept})

    def clear(self) -> None:
        """Forget all outputs; they still count as written."""
        self.outputs.clear()

    def taken(self) -> list[dict]:
        """The outputs, streams as one text each."""
        for output in self.outputs:
            if "parts" in output:
                output["text"] = "".join(output.pop("parts"))
        return self.outputs

    def _whole(self, output: dict) -> None:
        size = len(json.dumps(output))
        if size > self.left:
            self.cut = True
            return
        self.left -= size
        self.outputs.append(output)


def _jsonable(value: object) -> object:
    return json.loads(json.dumps(value, default=str), parse_constant=lambda word: None)  # NaN is no JSON


def checked(claims: object, limit: int, count: int) -> tuple[list[dict], bool]:
    """Outputs in nbformat's shape from what an untrusted process claims, and whether some were dropped.

    limit: characters in all. count: the cell's execution count. Whatever has another shape is dropped.
    """
    recorder = Recorder(limit)
    sound = isinstance(claims, list)
    for claim in claims if sound else ():
        try:
            match claim:
                case {"output_type": "stream", "name": "stdout" | "stderr" as name, "text": str(text)}:
                    recorder.stream(name, _clean(text))
                case {"output_type": "display_data", "data": dict(data)}:
                    recorder.bundle("display_data", _bundle(data))
                case {"output_type": "execute_result", "data": dict(data)}:
                    recorder.bundle("execute_result", _bundle(data), execution_count=count)
                case {
                    "output_type": "error",
                    "ename": str(name),
                    "evalue": str(text),
                    "traceback": list(lines),
                }:
                    recorder.error(_clean(name)[:200], _clean(text), [_clean(line) for line in lines])
                case _:
                    sound = False
        except (TypeError, ValueError, RecursionError):
            sound = False
    return recorder.taken(), recorder.cut or not sound


def _bundle(data: dict) -> dict:
    """The parts of a mime bundle that a page can show without running them. Raises ValueError."""
    shown = {mime: value for mime, value in data.items() if mime.startswith(MIMES)}
    for mime, value in shown.items():
        if not (isinstance(value, str) or mime.endswith("json")):
            raise ValueError(mime)
    return {_clean(mime): _clean(value) for mime, value in shown.items()}


def _clean(value: object, depth: int = 0) -> object:
    """JSON without halves of surrogate pairs, which no file can hold. Raises ValueError if nested deeply."""
    if depth > DEPTH:
        raise ValueError("nested too deeply")
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, list):
        return [_clean(part, depth + 1) for part in value]
    if isinstance(value, dict):
        return {_clean(key): _clean(part, depth + 1) for key, part in value.items()}
    return value
