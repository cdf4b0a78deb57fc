"""Figures of the review: results and frames in, plotly figures out. Nothing here reads a file."""

from skinmet.figures.accuracy import paired, plane
from skinmet.figures.arcs import arcs
from skinmet.figures.bayes import before_after, curves, product_and_bounds
from skinmet.figures.bodymap import bodymap
from skinmet.figures.counts import parts
from skinmet.figures.flows import View, flows, leading_on
from skinmet.figures.forest import Choice, forest
from skinmet.figures.graph import network
from skinmet.figures.intervals import intervals
from skinmet.figures.matrix import matrix
from skinmet.figures.pairs import pairs
from skinmet.figures.presence import presence
from skinmet.figures.routes import cross_section
from skinmet.figures.stacked import Panel, stacked
from skinmet.figures.steps import steps
from skinmet.figures.tree import chain

__all__ = [
    "Choice",
    "Panel",
    "View",
    "arcs",
    "before_after",
    "bodymap",
    "chain",
    "cross_section",
    "curves",
    "flows",
    "forest",
    "intervals",
    "leading_on",
    "matrix",
    "network",
    "paired",
    "pairs",
    "parts",
    "plane",
    "presence",
    "product_and_bounds",
    "stacked",
    "steps",
]
