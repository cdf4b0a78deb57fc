"""What the microscope shows: a schematic section through the skin for each clinical pattern.

Drawn from the words of `microscopic_correlate` in presentation/pattern_glossary. Tumour cells are dark dots,
inflammatory cells small hollow ones; sizes and numbers mean nothing.
"""

from __future__ import annotations

import math

from skinmet.figures import style
from skinmet.figures.atlas_pen import BROWN, DARK, PALE, RED, Dots, Ink, Mark, Note, box, ring, strew

WIDTH, HEIGHT = 366, 112
_TOP, _JUNCTION, _FAT = 30, 42, 92  # depth of the surface, of the epidermis' lower border, of the fat


def section(pattern: str) -> list[Mark]:
    """The section of one pattern, 366 wide and 112 high. Raises ValueError for a pattern not drawn."""
    if pattern not in DRAWINGS:
        raise ValueError(f"no section for the pattern {pattern!r}; there are {', '.join(DRAWINGS)}")
    return DRAWINGS[pattern]()


def _skin(bump: float = 0, gap: tuple[float, float] | None = None) -> list[Mark]:
    """Fat, dermis and epidermis. bump: height of a dome in the middle; gap: where the epidermis is gone."""

    def surface(x: float) -> float:
        return _TOP - bump * math.exp(-(((x - 183) / 62) ** 2))

    xs = list(range(0, WIDTH + 1, 6))
    parts = [xs] if gap is None else [[x for x in xs if x <= gap[0]], [x for x in xs if x >= gap[1]]]
    layers = []
    for part in parts:
        lower = [(x, surface(x) + 13 + 4 * math.sin(x / 5)) for x in reversed(part)]
        layers.append([(x, surface(x)) for x in part] + lower)
    dermis = [(x, surface(x) + 13) for x in xs] + [(WIDTH, _FAT), (0, _FAT)]
    if gap:
        middle = (gap[0] + gap[1]) / 2
        pit = [(gap[0], _TOP + 13), (middle - 24, _TOP + 26), (middle + 24, _TOP + 26), (gap[1], _TOP + 13)]
        dermis = [(0, _TOP + 13), *pit, (WIDTH, _TOP + 13), (WIDTH, _FAT), (0, _FAT)]
    return [
        Ink([box(0, _FAT, WIDTH, HEIGHT - _FAT)], "#faf3d6", None, smooth=False),
        Dots([(12 + 15 * i, _FAT + 10) for i in range(24)], 12, None, "#e2d8b2"),
        Ink([dermis], "#f6e6dd", None, smooth=False),
        Ink(layers, "#d9ab94", BROWN, 1, smooth=False),
    ]


Cluster = tuple[float, float, float, float, int]  # centre, radii, number of cells


def _nests(*nests: Cluster) -> list[Mark]:
    """Round groups of tumour cells."""
    around = [ring(x, y, rx + 4, ry + 4) for x, y, rx, ry, _ in nests]
    cells = [cell for x, y, rx, ry, count in nests for cell in strew(count, x, y, rx, ry)]
    return [Ink(around, PALE, style.MUTED, 1), Dots(cells, 5)]


def _vessels(*vessels: Cluster, blood: bool = False) -> list[Mark]:
    """Widened vessels plugged by tumour cells: lymph vessels, or with a thick red wall blood vessels."""
    walls = [ring(x, y, rx, ry) for x, y, rx, ry, _ in vessels]
    cells = [cell for x, y, rx, ry, count in vessels for cell in strew(count, x, y, rx - 6, ry - 5)]
    return [Ink(walls, "white", RED if blood else style.INK, 3.2 if blood else 1.2), Dots(cells, 5)]


def nodular() -> list[Mark]:
    return [
        *_skin(bump=22),
        *_nests((150, 52, 18, 9, 20), (204, 44, 22, 10, 26), (180, 74, 26, 9, 28), (246, 72, 14, 7, 12),
                (108, 74, 13, 7, 12)),
        Note("nests of tumour in the dermis", (176, 102), (190, 78)), Note("epidermis", (20, 14), (50, 34)),
    ]  # fmt: skip


def telangiectatic() -> list[Mark]:
    return [
        *_skin(bump=4), *_vessels((60, 58, 20, 9, 10), (196, 58, 28, 11, 18), (324, 60, 18, 9, 8)),
        *_vessels((124, 56, 24, 10, 14), (268, 56, 20, 9, 10), blood=True),
        Note("blood vessel with tumour", (20, 84), (112, 64)),
        Note("lymph vessel with tumour", (196, 84), (204, 66)),
    ]  # fmt: skip


def erysipeloides() -> list[Mark]:
    around = [(x + 44 * math.cos(a), y + 18 * math.sin(a)) for x, y in ((70, 64), (296, 62))
              for a in (0.4 * i for i in range(16)) if 46 < y + 18 * math.sin(a) < _FAT]  # fmt: skip
    return [
        *_skin(), *_vessels((70, 64, 34, 12, 16), (180, 70, 44, 14, 26), (296, 62, 34, 12, 16)),
        Dots(around, 4, "white"), Note("inflammatory cells", (20, 14), (42, 50)),
        Note("lymph vessel plugged by tumour", (100, 102), (172, 78)),
    ]  # fmt: skip


