"""Who was compared with whom: treatments one below the other, an arc for each randomised comparison."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from skinmet.figures import style
from skinmet.figures.measure import PHONE, fit, wrap

ROW = 46  # pixels a treatment takes
DOT = 0.60  # where the dots stand, over the width
REACH = 0.10  # how far an arc between neighbours bends


def arcs(nodes: pd.DataFrame, links: pd.DataFrame, *, title: str, name: str, subtitle: str = "") -> go.Figure:
    """An arc diagram. What no arc joins was never compared, not even by way of a third.

    nodes: one row per treatment, from top to bottom, with `treatment` and `detail` (words under it).
    links: one row per comparison, with `first`, `second` (treatments), `words` (written beside the arc),
    and `address`; further columns go into the data behind the figure. Raises ValueError for an unknown
    treatment.
    """
    if nodes.empty:
        raise ValueError("no treatments to draw")
    unknown = sorted((set(links["first"]) | set(links["second"])) - set(nodes["treatment"]))
    if unknown:
        raise ValueError(f"links name treatments that are not among the nodes: {unknown}")
    height = ROW * len(nodes) + 6
    fig = style.base(title, height=height, subtitle=subtitle)
    place = {t: height - ROW * i - 24 for i, t in enumerate(nodes["treatment"])}
    for (first, second), same in links.groupby(["first", "second"], sort=False):
        _arc(fig, place[first], place[second], same)
    joined = [t in set(links["first"]) | set(links["second"]) for t in nodes["treatment"]]
    fig.add_trace(go.Scatter(
        x=[DOT] * len(nodes), y=list(place.values()), mode="markers",
        marker={"symbol": ["circle" if j else "circle-open" for j in joined], "size": 12,
                "color": [style.EVIDENCE if j else style.MUTED for j in joined], "line": {"width": 2}},
        text=[f"{t}<br>{d}" for t, d in zip(nodes["treatment"], nodes["detail"], strict=True)],
        hovertemplate="%{text}<extra></extra>",
    ))  # fmt: skip
    for treatment, detail in zip(nodes["treatment"], nodes["detail"], strict=True):
        words = (
            f'{fit(treatment, PHONE * (DOT - 0.04), 12)}<br><span style="color:{style.MUTED}">{detail}</span>'
        )
        style.text(fig, place[treatment], words, x=DOT - 0.04, anchor="right", size=12)
    fig.update_xaxes(visible=False, range=[0, 1])
    fig.update_yaxes(range=[0, height])
    style.key_below(fig, "arc: compared at random · hollow: never in a randomised comparison among our rows")
    return style.attach(fig, name, links)


def _arc(fig: go.Figure, top: float, bottom: float, same: pd.DataFrame) -> None:
    """One bow for all comparisons of the same two treatments; farther apart bends farther out."""
    reach = REACH * (abs(top - bottom) / ROW) ** 0.5
    middle = (top + bottom) / 2
    bend = f"M {DOT} {top} C {DOT + reach} {top} {DOT + reach} {bottom} {DOT} {bottom}"
    fig.add_shape(type="path", path=bend,
                  line={"color": style.EVIDENCE, "width": 1.5 + len(same)}, layer="below")  # fmt: skip
    left = DOT + 0.8 * reach + 0.02
    words = [line for w in same["words"] for line in wrap(w, PHONE * (1 - left), 12)]
    style.text(fig, middle, "<br>".join(words), x=left, size=12)
    fig.add_trace(go.Scatter(
        x=[DOT + 0.75 * reach] * len(same), y=[middle] * len(same), mode="markers", opacity=0,
        marker={"size": 26, "color": style.EVIDENCE}, customdata=same["address"].tolist(),
        text=[f"{r.first} and {r.second}<br>{r.words}<br><i>{r.address}</i>" for r in same.itertuples()],
        hovertemplate="%{text}<extra></extra>",
    ))  # fmt: skip
