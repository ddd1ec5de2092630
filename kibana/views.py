"""The data views: alias, time field and field formats, with the capabilities of each field from the index templates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from schemas.index_templates import PREFIX, build_templates

PAGES: Final = "http://127.0.0.1:8000"  # where docker-compose.yml serves Newswire's pages


@dataclass(frozen=True, slots=True)
class FieldFact:
    """What a field supports: grouping, sorting and measuring (`has_values`), searching (`is_indexed`)."""

    type: str
    has_values: bool
    is_indexed: bool


@dataclass(frozen=True, slots=True)
class View:
    """A data view over all indexes of a kind; `time` is the field to which a dashboard's time range applies."""

    name: str
    kind: str
    time: str
    key: str = ""

    @property
    def id(self) -> str:
        """Return the saved object's id, which must not change."""
        return f"{PREFIX}-{self.key or self.kind}"

    @property
    def alias(self) -> str:
        """Return the alias that readers use."""
        return f"{PREFIX}-{self.kind}"

    def field(self, name: str) -> FieldFact:
        """Return what a field supports; raises LookupError if the templates have no such field."""
        try:
            return _fields_of(self.kind)[name]
        except KeyError:
            raise LookupError(f"{self.alias} has no field {name}; see schemas/index_fields.py for its fields") from None

    def formats(self) -> dict[str, Any]:
        """Return Kibana's format of each field that is a link or a size."""
        return {name: shown for name, shown in _FORMATS.items() if name in _fields_of(self.kind)}


ARTICLES: Final = View("Articles", "articles", "dated_at")
ARRIVALS: Final = View("Articles by arrival", "articles", "first_seen_at", key="arrivals")
REVISIONS: Final = View("Earlier versions", "revisions", "superseded_at")
STORIES: Final = View("Stories", "stories", "last_seen_at")
FETCHES: Final = View("Fetches", "fetches", "at")
DEAD_LETTERS: Final = View("Dead letters", "dead-letters", "at")
VIEWS: Final = (ARTICLES, ARRIVALS, REVISIONS, STORIES, FETCHES, DEAD_LETTERS)


def _link(path: str) -> dict[str, Any]:
    return {"id": "url", "params": {"urlTemplate": f"{PAGES}/{path}/{{{{value}}}}", "labelTemplate": "open"}}


_FORMATS: Final[dict[str, Any]] = {
    "url": {"id": "url", "params": {}},
    "article_id": _link("article"),
    "story_id": _link("story"),
    "bytes": {"id": "bytes", "params": {}},
}


@cache
def _fields_of(kind: str) -> Mapping[str, FieldFact]:
    templates = {(template.kind, template.name): template.body for template in build_templates(PREFIX)}
    facts: dict[str, FieldFact] = {}
    for part in templates["index", f"{PREFIX}-{kind}"]["composed_of"]:
        if ("component", part) in templates:  # full-cluster components are optional, and no panel uses them
            for name, field in templates["component", part]["template"]["mappings"]["properties"].items():
                facts |= _facts(name, field)
    return facts


def _facts(name: str, field: Mapping[str, Any]) -> dict[str, FieldFact]:
    kind = field.get("type", "object")
    is_plain = kind not in {"text", "object"}
    fact = FieldFact(kind, is_plain and field.get("doc_values", True), field.get("index", kind != "object"))
    forms = field.get("fields", {})
    return {name: fact} | {f"{name}.{form}": _facts(form, inner)[form] for form, inner in forms.items()}
