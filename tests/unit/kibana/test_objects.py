"""The dashboards' file against the templates and against itself; there is no Kibana here to import it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from kibana.boards import BOARDS
from kibana.columns import Terms, count
from kibana.generate import FILE, build_text, saved_objects
from kibana.lens import build_chart
from kibana.objects import OLDEST_KIBANA, VERSIONS
from kibana.panel_types import COLUMNS, Listing, Table, Text
from kibana.views import ARTICLES, PAGES, VIEWS
from newswire.settings import Settings
from newswire.web.platform.app import create_app

SERVICES = yaml.safe_load((Path(__file__).parents[3] / "docker-compose.yml").read_text("utf-8"))["services"]
OBJECTS = [json.loads(line) for line in FILE.read_text("utf-8").splitlines()]
LENSES = {saved["id"]: saved["attributes"] for saved in OBJECTS if saved["type"] == "lens"}
DASHBOARDS = {saved["id"]: saved for saved in OBJECTS if saved["type"] == "dashboard"}
PANELS = [(board, panel) for board in BOARDS for panel in board.panels() if not isinstance(panel, Text)]
CHARTS = [(board, panel) for board, panel in PANELS if not isinstance(panel, Listing)]

NUMBERS = {"integer", "long", "float"}
VALUES = NUMBERS | {"keyword", "boolean", "date"}
# What Lens offers each operation for; Elasticsearch refuses the rest, or answers with nothing.
SUITS = {
    "terms": VALUES - {"date"},
    "unique_count": VALUES,
    "sum": NUMBERS,
    "average": NUMBERS,
    "percentile": NUMBERS,
    "min": NUMBERS | {"date"},
    "max": NUMBERS | {"date"},
    "last_value": VALUES,
}
SORTABLE = {"count", "unique_count", "sum", "average", "min", "max"}


def title_of(value):
    return getattr(value, "title", None) or getattr(value, "name", None)


def test_generating_again_changes_nothing():
    """`python -m kibana.generate` writes what is committed."""
    assert FILE.read_text("utf-8") == build_text()


def test_every_line_is_a_saved_object_of_its_own():
    """Ids are unique, and each line has its format version."""
    assert len({(saved["type"], saved["id"]) for saved in OBJECTS}) == len(OBJECTS) == len(saved_objects())
    assert all(saved["typeMigrationVersion"] == VERSIONS[saved["type"]] for saved in OBJECTS)
    assert [saved["attributes"]["title"] for saved in DASHBOARDS.values()] == [board.title for board in BOARDS]
    assert len(DASHBOARDS) == 5


def test_every_reference_leads_to_an_earlier_line_and_nothing_is_left_over():
    """Kibana refuses what points nowhere; what nothing points to would be clutter in its library."""
    known, asked = set(), set()
    for saved in OBJECTS:
        targets = {(to["type"], to["id"]) for to in saved["references"]}
        assert targets <= known, saved["id"]
        known.add((saved["type"], saved["id"]))
        asked |= targets
    assert {type_ for type_, _ in known - asked} == {"dashboard"}


@pytest.mark.parametrize("saved", DASHBOARDS.values(), ids=lambda saved: saved["id"])
def test_every_panel_of_a_dashboard_finds_what_it_shows(saved):
    """A panel names its reference without its own number, the reference has it in front."""
    panels = json.loads(saved["attributes"]["panelsJSON"])
    assert [panel["panelIndex"] for panel in panels] == [panel["gridData"]["i"] for panel in panels]
    named = {
        f"{panel['panelIndex']}:{panel['panelRefName']}": panel["type"] for panel in panels if "panelRefName" in panel
    }
    assert named == {to["name"]: to["type"] for to in saved["references"]}
    texts = [panel["embeddableConfig"]["content"] for panel in panels if "panelRefName" not in panel]
    assert texts
    assert len(texts) + len(named) == len(panels)


@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.key)
def test_rows_fill_the_grid(board):
    """Panels are side by side without a gap, and no two have the same title."""
    assert {sum(row.widths()) for row in board.rows} == {COLUMNS}
    titles = [panel.title for panel in board.panels() if not isinstance(panel, Text)]
    assert len(set(titles)) == len(titles)


@pytest.mark.parametrize(("board", "chart"), CHARTS, ids=title_of)
def test_every_field_of_a_chart_suits_what_is_done_with_it(board, chart):
    """It is in the template, has values to group or measure, and a type that the operation works on."""
    for group in chart.groups:
        fact = chart.view.field(group.field)
        assert fact.has_values, group
        assert fact.type in (SUITS["terms"] if hasattr(group, "size") else {"date"}), group
    for measure in chart.measures:
        if measure.operation != "count":
            fact = chart.view.field(measure.field)
            assert fact.has_values, measure
            assert fact.type in SUITS[measure.operation], measure
        if measure.newest_by:
            assert chart.view.field(measure.newest_by).type == "date"


@pytest.mark.parametrize(("board", "panel"), PANELS, ids=title_of)
def test_every_condition_can_be_asked(board, panel):
    """Its field is indexed, and its values are of the field's type."""
    conditions = [panel.where, *(measure.where for measure in getattr(panel, "measures", ()))]
    for condition in filter(None, conditions):
        fact = panel.view.field(condition.field)
        assert fact.is_indexed, condition
        if hasattr(condition, "number"):
            assert fact.type in NUMBERS
        else:
            assert {type(value) for value in condition.values} == {bool if fact.type == "boolean" else str}


