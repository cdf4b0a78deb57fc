"""What the pages for students and educators share: look, escaping, a policy that lets no script run."""

from __future__ import annotations

import re
from functools import cache

import jinja2

from skinmet.classroom.layouts import original_name

POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"
STYLE = """
:root { color-scheme: light dark; --ink: #1f2933; --muted: #5b6472; --line: #dde2e8; --paper: #fff;
  --soft: #f4f6f8; --good: #00795a; --part: #8a5a00; --bad: #b3261e; --bar: #4573a8; }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e8ed; --muted: #a3adb9; --line: #38414c;
  --paper: #14181d; --soft: #1e242b; --good: #4cc9a0; --part: #e0b050; --bad: #ff8a80; --bar: #7ba7d9; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.5rem 1rem 4rem; max-width: 50rem; overflow-wrap: anywhere;
  color: var(--ink); background: var(--paper);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, Arial, sans-serif; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: .2rem 0; }
h2 { font-size: 1.2rem; margin: 2.4rem 0 .5rem; }
h3 { font-size: 1rem; margin: 1.4rem 0 .3rem; } p { margin: .4rem 0; }
.muted { color: var(--muted); font-size: .92rem; } .good { color: var(--good); }
.part { color: var(--part); } .bad { color: var(--bad); } .total { font-size: 1.25rem; font-weight: 600; }
pre { margin: .4rem 0; padding: .6rem .8rem; background: var(--soft); border-radius: 4px;
  white-space: pre-wrap; overflow-wrap: anywhere;
  font: .86rem/1.45 ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace; }
pre.prose { font: inherit; }
pre.out { background: none; border-left: 3px solid var(--line); border-radius: 0; }
.note { border-left: 3px solid var(--part); padding: .1rem .8rem; margin: .8rem 0; }
.said { border-left: 3px solid var(--bad); padding: .1rem .8rem; margin: .5rem 0; }
.marker { border-left: 3px solid var(--good); padding: .1rem .8rem; margin: .5rem 0; white-space: pre-wrap; }
img { max-width: 100%; height: auto; background: #fff; }
table { border-collapse: collapse; width: 100%; font-size: .92rem; table-layout: fixed; }
th:first-child { width: 30%; } th.n:first-child { width: 5rem; }
th, td { text-align: left; vertical-align: top; padding: .35rem .7rem .35rem 0;
  border-top: 1px solid var(--line); }
td.n, th.n { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
section { border-top: 1px solid var(--line); margin-top: 1.8rem; }
section h2 { display: flex; justify-content: space-between; gap: 1rem; align-items: baseline;
  margin-top: 1rem; }
section h2 span:last-child { white-space: nowrap; font-size: 1rem; }
svg { display: block; width: 100%; height: auto; max-width: 30rem; } svg text { fill: var(--muted); }
"""
_FRAME = """<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{{ policy }}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>{% block title %}{% endblock %}</title><style>{{ style }}</style></head>
<body><main>{% block main %}{% endblock %}</main></body></html>
"""


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.loader = jinja2.DictLoader({"frame": _FRAME})
    environment.globals |= {"policy": POLICY, "style": jinja2.utils.markupsafe.Markup(STYLE)}
    environment.filters |= {"points": points, "plain": plain, "name": name}
    return environment


@cache
def template(body: str) -> jinja2.Template:
    """A template that extends "frame"; whatever it is given is escaped."""
    return _environment().from_string(body)


def name(student: str) -> str:
    """A student as the download named them, from the name of the folder."""
    return plain(original_name(student), 200)


def points(score: float | None) -> str:
    """2, 1.5; a dash when there is no score."""
    return "–" if score is None else f"{score:.2f}".rstrip("0").rstrip(".")


def plain(text: str, most: int = 20_000) -> str:
    """Text without terminal colours, control signs and signs that reverse the direction; cut when long."""
    kept = re.sub(r"\x1b\[[0-9;?]*[ -/]*[@-~]", "", text[: 4 * most])
    kept = re.sub(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", "", kept)
    if len(kept) <= most and len(text) <= 4 * most:
        return kept
    return f"{kept[:most]}\n… cut here, of {len(text):,} characters"
