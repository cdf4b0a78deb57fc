"""The cross-section with four routes: every step rests on an edge, the best one, and looks like it."""

import pandas as pd
import pytest

from skinmet import evidence, figures
from skinmet.figures import graph, routes, style

NEAR, PEOPLE, FAR = graph.BASIS


@pytest.fixture(scope="module")
def nodes():
    return evidence.load("pathways/pathway_nodes")


@pytest.fixture
def edges():
    """The edges of the review, all of them as if borrowed, with low certainty."""
    found = evidence.load("pathways/pathway_edges")
    return found.assign(basis=FAR, certainty="low")


def draw(nodes, edges):
    return figures.cross_section(nodes, edges, title="T", name="n")


def steps(fig):
    data = fig.layout.meta["data"]
    return pd.DataFrame(data["rows"], columns=data["columns"])


def test_every_step_of_the_drawing_rests_on_an_edge_of_the_review(nodes, edges):
    found = steps(draw(nodes, edges))
    assert list(found["route"].unique()) == ["direct", "lymphatic", "haematogenous", "iatrogenic"]
    for step in found.itertuples():
        edge = edges.loc[step.address.split(":")[1]]
        assert edge["effect"] == "promotes"
        assert (nodes.at[edge["source"], "label"], nodes.at[edge["target"], "label"]) == (step[4], step.to)
    ends = {route: rows["to"].iloc[-1] for route, rows in found.groupby("route")}
    assert (
        ends["direct"] == nodes.at["L_ulcer", "label"]
        and ends["haematogenous"] == nodes.at["L_distnod", "label"]
    )


def test_every_way_starts_at_the_tumour_or_at_a_station_before(nodes):
    for _, _, ways in routes.ROUTES.values():
        assert ways[0][0][0] == "primary"
        places = {}
        for way in ways:
            assert way is ways[0] or way[0][0] in places
            for node, x, y in way:
                assert places.setdefault(node, (x, y)) == (x, y)


def test_breast_and_skin_goes_before_certainty_and_certainty_decides_the_rest(nodes, edges):
    """Two edges lead from displaced cells on; three are added here for one other step."""
    extra = edges.loc[["e082"] * 4].copy()
    extra.index = ["x1", "x2", "x3", "x4"]
    extra["basis"] = [FAR, NEAR, NEAR, PEOPLE]
    extra["certainty"] = ["high", "very low", "low", "high"]
    first = steps(draw(nodes, pd.concat([edges.drop(index="e082"), extra]))).iloc[0]
    assert first["address"] == "pathways/pathway_edges:x3" and first["edges"] == 4
    first = steps(draw(nodes, pd.concat([edges.drop(index="e082"), extra.loc[["x1", "x4"]]]))).iloc[0]
    assert first["address"] == "pathways/pathway_edges:x4"


def test_a_finding_against_a_link_is_no_step(nodes, edges):
    against = edges.copy()
    against.loc["e082", "effect"] = "no_link"
    with pytest.raises(
        ValueError, match="route 'direct': no edge promotes the step from 'primary' to 'stromal'"
    ):
        draw(nodes, against)


def test_lines_look_like_their_evidence(nodes, edges):
    edges.loc["e082", ["basis", "certainty"]] = [NEAR, "high"]
    lines = [t for t in draw(nodes, edges).data if t.mode == "lines+markers" and t.visible]
    looks = {(t.line.color, t.line.dash, t.line.width) for t in lines}
    assert looks == {(style.EVIDENCE, "solid", 4.5), (style.BORROWED, "dot", 2.3)}


def visible(fig, button):
    keep = fig.layout.updatemenus[0].buttons[button].args[0]["visible"]
    return [t for t, k in zip(fig.data, keep, strict=True) if k]


def words(traces):
    return [w for t in traces for w in (t.text or ()) if t.mode == "text"]


def test_the_menu_keeps_the_anatomy_and_shows_one_view(nodes, edges):
    fig = draw(nodes, edges)
    assert [b.label for b in fig.layout.updatemenus[0].buttons] == [
        "All four routes", "direct", "by lymph", "by blood", "by a procedure",
    ]  # fmt: skip
    views = [visible(fig, i) for i in range(5)]
    anatomy = [t for t in fig.data if all(any(t is u for u in view) for view in views)]
    assert any(t.fill == "toself" for t in anatomy) and " needle" in words(anatomy)
    shown = [t for t in fig.data if t.visible is not False]
    assert len(shown) == len(views[0]) and all(a is b for a, b in zip(shown, views[0], strict=True))


def test_all_four_view_counts_the_edges_of_each_route(nodes, edges):
    edges.loc[edges.index[edges["route"] == "direct"][:2], "basis"] = NEAR
    said = words(visible(draw(nodes, edges), 0))
    number = (edges["route"] == "direct").sum()
    assert f"<b>direct</b>: {number} edges, 2 from breast and skin" in said
    assert f"shared by routes: {(edges['route'] == 'shared').sum()} edges" in said


def test_one_route_names_its_stations_and_the_others_turn_faint(nodes, edges):
    view = visible(draw(nodes, edges), 3)
    said = words(view)
    assert "1 Primary breast carcinoma" in said and "10 Distant skin nodules · borrowed · low" in said
    stations = next(t for t in view if t.customdata)
    assert list(stations.text) == [str(i) for i in range(1, 11)]
    assert stations.customdata[0] is None and stations.customdata[1] == "pathways/pathway_edges:e004"
    assert any(t.line.color == style.FAINT and t.line.width == 1 for t in view)


def test_a_way_that_joins_another_keeps_the_number_of_the_station(nodes, edges):
    fig = draw(nodes, edges)
    assert any(w.startswith("→ 4 Dermal lymphatic") for w in words(visible(fig, 2)))
    numbers = next(t for t in visible(fig, 2) if t.customdata).text
    assert len(numbers) == len(set(numbers))


def test_the_drawing_says_that_it_is_schematic(nodes, edges):
    assert any("Schematic" in a.text for a in draw(nodes, edges).layout.annotations)


def test_no_edges_no_drawing(nodes, edges):
    with pytest.raises(ValueError, match="no edges to draw"):
        draw(nodes, edges.head(0))