def en_cuirasse() -> list[Mark]:
    xs = range(0, WIDTH + 1, 26)
    bundles = [[(x, y + 2.5 * math.sin(x / 26 + y)) for x in xs] for y in range(50, 92, 6)]
    starts = [(30, 59, 9), (140, 65, 11), (60, 77, 8), (230, 53, 9), (210, 83, 10)]
    files = [(x + 8 * i, y + 2 * math.sin(i)) for x, y, count in starts for i in range(count)]
    return [
        *_skin(), Ink(bundles, line=BROWN, width=2), Dots(files, 6),
        Note("dense fibres", (20, 16), (80, 56)),
        Note("tumour cells in single file", (150, 103), (180, 68)),
    ]  # fmt: skip


def ulcerated() -> list[Mark]:
    return [
        *_skin(gap=(120, 246)), Dots(strew(96, 183, 73, 78, 17), 5),
        Ink([ring(183, 58, 36, 6, wobble=0.1)], DARK, None, hatch="x"),
        Note("epidermis gone", (20, 14), (128, 36)), Note("dead tissue", (216, 14), (198, 54)),
        Note("tumour through the skin", (120, 103), (170, 84)),
    ]  # fmt: skip


def plaque_erythematous() -> list[Mark]:
    return [*_skin(), Dots(strew(70, 183, 68, 164, 20), 5),
            Note("tumour cells scattered in the dermis", (70, 103), (150, 80))]  # fmt: skip


def zosteriform() -> list[Mark]:
    nests = [(x, 64 + 4 * (x % 3), 12, 8, 12) for x in (84, 134, 183, 232, 282)]
    return [
        *_skin(bump=6),
        *_nests(*nests),
        Note("nests in the dermis (why in a band: not proven)", (40, 12), (82, 58)),
    ]


def alopecia_neoplastica() -> list[Mark]:
    shaft = [(0, _TOP + 4), (3, 60), (0, 84), (-6, 84), (-4, 60), (-7, _TOP + 4)]
    follicles = [[(x + dx, y) for dx, y in shaft] for x in (34, 334)]
    hairs = [[(x - 3, 84), (x - 3, 6)] for x in (34, 334)]
    lost = [[(x, 50), (x + 2, 66), (x, 80)] for x in (120, 183, 246)]
    scar = [[(x, y) for x in range(80, 291, 30)] for y in (54, 64, 74, 84)]
    return [
        *_skin(), Ink(follicles, "#d9ab94", BROWN, 1), Ink(hairs, line=DARK, width=2),
        Ink(scar, line=BROWN, width=1.6), Ink(lost, line=style.MUTED, width=2, dash="dot"),
        Dots([p for x in (96, 150, 212, 266) for p in strew(10, x, 68, 18, 16)], 5),
        Note("hair follicle", (44, 14), (34, 44)),
        Note("follicles lost in scar and tumour", (120, 103), (183, 76)),
    ]  # fmt: skip


def pagetoid() -> list[Mark]:
    cells = [(x, _TOP + 6 + 4 * math.sin(x)) for x in range(70, 300, 15)]
    return [
        *_skin(), Dots(cells, 11, PALE), Dots(cells, 4), Dots(strew(10, 190, 62, 40, 8), 5),
        Note("large tumour cells within the epidermis", (60, 14), (132, 32)),
        Note("with or without some below", (110, 84), (184, 66)),
    ]  # fmt: skip


def pigmented() -> list[Mark]:
    cells = strew(40, 183, 62, 88, 14)
    return [
        *_skin(bump=8), Ink([ring(183, 62, 98, 20)], PALE, style.MUTED, 1),
        Dots([*cells, (130, 30), (170, 26), (214, 28), (248, 32)], 7, BROWN, DARK),
        Dots(strew(9, 183, 86, 120, 4), 9, DARK, DARK),
        Note("melanin in tumour cells", (20, 14), (118, 58)),
        Note("cells that took up pigment", (110, 104), (150, 88)),
    ]  # fmt: skip


def inframammary_crease() -> list[Mark]:
    return [
        *_skin(bump=8), Dots(strew(120, 120, 80, 62, 31), 5),
        Note("carcinoma in the dermis", (20, 14), (90, 60)),
        Note("and towards the chest wall", (176, 104), (142, 104)),
    ]  # fmt: skip


def other() -> list[Mark]:
    return [
        *_skin(bump=6), *_nests((110, 64, 26, 12, 26)), *_vessels((260, 62, 36, 13, 18)),
        Note("nests in some forms", (20, 14), (96, 56)),
        Note("tumour in vessels in others", (196, 103), (256, 72)),
    ]  # fmt: skip


DRAWINGS = {
    drawing.__name__: drawing
    for drawing in (nodular, telangiectatic, erysipeloides, en_cuirasse, ulcerated, plaque_erythematous,
                    zosteriform, alopecia_neoplastica, pagetoid, pigmented, inframammary_crease, other)
}  # fmt: skip
