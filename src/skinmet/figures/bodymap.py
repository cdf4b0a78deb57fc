"""Where on the body: a schematic figure seen from the front, with one circle per region."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from skinmet import wording
from skinmet.figures import style

# A schematic outline in our own strokes, 200 wide and 330 high, y downwards; not an anatomical drawing.
OUTLINE = (
    "M 100 8 C 120 8 130 24 129 42 C 128 58 120 70 114 76 L 114 90 C 128 97 152 99 164 108 "
    "C 178 122 184 160 190 196 C 193 214 196 228 194 240 C 190 250 180 248 178 238 C 172 206 166 176 156 156 "
    "C 154 188 150 214 152 240 C 156 270 150 300 146 330 L 54 330 C 50 300 44 270 48 240 C 50 214 "
    "46 188 44 156 C 34 176 28 206 22 238 C 20 248 10 250 6 240 C 4 228 7 214 10 196 C 16 160 22 122 36 108 "
    "C 48 99 72 97 86 90 L 86 76 C 80 70 72 58 71 42 C 70 24 80 8 100 8 Z"
)
# Centre of each region in the outline, and the name to show.
REGIONS = {
    "scalp": (100, 18, "scalp"),
    "head_neck": (100, 56, "head and neck"),
    "chest_wall": (100, 140, "chest wall"),
    "locoregional": (100, 140, "same-side chest"),
    "trunk": (100, 170, "trunk"),
    "arm_axilla": (166, 160, "arm or armpit"),
    "extremities": (180, 215, "arms and legs"),
    "abdomen": (100, 225, "abdomen"),
    "pelvis": (100, 285, "pelvis"),
    "distant": (100, 250, "elsewhere"),
    "multiple": (30, 300, "several regions"),
    "back": (40, 150, "back (behind)"),
}


def bodymap(series: dict[str, pd.DataFrame], *, table: str, title: str, name: str) -> go.Figure:
    """One circle per region, its area the share; a menu switches between series, which are never mixed.

    series: words for the menu -> rows (index: row_id) with `site_group` (a key of REGIONS), `events`,
    `total`, `unit`. Shares of one series may add up to more than one where sites overlap.
    """
    if not series:
        raise ValueError("no series to draw")
    height = 430
    fig = style.base(title, height=height, subtitle="Schematic drawing, seen from the front.")
    fig.add_shape(type="path", path=OUTLINE, line={"color": style.MUTED, "width": 1.5},
                  fillcolor="#f6f3ef", layer="below")  # fmt: skip
    fig.update_xaxes(visible=False, range=[-8, 350], constrain="domain", constraintoward="left")
    fig.update_yaxes(range=[338, 0], scaleanchor="x", scaleratio=1)
    sizes, behind = [], []
    for i, (words, rows) in enumerate(series.items()):
        unknown = set(rows["site_group"]) - set(REGIONS)
        if unknown:
            raise ValueError(
                f"series {words!r} has regions without a place on the drawing: {sorted(unknown)}"
            )
        fig.add_trace(_circles(rows, table, visible=i == 0))
        fig.add_trace(_labels(rows, visible=i == 0))
        sizes.append(2)
        behind.append(rows.assign(series=words, address=[f"{table}:{r}" for r in rows.index]))
    if len(series) > 1:
        style.menu(fig, list(series), sizes)
    columns = ["address", "series", "site", "events", "total", "unit"]
    return style.attach(fig, name, pd.concat(behind)[columns])


def _circles(rows: pd.DataFrame, table: str, *, visible: bool) -> go.Scatter:
    share = (rows["events"] / rows["total"]).astype(float)
    hover = [
        f"{r.site}<br>{r.events} of {r.total} {r.unit}, {wording.percent(r.events / r.total)}"
        for r in rows.itertuples()
    ]
    return go.Scatter(
        x=[REGIONS[g][0] for g in rows["site_group"]], y=[REGIONS[g][1] for g in rows["site_group"]],
        mode="markers", visible=visible, text=hover, hovertemplate="%{text}<extra></extra>",
        customdata=[f"{table}:{r}" for r in rows.index],
        marker={"size": [max(8.0, 90 * s**0.5) for s in share], "color": style.EVIDENCE, "opacity": 0.75,
                "line": {"color": "white", "width": 1}},
    )  # fmt: skip


def _labels(rows: pd.DataFrame, *, visible: bool) -> go.Scatter:
    """Names and shares at the right of the drawing, from top to bottom like the regions."""
    ordered = rows.assign(y=[REGIONS[g][1] for g in rows["site_group"]]).sort_values("y", kind="stable")
    gap = 300 / max(len(ordered), 4)
    words = [
        f"<b>{wording.percent(r.events / r.total)}</b> {REGIONS[r.site_group][2]}<br>"
        f'<span style="color:{style.MUTED}">{r.events} of {r.total} {r.unit}</span>'
        for r in ordered.itertuples()
    ]
    return go.Scatter(x=[205] * len(words), y=[30 + gap * i for i in range(len(words))], mode="text",
                      text=words, textposition="middle right", hoverinfo="skip", visible=visible,
                      textfont={"size": 13, "color": style.INK}, cliponaxis=False)  # fmt: skip
