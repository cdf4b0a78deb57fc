"""The evidence graph as network and as bands: what is drawn, what the menus leave, what is refused."""

from itertools import product

import pandas as pd
import pytest

from skinmet import figures
from skinmet.figures import graph, style

NODES = pd.DataFrame(
    [
        ("tumour", "Primary tumour", "compartment", "shared", 0),
        ("signal", "A signal (of two kinds)", "molecule", "lymphatic", 1),
        ("vessel", "Vessel entry", "process", "haematogenous", 3),
        ("plug", "Plug: a long story", "process", "lymphatic", 5),
        ("bud", "Bud", "process", "lymphatic", 5),
        ("lump", "Lump", "lesion", "shared", 7),
    ],
    columns=["id", "label", "kind", "route", "layer"],
).set_index("id").assign(description="what it is")  # fmt: skip
NEAR, PEOPLE, FAR = graph.BASIS
EDGES = pd.DataFrame(
    [
        ("e1", "tumour", "signal", "lymphatic", "promotes", FAR, "low"),
        ("e2", "tumour", "signal", "lymphatic", "promotes", FAR, "high"),
        ("e3", "tumour", "signal", "lymphatic", "promotes", NEAR, "low"),
        ("e4", "signal", "plug", "lymphatic", "promotes", PEOPLE, "moderate"),
        ("e5", "plug", "bud", "lymphatic", "promotes", NEAR, "moderate"),
        ("e6", "bud", "plug", "lymphatic", "promotes", NEAR, "low"),
        ("e7", "plug", "lump", "shared", "promotes", NEAR, "high"),
        ("e8", "lump", "signal", "shared", "promotes", FAR, "very low"),
        ("e9", "vessel", "lump", "haematogenous", "inhibits", FAR, "very low"),
        ("e10", "signal", "lump", "haematogenous", "no_link", NEAR, "low"),
        ("e11", "signal", "lump", "haematogenous", "contrary_association", FAR, "low"),
    ],
    columns=["row_id", "source", "target", "route", "effect", "basis", "certainty"],
).set_index("row_id").assign(mechanism="how it works", model_detail="a model", seen_as="abstract",
                             status="complete", citekey="ada2000")  # fmt: skip


def network(edges=EDGES, nodes=NODES):
    return figures.network(nodes, edges, title="T", name="n")


def edge_traces(fig):
    return [t for t in fig.data if t.customdata and any("pathway_edges" in str(a) for a in t.customdata)]


def trace_of(fig, row_id):
    return next(t for t in edge_traces(fig) if f"pathways/pathway_edges:{row_id}" in t.customdata)


def place_of(fig, row_id):
    """Trace of an edge and where in it the point lies that can be selected."""
    trace = trace_of(fig, row_id)
    return trace, list(trace.customdata).index(f"pathways/pathway_edges:{row_id}")


def test_each_edge_can_be_selected_in_one_place():
    found = [a for t in edge_traces(network()) for a in t.customdata if a]
    assert sorted(found) == sorted(f"pathways/pathway_edges:{r}" for r in EDGES.index)


def test_look_says_what_an_edge_rests_on_and_how_sure_it_is():
    fig = network()
    looks = {r: trace_of(fig, r).line for r in ("e2", "e4", "e7", "e9")}
    assert {r: (k.color, k.dash) for r, k in looks.items()} == {
        "e2": (style.BORROWED, "dot"), "e4": (style.BORROWED, "dash"), "e7": (style.EVIDENCE, "solid"),
        "e9": (style.BORROWED, "dot"),
    }  # fmt: skip
    assert looks["e2"].width == looks["e7"].width > looks["e4"].width > looks["e9"].width


def test_hover_text_says_mechanism_effect_and_address():
    trace, at = place_of(network(), "e10")
    assert "how it works" in trace.hovertext[at] and "looked for, not found" in trace.hovertext[at]
    assert "certainty: low" in trace.hovertext[at] and "pathways/pathway_edges:e10" in trace.hovertext[at]


def test_what_was_read_second_hand_or_has_no_full_reference_is_hollow():
    weak = EDGES.copy()
    weak.loc["e1", "seen_as"] = "secondary"
    weak.loc["e7", "status"] = "incomplete"
    fig = network(weak)
    symbols = {r: t.marker.symbol[i] for r in ("e1", "e2", "e7") for t, i in [place_of(fig, r)]}
    assert symbols == {"e1": "circle-open", "e2": "circle", "e7": "circle-open"}
    assert "reference incomplete" in place_of(fig, "e7")[0].hovertext[place_of(fig, "e7")[1]]


