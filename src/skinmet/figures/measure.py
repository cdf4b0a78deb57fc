"""How wide words will be on a page, so that they are broken before they run into something.

Nobody knows the reader's font. DejaVu Sans is the widest of those a page may fall back to; what fits in it
on a phone 390 px wide also fits one of 360 px in the narrower fonts of phones. The widths are its advance
widths in hundredths of an em, as a browser measures them.
"""

from __future__ import annotations

import re

PHONE = 334  # pixels between the margins of a figure on a phone 390 px wide
_EMS = {
    27: "'", 28: "ijl", 29: "IJ", 32: " ,.·’", 34: "/:;\\|", 35: "f", 36: "-", 39: "()[]t", 40: "!²",
    41: "r", 46: '"', 50: "*_`†–", 52: "sz“”", 53: "?", 55: "c", 56: "L", 58: "Fk", 59: "vxy", 60: "P",
    61: "TYao", 62: "eé", 63: "ESbdghnpqu", 64: "0123456789${}", 66: "K", 68: "AV", 69: "BRXZ", 70: "C",
    73: "U", 75: "HN", 77: "DG◆▲", 78: "&", 79: "OQ", 82: "w", 84: "#+<=>^~✓✕✗≈→≥≤×", 86: "M", 87: "●",
    94: "■", 95: "%", 97: "m", 99: "W", 100: "@…",
}  # fmt: skip
_WIDTHS = {char: ems / 100 for ems, chars in _EMS.items() for char in chars}
_BOLD = 1.13  # bold letters beside upright ones, on average
_UNKNOWN = 0.7  # any other character
_TAG = re.compile(r"<[^>]*>")
# A word, or a part of one up to its hyphen; a tag is never taken apart.
_PART = re.compile(r"\s*(?:<[^<>]*>|\S)+?(?:-(?=\w)|(?=\s)|$)")


def width(words: str, size: int = 13, *, bold: bool = False) -> float:
    """Pixels that one line of words takes at a font size in pixels; tags count for nothing."""
    ems = sum(_WIDTHS.get(char, _UNKNOWN) for char in _TAG.sub("", words))
    return ems * size * (_BOLD if bold else 1)


def wrap(words: str, pixels: float, size: int = 13, *, bold: bool = False) -> list[str]:
    """The words in lines no wider than `pixels`; a single word that is wider keeps a line of its own."""
    lines, line = [], ""
    for part in _PART.findall(words):
        if line and width(line + part, size, bold=bold) > pixels:
            lines.append(line)
            line = part.lstrip()
        else:
            line = (line + part).lstrip()
    return [*lines, line] if line else lines


def fit(words: str, pixels: float, size: int = 13, *, bold: bool = False) -> str:
    """The words as one line: whole, or cut after a word, with an ellipsis, where they would be too wide."""
    if width(words, size, bold=bold) <= pixels:
        return words
    first, *_ = wrap(words, pixels - width("…", size, bold=bold), size, bold=bold) or [""]
    return f"{first.rstrip(' ,;:-')}…"
