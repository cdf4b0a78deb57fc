"""What one sees: a schematic close-up of the skin for each clinical pattern, drawn from shapes.

Each drawing follows the row's `drawing_hint_unsourced` (ours) and `look` (sourced) in
presentation/pattern_glossary. None is traced from a photograph, and none is to scale.
"""

from __future__ import annotations

from skinmet.figures import atlas_pen as pen
from skinmet.figures import style
from skinmet.figures.atlas_pen import BROWN, DARK, PALE, PINK, RED, SKIN, VIOLET, Dots, Ink, Mark, Note, ring

WIDTH, HEIGHT = 230, 190
AREOLA, INSET = "#d3a488", "#f2dfcb"


def surface(pattern: str) -> list[Mark]:
    """The close-up of one pattern, 230 wide and 190 high. Raises ValueError for a pattern not drawn."""
    if pattern not in DRAWINGS:
        raise ValueError(f"no drawing for the pattern {pattern!r}; there are {', '.join(DRAWINGS)}")
    patch = Ink([pen.box(0, 0, WIDTH, HEIGHT)], SKIN, style.MUTED, 1, smooth=False)
    return [patch, *DRAWINGS[pattern]()]


def _domes(*domes: tuple[float, float, float], fill: str = PINK) -> list[Mark]:
    """Raised lumps (x, y, radius): outline, shade at the lower right, light at the upper left."""
    return [
        Ink([ring(*dome) for dome in domes], fill),
        Ink([pen.arc(x, y, 0.78 * r, 0.78 * r, 0, 80) for x, y, r in domes], line=style.INK, width=1),
        Ink([pen.arc(x, y, 0.68 * r, 0.68 * r, 190, 260) for x, y, r in domes], line=PALE, width=2),
    ]


def _scar(points: list[tuple[float, float]]) -> list[Mark]:
    """A healed cut with the marks of its stitches."""
    marks = [[(x - 2, y - 6), (x + 2, y + 6)] for x, y in points[1:-1]]
    return [Ink([points], line=BROWN, width=2), Ink(marks, line=BROWN, width=1.2)]


def nodular() -> list[Mark]:
    scar = [(10, 140), (34, 133), (60, 126), (96, 118), (132, 110), (168, 98), (196, 86), (220, 72)]
    domes = [(44, 100, 15), (84, 134, 24), (118, 86, 12), (146, 124, 18), (180, 66, 21), (118, 158, 9)]
    crust = Ink([ring(82, 133, 11, 9, wobble=0.2, waves=4)], BROWN, hatch="x")
    return [
        *_scar(scar), *_domes(*domes), crust,
        Note("scar", (18, 164), (24, 138)), Note("flat crust", (84, 176), (84, 140)),
        Note("firm domes of unequal size", (28, 26), (44, 86)),
    ]  # fmt: skip


def telangiectatic() -> list[Mark]:
    groups = [(72, 72, 30, 20, 22), (144, 64, 24, 16, 14), (160, 122, 32, 22, 24), (88, 130, 22, 16, 12)]
    dots = [p for x, y, rx, ry, count in groups for p in pen.strew(count, x, y, rx, ry)]
    vessels = [
        [(20, 100), (44, 98), (60, 106), (84, 100), (104, 108)], [(60, 106), (66, 118), (62, 132)],
        [(120, 96), (140, 92), (156, 100), (186, 94), (208, 102)], [(156, 100), (162, 88)],
        [(100, 158), (124, 152), (148, 160), (176, 154)], [(124, 152), (128, 142)],
    ]  # fmt: skip
    return [
        Ink([ring(116, 98, 100, 74, wobble=0.05, waves=5)], PINK, RED, 1, "dot"),
        Ink(vessels, line=RED, width=1.4),
        Dots(dots, 6, VIOLET, VIOLET),
        Dots([p for i, p in enumerate(dots) if i % 6 == 0], 12, "rgba(255,255,255,0.45)"),
        Note("tiny purple bumps", (20, 16), (64, 62)),
        Note("clear cap, like a blister", (76, 34), (144, 62)),
        Note("fine widened vessels", (62, 180), (112, 157)),
    ]