def test_promoting_edges_end_in_an_arrow_and_inhibiting_ones_in_a_bar():
    fig = network()
    ends = {r: t.marker.symbol[i + graph.SAMPLES // 2] for r in ("e7", "e9") for t, i in [place_of(fig, r)]}
    assert ends == {"e7": "arrow", "e9": "line-ew-open"}


def shown(fig, *buttons):
    """Addresses that three menus (route, certainty, evidence) leave, and the modes of their traces."""
    traces = [t.to_plotly_json() for t in fig.data]
    for menu, button in zip(fig.layout.updatemenus, buttons, strict=False):
        changes, which = menu.buttons[button].args
        for key, values in changes.items():
            for trace, value in zip(which, values, strict=True):
                traces[trace][key] = value
    left = {}
    for trace in traces[1:-2]:
        drawn = trace.get("visible", True) and trace["opacity"] == 1 and trace["mode"] != "none"
        felt = trace.get("visible", True) and trace["hoverinfo"] == "text" and trace["hoveron"] == "points"
        assert drawn == felt, "what can't be seen can't be pointed at, and the other way round"
        if drawn:
            left |= {a.split(":")[1]: trace["mode"] for a in trace["customdata"] if a}
    return left


def labels(menu):
    return [b.label.split(": ")[1] for b in menu.buttons]


def test_three_menus_act_together_in_every_combination():
    fig = network()
    routes = [None, *graph.LANES]
    sure = [4, 1, 2, 3]  # how many levels of certainty, the best first
    rests = [[NEAR, PEOPLE, FAR], [NEAR], [PEOPLE, FAR], [PEOPLE], [FAR]]
    assert labels(fig.layout.updatemenus[0]) == ["all", *graph.LANES.values()]
    assert labels(fig.layout.updatemenus[1]) == [
        "any",
        *[f"at least {c}" for c in ("high", "moderate", "low")],
    ]
    assert labels(fig.layout.updatemenus[2]) == [
        "all", "breast + skin", "borrowed", "breast, not skin", "animals, cells, other",
    ]  # fmt: skip
    for i, j, k in product(range(len(routes)), range(len(sure)), range(len(rests))):
        keep = EDGES["certainty"].isin(list(graph.WIDTH)[: sure[j]]) & EDGES["basis"].isin(rests[k])
        if routes[i]:
            keep &= EDGES["route"] == routes[i]
        assert set(shown(fig, i, j, k)) == set(EDGES.index[keep]), (i, j, k)


def test_findings_against_a_link_never_get_a_line():
    fig = network()
    for buttons in product(range(6), range(4), range(5)):
        modes = shown(fig, *buttons)
        assert all(
            mode == ("markers" if r in ("e10", "e11") else "lines+markers") for r, mode in modes.items()
        )


@pytest.mark.parametrize(("turn", "axis"), [(0, "y"), (1, "x")])
def test_layers_follow_each_other_both_ways(turn, axis):
    fig = network()
    changes, layout = fig.layout.updatemenus[3].buttons[turn].args
    assert len(changes[axis]) == len(fig.data)
    places = pd.Series(changes[axis][-2], index=[a.split(":")[1] for a in fig.data[-2].customdata])
    by_layer = places.groupby(NODES["layer"]).agg(["min", "max"])
    assert (by_layer["max"].shift() < by_layer["min"]).iloc[1:].all()
    assert layout["yaxis.range"] == [layout["height"] - (fig.layout.height - fig.layout.yaxis.range[0]), 0]


def test_each_heading_stands_between_the_layers_it_parts():
    fig = network()
    heads = [
        y for y, words in zip(fig.data[-1].y, fig.data[-1].text, strict=True) if words != "<b>shared</b>"
    ]
    nodes = pd.Series(fig.data[-2].y, index=NODES["layer"]).groupby(level=0)
    for head, first, before in zip(heads, nodes.min(), nodes.max().shift(), strict=True):
        assert head < first and not head < before


def test_the_first_way_is_the_one_that_fits_a_phone():
    fig = network()
    changes = fig.layout.updatemenus[3].buttons[0].args[0]
    assert [list(t.x) for t in fig.data] == [list(x) for x in changes["x"]]
    assert fig.data[-2].text[0].startswith("Primary tumour")
    assert fig.data[-2].text[1].startswith("A signal <")  # the aside is left to the hover text


def test_the_table_behind_names_both_ends():
    data = network().layout.meta["data"]
    first = dict(zip(data["columns"], data["rows"][0], strict=True))
    assert first["address"] == "pathways/pathway_edges:e1" and first["citekey"] == "ada2000"
    assert (first["from"], first["to"]) == ("Primary tumour", "A signal (of two kinds)")
    assert len(data["rows"]) == len(EDGES)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("source", "moon"),
        ("target", "moon"),
        ("basis", "hearsay"),
        ("certainty", "absolute"),
        ("route", "air"),
    ],
)
@pytest.mark.parametrize("draw", [network, lambda edges: bands(figures.View("v", edges))])
def test_an_edge_without_a_place_is_named(draw, column, value):
    odd = EDGES.copy()
    odd.loc["e4", column] = value
    with pytest.raises(ValueError, match=f"edge e4: {column} '{value}' has no place"):
        draw(odd)


