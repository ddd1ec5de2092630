"""Build Kibana's saved objects: data views, charts, saved searches and dashboards, each a line of NDJSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal

from kibana.lens import LAYER, Json, build_chart
from kibana.panel_types import Board, Chart, Listing, Panel, Text, slug
from kibana.views import View
from schemas.index_templates import PREFIX

CORE_VERSION: Final = "8.8.0"  # of the envelope; it has not changed since
# The format version of each type. An import migrates older formats and rejects newer ones.
VERSIONS: Final = {"index-pattern": "8.0.0", "lens": "8.9.0", "search": "10.5.0", "dashboard": "10.3.0"}
OLDEST_KIBANA: Final = (9, 2)  # the first with Markdown panels that are not charts
SEARCH_SOURCE_INDEX: Final = "kibanaSavedObjectMeta.searchSourceJSON.index"

ObjectType = Literal["index-pattern", "lens", "search", "dashboard"]


@dataclass(frozen=True, slots=True)
class Reference:
    """A reference to another object, under the name used inside the object."""

    name: str
    type: ObjectType
    id: str


@dataclass(frozen=True, slots=True)
class SavedObject:
    """One line of the file."""

    type: ObjectType
    id: str
    attributes: Json
    references: tuple[Reference, ...] = ()

    def line(self) -> str:
        """Return the object as JSON, keys sorted."""
        whole = {
            "type": self.type,
            "id": self.id,
            "attributes": self.attributes,
            "references": [{"name": to.name, "type": to.type, "id": to.id} for to in self.references],
            "coreMigrationVersion": CORE_VERSION,
            "typeMigrationVersion": VERSIONS[self.type],
            "managed": False,
        }
        return json.dumps(whole, sort_keys=True, ensure_ascii=False)


def build_view(view: View) -> SavedObject:
    """Return a data view, which is usable even if its index does not exist yet."""
    attributes = {
        "title": view.alias,
        "name": view.name,
        "timeFieldName": view.time,
        "fieldFormatMap": json.dumps(view.formats(), sort_keys=True),
        "allowNoIndex": True,
    }
    return SavedObject("index-pattern", view.id, attributes)


def build_board(board: Board) -> list[SavedObject]:
    """Return a dashboard's charts and saved searches, then the dashboard itself."""
    parts = {number: _part(board, panel) for number, panel in enumerate(board.panels()) if not isinstance(panel, Text)}
    references = tuple(Reference(f"{n}:{_panel_name(n)}", part.type, part.id) for n, part in parts.items())
    attributes = {
        "title": board.title,
        "description": board.description,
        "panelsJSON": json.dumps(list(_place(board, parts)), sort_keys=True, ensure_ascii=False),
        "optionsJSON": json.dumps({"useMargins": True, "syncColors": False, "hidePanelTitles": False}),
        "timeRestore": True,
        "timeFrom": board.since,
        "timeTo": "now",
        "refreshInterval": {"pause": True, "value": 60_000},
        "kibanaSavedObjectMeta": {"searchSourceJSON": _search_source("")},
    }
    return [*parts.values(), SavedObject("dashboard", f"{PREFIX}-{board.key}", attributes, references)]


def _part(board: Board, panel: Chart | Listing) -> SavedObject:
    id_ = f"{PREFIX}-{board.key}-{panel.key or slug(panel.title)}"
    title = f"{board.title}: {panel.title}"  # Kibana's library shows it without its dashboard
    if isinstance(panel, Listing):
        return _saved_search(id_, title, panel)
    reference = Reference(f"indexpattern-datasource-layer-{LAYER}", "index-pattern", panel.view.id)
    return SavedObject("lens", id_, build_chart(panel, title), (reference,))


def _saved_search(id_: str, title: str, listing: Listing) -> SavedObject:
    attributes = {
        "title": title,
        "description": "",
        "columns": list(listing.columns),
        "sort": [[listing.sort, listing.direction]],
        "grid": {},
        "hideChart": False,
        "isTextBasedQuery": False,
        "kibanaSavedObjectMeta": {
            "searchSourceJSON": _search_source(
                listing.where.kuery() if listing.where else "", indexRefName=SEARCH_SOURCE_INDEX
            )
        },
    }
    return SavedObject("search", id_, attributes, (Reference(SEARCH_SOURCE_INDEX, "index-pattern", listing.view.id),))


def _search_source(kuery: str, **more: str) -> str:
    return json.dumps({"query": {"query": kuery, "language": "kuery"}, "filter": [], **more}, sort_keys=True)


def _panel_name(number: int) -> str:
    return f"panel_{number}"


def _place(board: Board, parts: dict[int, SavedObject]) -> Iterator[dict[str, Any]]:
    """Yield each panel with its position on the grid, rows from the top, panels from the left."""
    number = top = 0
    for row in board.rows:
        left = 0
        for panel, width in zip(row.panels, row.widths(), strict=True):
            grid = {"x": left, "y": top, "w": width, "h": row.height, "i": str(number)}
            yield {"gridData": grid, "panelIndex": str(number)} | _content(panel, number, parts)
            left, number = left + width, number + 1
        top += row.height


def _content(panel: Panel, number: int, parts: dict[int, SavedObject]) -> dict[str, Any]:
    if isinstance(panel, Text):
        config = {"content": panel.markdown, "settings": {"open_links_in_new_tab": True}}
        return {"type": "DASHBOARD_MARKDOWN", "embeddableConfig": config}
    own_title = {"title": panel.title}
    return {"type": parts[number].type, "embeddableConfig": own_title, "panelRefName": _panel_name(number)}