def erysipeloides() -> list[Mark]:
    edge = [(24, 60), (56, 30), (92, 40), (128, 22), (176, 36), (206, 74), (194, 104), (208, 140), (168, 166),
            (126, 152), (86, 170), (44, 150), (36, 116), (18, 92)]  # fmt: skip
    inner = [(115 + 0.9 * (x - 115), 97 + 0.88 * (y - 97)) for x, y in edge]
    pits = [pen.arc(x, y, 3.2, 2.4, 10, 170, 4) for x, y in pen.strew(40, 116, 98, 72, 46)]
    return [
        Ink([edge], RED, width=2.2), Ink([inner], PINK, width=0.8),
        Ink(pits, line=style.INK, width=1),
        Note("raised edge", (8, 14), (52, 36)), Note("pitted like orange peel", (72, 182), (112, 124)),
    ]  # fmt: skip


def en_cuirasse() -> list[Mark]:
    plate = [(26, 34), (80, 22), (142, 26), (176, 38), (182, 92), (168, 134), (128, 160), (82, 158),
             (40, 128), (24, 84)]  # fmt: skip
    bumps = [(176, 44, 9), (186, 74, 11), (198, 98, 6), (180, 110, 9), (160, 142, 10), (122, 162, 8),
             (90, 160, 7)]  # fmt: skip
    grooves = [[(44, y), (84, y + 5), (128, y - 2), (160, y + 4)] for y in (52, 74, 96, 118, 138)]
    return [
        Ink([plate], "#c99678", width=2.6, hatch="/"), Ink(grooves, line=BROWN, width=1.4),
        *_domes(*bumps, fill=RED),
        Note("hard, fixed plate", (30, 12), (70, 40)), Note("bumps", (182, 168), (182, 118)),
        Note("bumps merge into it", (26, 180), (90, 164)),
    ]  # fmt: skip


def ulcerated() -> list[Mark]:
    around = pen.arc(0, 0, 1, 1, 0, 336, 15)
    rays = [[(116 + 62 * x, 98 + 50 * y), (116 + 48 * x, 98 + 38 * y)] for x, y in around]
    crusts = [ring(172, 140, 12, 7, wobble=0.25, waves=4), ring(64, 52, 9, 6, wobble=0.25, waves=4)]
    return [
        Ink([ring(116, 98, 82, 68, wobble=0.06, waves=4)], SKIN, RED, 1, "dot"),
        Ink([ring(116, 98, 66, 54, wobble=0.05, waves=5)], PINK, width=2),
        Ink(rays, line=BROWN, width=1.2),
        Ink([ring(116, 98, 45, 35, wobble=0.09, waves=5)], DARK, width=1.6),
        Ink([ring(106, 90, 17, 9, wobble=0.2), ring(132, 108, 11, 7, wobble=0.2)], RED, PALE, 0.8),
        Ink(crusts, BROWN, hatch="x"),
        Note("rolled edge", (18, 14), (80, 56)), Note("dark base", (134, 14), (126, 72)),
        Note("crust", (186, 172), (174, 144)),
    ]  # fmt: skip


def plaque_erythematous() -> list[Mark]:
    patch = [(22, 66), (60, 36), (104, 44), (140, 34), (158, 68), (142, 96), (152, 124), (110, 140),
             (72, 128), (34, 116)]  # fmt: skip
    papules = [(58, 74), (84, 62), (112, 80), (72, 102), (124, 58), (110, 116)]
    return [
        Ink([patch], PINK, RED, 1.2, "dot"),
        Ink([ring(x, y, 5) for x, y in papules], RED, width=1),
        Ink([ring(188, 146, 27, 25)], RED), Ink([ring(188, 146, 17, 15)], SKIN),
        Dots(pen.strew(14, 196, 74, 16, 26), 3, RED, RED),
        Note("flat red patch", (14, 16), (56, 46)), Note("small raised spots", (14, 166), (72, 107)),
        Note("ring", (134, 182), (170, 164)),
    ]  # fmt: skip


