"""What a test result does to a probability: the reader moves the one and chooses the other.

Every test is a row with the likelihood ratio of its positive and of its negative result, each with its
interval. `synthesis.post_test`, which turns them into probabilities, is handed over by the caller.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from skinmet import wording
from skinmet.figures import style
from skinmet.figures.measure import PHONE, wrap

TICKS = (0.001, 0.01, 0.1, 0.5, 0.9, 0.99, 0.999)
ENDS = (0.0002, 0.9998)  # of the axis; what lies beyond is drawn at its end
BEFORE, POSITIVE, NEGATIVE = 206, 134, 76  # heights of the three rows of marks, in pixels
SLIDER = 70
RATIOS = [f"lr_{result}{end}" for result in ("positive", "negative") for end in ("", "_low", "_high")]


def before_after(
    tests: pd.DataFrame,
    pre_tests: pd.DataFrame,
    post_test: Callable,
    *,
    start: float,
    title: str,
    x_title: str,
    name: str,
    subtitle: str = "",
) -> go.Figure:
    """One probability before the test (a slider), two after it; a menu chooses the test.

    tests: one row per test, the index holding the address of its evidence row, with `test` (its name),
    `detail` (in whom it was measured), `if_positive` and `if_negative` (words for the two results),
    `lr_positive`, `lr_positive_low`, `lr_positive_high`, the same for `lr_negative`, `borrowed`, `seen_as`,
    `status`, `citekey`.
    pre_tests: one row per step of the slider, ascending, with `estimate` (0 to 1) and `words` (whose share
    it is, or empty). post_test: `synthesis.post_test`. start: the step shown first. The axis runs in log
    odds: an arrow, which is one result of one test, keeps its length wherever it starts. The intervals are
    those of the likelihood ratios. Raises ValueError for a missing column, no rows, or a start that is no
    step.
    """
    _check(tests)
    steps = pre_tests["estimate"].tolist()
    if start not in steps:
        raise ValueError(f"start {start} is none of the steps of the slider: {steps}")
    fig = style.base(title, height=296, x_title=x_title, subtitle=subtitle)
    first = pre_tests.iloc[steps.index(start)]
    looks, key = _looks(tests)
    for i, (address, test) in enumerate(tests.iterrows()):
        for trace in _traces(address, test, first, post_test, *looks[i]):
            trace.visible = i == 0
            fig.add_trace(trace)
    fig.update_xaxes(range=[_logit(p) for p in ENDS], tickvals=[_logit(p) for p in TICKS],
                     ticktext=[f"{100 * p:.3g}%" for p in TICKS])  # fmt: skip
    fig.update_yaxes(range=[0, 296])
    words = "◆ before · ► after a positive, ◄ after a negative result; thin line: 95% interval of the ratio"
    style.key_below(fig, " · ".join(filter(None, [words, key])))
    _slider(fig, tests, pre_tests, post_test, steps.index(start))
    style.menu(fig, tests["test"].tolist(), [3] * len(tests))
    fig.layout.updatemenus[0].pad.t -= SLIDER
    return style.attach(fig, name, _behind(tests))


def curves(
    tests: pd.DataFrame,
    pre_tests: pd.DataFrame,
    post_test: Callable,
    *,
    title: str,
    x_title: str,
    name: str,
    subtitle: str = "",
) -> go.Figure:
    """The probability after each result, against the probability before; a menu chooses the test.

    tests, pre_tests, post_test: as for `before_after`; the pre-tests are marked on both curves. The bands are
    the intervals of the likelihood ratios; on the dotted diagonal a result would change nothing.
    """
    _check(tests)
    fig = style.base(title, height=350, x_title=x_title, subtitle=subtitle)
    fig.add_shape(type="line", x0=0, y0=0, x1=1, y1=1, line={"color": style.MUTED, "width": 1, "dash": "dot"})
    p = (1 - np.cos(np.linspace(0, np.pi, 51))) / 2  # denser towards both ends, where curves are steep
    marked = pre_tests["estimate"].to_numpy(dtype=float)
    looks, explained = _looks(tests)
    for i, (address, test) in enumerate(tests.iterrows()):
        colour, hollow = looks[i]
        for result in ("positive", "negative"):
            middle, low, high = (test[f"lr_{result}{end}"] for end in ("", "_low", "_high"))
            band = np.concatenate([post_test(p, low), post_test(p, high)[::-1]])
            fig.add_trace(go.Scatter(x=[*p, *p[::-1]], y=band, mode="lines", fill="toself", hoverinfo="skip",
                                     fillcolor=colour + "26", line={"width": 0}, visible=i == 0))  # fmt: skip
            fig.add_trace(go.Scatter(
                x=p, y=post_test(p, middle), mode="lines", hoverinfo="skip", visible=i == 0,
                line={"color": colour, "width": 2, "dash": "solid" if result == "positive" else "dash"},
            ))  # fmt: skip
            after, least, most = (post_test(marked, lr) for lr in (middle, low, high))
            pairs = zip(marked, after, strict=True)
            # "over 99%" would not fit beside the last mark
            words = [f"{wording.percent(a)} → {wording.percent(b).replace('over ', '>')}" for a, b in pairs]
            spans = [wording.span(a, b) for a, b in zip(least, most, strict=True)]
            fig.add_trace(go.Scatter(
                x=marked, y=after, mode="markers+text", visible=i == 0, cliponaxis=False,
                marker={"symbol": ("triangle-right" if result == "positive" else "triangle-left") + hollow,
                        "size": 11, "color": colour, "line": {"width": 2, "color": colour}},
                text=words, textfont={"size": 12, "color": style.INK}, customdata=[address] * len(marked),
                textposition=[_beside(a, result) for a in marked], hovertext=[
                    f"<b>{test[f'if_{result}']}</b><br>{w} ({s})<br><i>{address}</i>"
                    for w, s in zip(words, spans, strict=True)
                ],
                hovertemplate="%{hovertext}<extra></extra>",
            ))  # fmt: skip
    for axis in (fig.update_xaxes, fig.update_yaxes):
        axis(range=[0, 1], tickvals=[0.25, 0.5, 0.75, 1], tickformat=".0%")
    fig.update_yaxes(visible=True, ticklabelposition="inside top", gridcolor=style.GRID, zeroline=False,
                     tickfont={"size": 12, "color": style.MUTED})  # fmt: skip
    key = "upright: after the test · solid, ►: positive result · dashed, ◄: negative · dotted: no change"
    style.key_below(fig, " · ".join(filter(None, [key, explained])))
    style.menu(fig, tests["test"].tolist(), [6] * len(tests))
    return style.attach(fig, name, _behind(tests))


def product_and_bounds(
    frame: pd.DataFrame, *, title: str, x_title: str, name: str, subtitle: str = ""
) -> go.Figure:
    """Several results at once: their multiplied ratios (a cross) against what the counts allow (a bar).

    frame: one row per combination, in order, with `words`, and the probabilities `product` (the ratios
    multiplied as if the results were independent), `low` and `high` (least and most that the counts of each
    result alone leave possible). Raises ValueError where the product lies outside its bounds.
    """
    if frame.empty:
        raise ValueError("no combinations to draw")
    for row in frame.itertuples():
        if not row.low - 1e-9 <= row.product <= row.high + 1e-9:
            raise ValueError(f"{row.words!r}: product {row.product} lies outside {row.low} to {row.high}")
    height = 60 * len(frame) + 10
    fig = style.base(title, height=height, x_title=x_title, subtitle=subtitle)
    places = [height - 60 * i - 46 for i in range(len(frame))]
    for y, row in zip(places, frame.itertuples(), strict=True):
        style.text(fig, y, row.words, shift=32)
        allowed = _fine(row.low) if row.low == row.high else f"{_fine(row.low)} to {_fine(row.high)}"
        style.text(fig, y, f"the counts allow {allowed}", shift=15, size=12, colour=style.POOLED)
        style.text(fig, y, f"product: {_fine(row.product)}", shift=15, size=12, colour=style.CLAIM,
                   x=1, anchor="right")  # fmt: skip
        fig.add_trace(go.Scatter(
            x=_places([row.low, row.high]), y=[y, y], mode="lines+markers",
            line={"color": style.POOLED, "width": 6},
            marker={"symbol": "line-ns", "size": 14, "line": {"width": 3, "color": style.POOLED}},
            text=[f"at least {_fine(row.low)}", f"at most {_fine(row.high)}"],
            hovertemplate="%{text}<extra></extra>",
        ))  # fmt: skip
    fig.add_trace(go.Scatter(
        x=_places(frame["product"]), y=places, mode="markers", hovertemplate="%{text}<extra></extra>",
        marker={"symbol": "x-thin", "size": 13, "line": {"width": 3, "color": style.CLAIM}},
        text=[f"wrong: ratios multiplied, {_fine(p)}" for p in frame["product"]],
    ))  # fmt: skip
    fig.update_xaxes(range=[_logit(p) for p in (0.45, ENDS[1])], tickvals=[_logit(p) for p in TICKS[3:]],
                     ticktext=["50%", "90%", "99%", "99.9%"])  # fmt: skip
    fig.update_yaxes(range=[0, height])
    style.key_below(fig, "✕ ratios multiplied: a wrong analysis · bar: least to most that the counts allow")
    return style.attach(fig, name, frame)


def _looks(tests: pd.DataFrame) -> tuple[list[tuple[str, str]], str]:
    """Colour and hollowness of each test, and the words that explain them."""
    symbols, colours, key = style.marks(tests.drop(columns="count_basis", errors="ignore"))
    hollow = ["-open" if symbol.endswith("open") else "" for symbol in symbols]
    return list(zip(colours, hollow, strict=True)), key.replace("● as stated · ", "")


def _traces(address, test, pre, post_test, colour: str, hollow: str) -> list[go.Scatter]:
    """Arrows, marks and words of one test at one step."""
    at = _state(test, pre, post_test)
    shades = [style.INK, colour, colour]
    arrows = go.Scatter(x=at["arrows"], y=[POSITIVE, POSITIVE, None, NEGATIVE, NEGATIVE], mode="lines",
                        line={"color": colour, "width": 3}, hoverinfo="skip")  # fmt: skip
    marks = go.Scatter(
        x=at["marks"], y=[BEFORE, POSITIVE, NEGATIVE], mode="markers", cliponaxis=False,
        marker={"symbol": ["diamond", f"triangle-right{hollow}", f"triangle-left{hollow}"], "size": 13,
                "color": shades, "line": {"width": 2, "color": shades}},
        error_x={"type": "data", "symmetric": False, "thickness": 1.5, "width": 5, "color": style.MUTED,
                 "array": at["more"], "arrayminus": at["less"]},
        text=at["hover"], hovertemplate="%{text}<extra></extra>", customdata=[None, address, address],
    )  # fmt: skip
    words = go.Scatter(
        x=[_logit(ENDS[0])] * 5, y=[270, BEFORE + 26, POSITIVE + 20, NEGATIVE + 20, 24], mode="text",
        text=at["words"], textposition="middle right", hoverinfo="skip", cliponaxis=False,
        textfont={"size": [12, 13, 13, 13, 12], "color": [style.MUTED] + [style.INK] * 4},
    )  # fmt: skip
    return [arrows, marks, words]


def _state(test: pd.Series, pre: pd.Series, post_test: Callable) -> dict:
    """Where the marks of one test stand, and what is written, for one probability before the test."""
    p = float(pre["estimate"])
    ratios = test[RATIOS].to_numpy(dtype=float)
    after, low, high = (post_test(p, ratios[k::3]) for k in range(3))
    marks, least, most = (np.array(_places([p, *ends])) for ends in (after, low, high))
    results = [
        f"{test[f'if_{result}']}: <b>{wording.percent(a)}</b> ({wording.span(b, c)})"
        for result, a, b, c in zip(("positive", "negative"), after, low, high, strict=True)
    ]
    before = f"before the test: <b>{wording.percent(p)}</b>"
    whose = f'<br><span style="font-size:12px;color:{style.MUTED}">{pre["words"] or " "}</span>'
    return {
        "arrows": [marks[0], marks[1], None, marks[0], marks[2]],
        "marks": marks.tolist(),
        "more": (most - marks).tolist(),
        "less": (marks - least).tolist(),
        "hover": [before, *results],
        "words": ["<br>".join(wrap(test["detail"], PHONE, 12)), before + whose, *results,
                  _of_a_thousand(p, ratios[0], ratios[3])],
    }  # fmt: skip


def _of_a_thousand(p: float, positive: float, negative: float) -> str:
    """The same step as counts: both ratios together fix sensitivity and specificity."""
    specificity = (positive - 1) / (positive - negative)
    with_it = round(1000 * p)
    found = round(1000 * p * positive * (1 - specificity))
    alarms = round(1000 * (1 - p) * (1 - specificity))
    return (
        f"Of 1,000 such: {with_it} have it, {found} of them test positive;"
        f"<br>{1000 - with_it} do not, and {alarms} of those test positive too."
    )


def _slider(fig: go.Figure, tests: pd.DataFrame, pre_tests: pd.DataFrame, post_test, active: int) -> None:
    """Each step moves the marks of every test, so that the menu finds them where the slider stands."""
    buttons, left = [], [_logit(ENDS[0])] * 5
    for _, pre in pre_tests.iterrows():
        states = [_state(test, pre, post_test) for _, test in tests.iterrows()]
        moved = {"x": [], "text": [], "error_x.array": [], "error_x.arrayminus": []}
        for at in states:
            moved["x"] += [at["arrows"], at["marks"], left]
            moved["text"] += [None, at["hover"], at["words"]]
            moved["error_x.array"] += [None, at["more"], None]
            moved["error_x.arrayminus"] += [None, at["less"], None]
        label = wording.percent(pre["estimate"])
        traces = list(range(3 * len(tests)))
        buttons.append({"label": label, "method": "restyle", "args": [moved, traces]})
    style.grow_top(fig, SLIDER)
    fig.update_layout(
        sliders=[{"active": active, "steps": buttons, "x": 0, "xanchor": "left", "len": 1, "y": 1,
                  "yanchor": "bottom", "pad": {"t": 0, "b": 2, "l": 4, "r": 4}, "ticklen": 4,
                  "bordercolor": style.MUTED, "bgcolor": style.GRID, "font": {"size": 11},
                  "currentvalue": {"prefix": "probability before the test: ", "xanchor": "left",
                                   "font": {"size": 13, "color": style.CLAIM}}}],
    )  # fmt: skip


def _check(tests: pd.DataFrame) -> None:
    if tests.empty:
        raise ValueError("no tests to draw")
    wanted = ["test", "detail", "if_positive", "if_negative", "borrowed", "citekey", *RATIOS]
    missing = [column for column in wanted if column not in tests]
    if missing:
        raise ValueError(f"the tests lack the columns {missing}")


def _behind(tests: pd.DataFrame) -> pd.DataFrame:
    shown = tests[["test", "detail", *RATIOS, "citekey"]]
    shown.insert(0, "address", tests.index)
    return shown


def _beside(p: float, result: str) -> str:
    """Words stand off the curve, inside the frame, and not on their neighbour's."""
    if result == "positive":
        return "middle right" if p < 0.15 else "bottom right" if p < 0.8 else "bottom left"
    return "top right" if p < 0.1 else "top left"


def _fine(p: float) -> str:
    """A percentage that tells 99.7% from 99.8%."""
    return f"{100 * p:.1f}%" if 0.985 < p < 1 else wording.percent(p)


def _logit(p: float) -> float:
    return float(np.log(p / (1 - p)))


def _places(probabilities) -> list[float]:
    """Probabilities on the axis of log odds; what lies beyond its ends is put there."""
    return [_logit(p) for p in np.clip(np.asarray(probabilities, dtype=float), *ENDS)]