@pytest.mark.parametrize(("board", "chart"), CHARTS, ids=title_of)
def test_groups_are_sorted_by_what_can_be_sorted_by(board, chart):
    """Elasticsearch sorts terms by one plain number; a measure with a condition of its own is none."""
    for group in chart.groups:
        if getattr(group, "by_measure", None) is not None:
            measure = chart.measures[group.by_measure]
            assert measure.operation in SORTABLE
            assert measure.where is None


@pytest.mark.parametrize(("board", "listing"), [pair for pair in PANELS if isinstance(pair[1], Listing)], ids=title_of)
def test_listings_show_and_sort_by_fields_that_exist(board, listing):
    """Columns are read from the documents, so any field will do; a sort needs values."""
    for column in listing.columns:
        listing.view.field(column)
    assert listing.view.field(listing.sort).has_values


def test_the_range_of_time_works_on_a_date():
    """Each view names the time that its documents are found by."""
    assert {view.field(view.time).type for view in VIEWS} == {"date"}


def test_links_lead_to_pages_that_exist():
    """An article's and a story's id open our own page, where compose puts it."""
    paths = {route.path for route in create_app(Settings()).routes if hasattr(route, "path")}
    formats = {name: shown["params"] for view in VIEWS for name, shown in view.formats().items()}
    links = {name: shown["urlTemplate"] for name, shown in formats.items() if "urlTemplate" in shown}
    assert set(links) == {"article_id", "story_id"}
    assert all(link.removeprefix(PAGES).replace("{{value}}", f"{{{name}}}") in paths for name, link in links.items())
    assert [f"http://{port.rsplit(':', 1)[0]}" for port in SERVICES["web"]["ports"]] == [PAGES]


@pytest.mark.parametrize(
    ("field", "message"), [("titel", r"no field titel; see schemas/index_fields"), ("title", "title.raw")]
)
def test_a_field_that_will_not_do_stops_the_generation(field, message):
    """A typing error, or a text field where values are needed, gets a helpful message."""
    table = Table(title="T", view=ARTICLES, rows=(Terms(label="x", field=field),), measures=(count("n"),))
    with pytest.raises(LookupError, match=f"newswire-articles .*{message}"):
        build_chart(table, "T")


@pytest.mark.parametrize("attributes", LENSES.values(), ids=LENSES)
def test_a_chart_is_whole(attributes):
    """Every column is in the chart once, and the chart and the sorting name no column that is not there."""
    (layer,) = attributes["state"]["datasourceStates"]["formBased"]["layers"].values()
    columns = layer["columns"]
    assert layer["columnOrder"] == list(columns)
    assert sorted(named_in(attributes["state"]["visualization"])) == sorted(columns)
    is_bucketed = [column["isBucketed"] for column in columns.values()]
    assert is_bucketed == sorted(is_bucketed, reverse=True), "groups come before measures"
    for column in columns.values():
        if (order := column["params"].get("orderBy", {})).get("type") == "column":
            assert not columns[order["columnId"]]["isBucketed"]


def test_the_silence_map_tells_a_zero_from_nothing():
    """Hours without a reading are left out, and Kibana is not asked to hide zeros, which it does to all or none."""
    (attributes,) = (lens for lens in LENSES.values() if lens["visualizationType"] == "lnsHeatmap")
    (layer,) = attributes["state"]["datasourceStates"]["formBased"]["layers"].values()
    params = {column["operationType"]: column["params"] for column in layer["columns"].values()}
    assert params["date_histogram"]["includeEmptyRows"] is False
    assert params["sum"]["emptyAsNull"] is False


def named_in(part):
    if isinstance(part, str):
        return [part] if part.startswith(("group-", "measure-")) else []
    parts = part.values() if isinstance(part, dict) else part if isinstance(part, list) else ()
    return [name for inner in parts for name in named_in(inner)]


def test_the_file_is_written_for_the_kibana_that_is_run():
    """Compose runs a Kibana that reads these forms, of the same version as its Elasticsearch."""
    images = (SERVICES[name]["image"].partition("$")[0] for name in ("kibana", "elasticsearch"))  # without the digest
    kibana, elasticsearch = (image.rpartition(":")[2] for image in images)
    assert kibana == elasticsearch
    version = tuple(map(int, kibana.split(".")))
    assert version[0] == OLDEST_KIBANA[0]
    assert version[:2] >= OLDEST_KIBANA