def zosteriform() -> list[Mark]:
    def rib(x: float, drop: float) -> float:
        return 62 + drop + 0.0016 * (x - 50) * (x - 20)

    ribs = [[(x, rib(x, drop)) for x in range(8, 229, 20) if rib(x, drop) < 184]
            for drop in (-34, -12, 12, 36, 60, 84)]  # fmt: skip
    spots = [(64 + 12 * i, rib(64 + 12 * i, (-5, 6, 0, -8, 7)[i % 5]), (6, 4, 7, 5, 4)[i % 5])
             for i in range(13)]  # fmt: skip
    return [
        Ink(ribs, line=style.MUTED, width=1, dash="dot"),
        Ink([[(48, 8), (48, 184)]], line=style.INK, width=1.2, dash="dash", smooth=False),
        Ink([ring(x, y, r) for x, y, r in spots], RED),
        Ink([pen.arc(x, y, 0.55 * r, 0.55 * r, 190, 280, 4) for x, y, r in spots], line=PALE, width=1.2),
        Note("midline", (52, 178), (48, 164)), Note("ribs", (186, 184), (176, 171)),
        Note("half a belt of bumps", (78, 18), (100, 58)),
    ]  # fmt: skip


def alopecia_neoplastica() -> list[Mark]:
    patches = [(92, 94, 56, 42), (184, 140, 26, 20)]
    roots = [(4 + 14 * column + 6 * (row % 2), 4 + 19 * row) for row in range(10) for column in range(16)]
    for cx, cy, rx, ry in patches:
        roots = [(x, y) for x, y in roots if ((x - cx) / rx) ** 2 + ((y + 7 - cy) / ry) ** 2 > 1.1]
    hairs = [[(x, y), (x + 4, y + 8), (x + 3, y + 15)] for x, y in roots]
    vessels = [[(52, 96), (74, 90), (96, 96), (124, 88)], [(74, 90), (84, 78), (98, 72)],
               [(96, 96), (104, 108), (118, 112)]]  # fmt: skip
    return [
        Ink(hairs, line=DARK, width=1.5),
        Ink([ring(*patch) for patch in patches], "#e6b8a2", width=1.2),
        Ink(vessels, line=RED, width=1.3),
        Note("smooth bald patch", (46, 120), (70, 108)),
        Note("fine vessels", (62, 66), (90, 76)),
    ]


def pagetoid() -> list[Mark]:
    flake = [(-6, 0), (-1, -4), (6, -1), (2, 4)]
    scales = [[(x + dx, y + dy) for dx, dy in flake] for x, y in pen.strew(19, 112, 92, 38, 36)]
    return [
        Ink([pen.arc(112, 60, 104, 112, 20, 160, 8)], line=style.MUTED, width=1.2),
        Ink([ring(112, 92, 62)], AREOLA, BROWN, 1),
        Dots(pen.arc(112, 92, 55, 55, 0, 330, 12), 4, AREOLA, BROWN),
        Ink([ring(110, 91, 47, 45, wobble=0.05, waves=5)], RED, width=2),
        Ink(scales, PALE, style.INK, 0.8, smooth=False),
        Note("areola", (176, 24), (156, 50)), Note("sharp edge", (14, 24), (76, 58)),
        Note("scales where the nipple was", (42, 182), (110, 112)),
    ]  # fmt: skip