def test_no_edges_no_network():
    with pytest.raises(ValueError, match="no edges to draw"):
        network(EDGES.head(0))


def test_labels_are_cut_at_asides_and_broken():
    assert graph.short_label("Plug: a long story") == "Plug"
    assert graph.short_label("one two three four", width=9) == "one two<br>three…"


# Bands


def test_only_what_promotes_and_leads_on_flows():
    assert list(figures.leading_on(NODES, EDGES).index) == ["e1", "e2", "e3", "e4", "e5", "e7"]
    assert list(figures.leading_on(NODES, EDGES, boxes=True).index) == ["e1", "e2", "e3", "e4", "e7"]


def test_a_longer_circle_is_cut_too():
    """bud -> plug closes a circle over a third node of the same layer."""
    nodes = pd.concat([NODES, NODES.loc[["bud"]].rename(index={"bud": "seed"})])
    ring = EDGES.loc[["e5", "e6", "e6"]].copy()
    ring.index = ["a", "b", "c"]
    ring.loc["b", ["source", "target"]] = ["bud", "seed"]
    ring.loc["c", ["source", "target"]] = ["seed", "plug"]
    assert list(figures.leading_on(nodes, ring).index) == ["a", "b"]


def bands(*views):
    return figures.flows(NODES, views or [figures.View("all", EDGES)], title="T", name="n")


def test_bands_count_the_edges_of_a_pair_by_what_they_rest_on():
    link, label = bands().data[0].link, bands().data[0].node.label
    lines = zip(link.source, link.target, link.customdata, link.value, strict=True)
    found = {(label[s], label[t], address): value for s, t, address, value in lines}
    assert found == {
        ("Primary<br>tumour", "A signal", "pathways/pathway_edges:e1"): 2,
        ("Primary<br>tumour", "A signal", "pathways/pathway_edges:e3"): 1,
        ("A signal", "Plug", "pathways/pathway_edges:e4"): 1,
        ("Plug", "Bud", "pathways/pathway_edges:e5"): 1,
        ("Plug", "Lump", "pathways/pathway_edges:e7"): 1,
    }
    assert "2 edges: animals" in link.label[0] and "e2</i>, high" in link.label[0]
    assert len(set(link.color)) == 3


def test_boxes_join_nodes_of_one_step_and_route():
    trace = bands(figures.View("all", EDGES, boxes=True)).data[0]
    assert (
        "signals<br><b>lymph</b>" in trace.node.label and "the<br>tumour<br><b>shared</b>" in trace.node.label
    )
    assert sum(trace.link.value) == 5


def test_a_band_of_many_edges_names_the_first_and_counts_the_rest():
    many = pd.concat([EDGES.loc[["e7"]]] * 8)
    many.index = [f"m{i}" for i in range(8)]
    (words,) = bands(figures.View("v", many)).data[0].link.label
    assert "8 edges" in words and "m5" in words and "m6" not in words and "and 2 more" in words


def test_the_menu_shows_one_view_at_a_time():
    near = EDGES[EDGES["basis"] == NEAR]
    fig = bands(figures.View("all", EDGES), figures.View("near", near))
    assert [b.label for b in fig.layout.updatemenus[0].buttons] == ["all", "near"]
    assert [b.args[0]["visible"] for b in fig.layout.updatemenus[0].buttons] == [[True, False], [False, True]]
    assert [t.visible for t in fig.data] == [True, False]
    assert not bands().layout.updatemenus


def test_the_table_behind_the_bands_holds_what_is_drawn_once():
    fig = bands(figures.View("all", EDGES), figures.View("again", EDGES.loc[["e7"]]))
    rows = [row[0].split(":")[1] for row in fig.layout.meta["data"]["rows"]]
    assert rows == ["e1", "e2", "e3", "e4", "e5", "e7"]


def test_the_key_says_that_width_is_not_frequency():
    words = " ".join(a.text.replace("<br>", " ") for a in bands().layout.annotations)
    assert "number of edges (pieces of evidence), not of patients" in words


@pytest.mark.parametrize(
    ("views", "message"),
    [
        ([], "no views to draw"),
        ([figures.View("back", EDGES.loc[["e8"]])], "view 'back': no edge leads on"),
        ([figures.View("none", EDGES.head(0))], "no edges to draw"),
    ],
)
def test_views_without_flow_are_refused(views, message):
    with pytest.raises(ValueError, match=message):
        figures.flows(NODES, views, title="T", name="n")