def pigmented() -> list[Mark]:
    blot = [(66, 76), (92, 52), (124, 62), (150, 50), (172, 82), (160, 104), (176, 130), (138, 138),
            (112, 126), (88, 144), (60, 122), (72, 100)]  # fmt: skip
    moons = [(40, 62, 5), (190, 58, 7), (196, 142, 4), (52, 156, 6), (116, 166, 4), (30, 108, 3.5)]
    return [
        Ink([blot], BROWN, DARK, 1.4),
        Ink([ring(106, 90, 24, 18, wobble=0.15), ring(146, 108, 17, 14, wobble=0.2, waves=4)], DARK),
        Ink([ring(136, 76, 12, 9, wobble=0.2)], "#4c5d7a", DARK, 1),
        Ink([ring(x, y, r) for x, y, r in moons], DARK),
        Note("irregular border", (14, 24), (84, 58)), Note("small satellites", (104, 184), (116, 169)),
        Note("blue-black part", (136, 24), (138, 70)),
    ]  # fmt: skip


def inframammary_crease() -> list[Mark]:
    fold = [(20, 84), (58, 122), (115, 134), (172, 122), (210, 84), (174, 128), (115, 141), (56, 128)]
    return [
        Ink([pen.arc(115, 20, 104, 92, 8, 172, 9)], line=style.MUTED, width=1.2),
        Dots([(115, 54)], 26, AREOLA, BROWN), Dots([(115, 54)], 9, AREOLA, BROWN), Ink([fold], BROWN),
        *_domes((138, 134, 16)),
        Ink([[(134, 126), (140, 134), (136, 142)]], line=DARK, width=2),
        Note("breast", (30, 20), (30, 60)), Note("fold", (22, 160), (48, 126)),
        Note("lump, split at the top", (78, 180), (136, 150)),
    ]  # fmt: skip


def other() -> list[Mark]:
    insets = {"nail": (10, 10), "net": (84, 10), "bruise": (158, 10),
              "eyelid": (10, 100), "target": (84, 100), "navel": (158, 100)}  # fmt: skip
    finger = [*pen.arc(41, 52, 16, 28, 180, 360), (57, 81), (25, 81)]
    net = [[(86, 22), (102, 34), (92, 50), (112, 62), (100, 78)], [(102, 34), (124, 28), (144, 36)],
           [(92, 50), (86, 66)], [(112, 62), (132, 56), (144, 68)],
           [(124, 28), (132, 56), (122, 78)]]  # fmt: skip
    lid = [pen.arc(41, y, 24, 9, 200, 340) for y in (120, 128, 136)]
    return [
        Ink([pen.box(x, y, 62, 72) for x, y in insets.values()], INSET, style.MUTED, 1, smooth=False),
        Ink([finger], SKIN, smooth=False), Ink([ring(41, 46, 10, 13)], PALE),
        Ink([ring(41, 56, 9, 5)], RED, hatch="/"),
        Ink(net, line=VIOLET, width=2),
        Ink([ring(189, 46, 22, 26, wobble=0.12, waves=4)], VIOLET, VIOLET, 1, "dot", hatch="."),
        Ink(lid, line=style.INK, width=1.4), Ink([ring(41, 132, 24, 8)], PINK),
        Ink([pen.arc(41, 150, 22, 6, 0, 180)], line=DARK),
        Ink([ring(115, 136, 26)], RED), Ink([ring(115, 136, 17)], INSET), Ink([ring(115, 136, 8)], RED),
        Ink([ring(189, 137, 22, 18)], line=style.MUTED, width=1), *_domes((189, 134, 15), fill=RED),
        *(Note(words, (x, y + 79), (x, y + 79)) for words, (x, y) in insets.items()),
    ]  # fmt: skip


DRAWINGS = {
    drawing.__name__: drawing
    for drawing in (nodular, telangiectatic, erysipeloides, en_cuirasse, ulcerated, plaque_erythematous,
                    zosteriform, alopecia_neoplastica, pagetoid, pigmented, inframammary_crease, other)
}  # fmt: skip
