"""The index templates as the server takes them, made from index_fields.

Only features of the server itself are used: the embedded one has no modules, and demo and cluster must behave alike.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from elasticsearch.dsl import Field

from schemas.analyzers import EXACT
from schemas.index_fields import (
    ALERT_FIELDS,
    ARTICLE_FIELDS,
    DEAD_LETTER_FIELDS,
    DERIVED_FIELDS,
    FETCH_FIELDS,
    LANGUAGE_FIELDS,
    REVISION_FIELDS,
    SAVED_SEARCH_FIELDS,
    STORY_FIELDS,
    TAKEDOWN_FIELDS,
)

FOLDER = Path(__file__).parent / "elasticsearch"
PREFIX = "newswire"
PRIORITY = 200  # above what a full cluster brings along
REFRESH = "5s"  # for readers of other writers: the index stage refreshes what it announces

Kind = Literal["component", "index", "policy"]
MONTHLY_KINDS: Final = ("articles", "revisions", "fetches", "dead-letters", "alerts")


@dataclass(frozen=True, slots=True)
class Template:
    """One component or index template, or lifecycle policy, under its name on the server."""

    kind: Kind
    name: str
    body: dict[str, Any]
    folder: Path = FOLDER

    def text(self) -> str:
        """Return the template as committed."""
        return json.dumps(self.body, indent=2, sort_keys=True) + "\n"

    def path(self) -> Path:
        """Return the committed file."""
        return self.folder / f"{self.name.removeprefix(f'{PREFIX}-')}-{self.kind}.json"


def build_templates(prefix: str) -> tuple[Template, ...]:
    """Return every template for the indexes of a prefix, components before those that use them."""
    article, revision, story, fetch, letter, saved, alert, takedown = (
        f"{prefix}-{name}"
        for name in ("article", "revision", "story", "fetch", "dead-letter", "saved-search", "alert", "takedown")
    )
    # Analyzers stand beside the fields that name them: the server checks each component alone.
    analysed, plain = {"settings": {"index": _settings()}}, {"settings": {"index": _settings(is_analysed=False)}}
    return (
        _component(article, ARTICLE_FIELDS | DERIVED_FIELDS | LANGUAGE_FIELDS, analysed),
        _component(revision, REVISION_FIELDS, {}),
        _component(story, STORY_FIELDS, analysed),
        _component(fetch, FETCH_FIELDS, plain),
        _component(letter, DEAD_LETTER_FIELDS, plain),
        _component(saved, SAVED_SEARCH_FIELDS, plain),
        _component(alert, ALERT_FIELDS, plain),
        _component(takedown, TAKEDOWN_FIELDS, plain),
        _index(prefix, "articles", [article], "The newest version of every article, by month."),
        _index(prefix, "revisions", [article, revision], "What articles said before, by month."),
        _index(prefix, "stories", [story], "The newest state of every story."),
        _index(prefix, "fetches", [fetch], "Every attempt to fetch a page or a list, by month."),
        _index(prefix, "dead-letters", [letter], "What a stage could not take, by month."),
        _index(prefix, "saved-searches", [saved], "Searches that are kept under a name."),
        _index(prefix, "alerts", [alert], "Which alert was made of which record, by month."),
        _index(prefix, "takedowns", [takedown], "Which articles are taken down."),
    )


def full_cluster_part(prefix: str, kind: str) -> str:
    """Return the name of the component that only a full cluster has; see full_cluster.py."""
    return f"{prefix}-{kind}-full-cluster"


def _settings(*, is_analysed: bool = True) -> dict[str, Any]:
    # Values are text, as the server gives them back: what differs is then a difference.
    settings: dict[str, Any] = {
        "number_of_shards": "1",
        "auto_expand_replicas": "0-1",
        "refresh_interval": REFRESH,
    }
    exact = {"type": "custom", "tokenizer": "standard", "filter": ["lowercase", "asciifolding"]}
    return settings | ({"analysis": {"analyzer": {EXACT: exact}}} if is_analysed else {})


def _component(name: str, fields: Mapping[str, Field], rest: dict[str, Any]) -> Template:
    properties = {field_name: field.to_dict() for field_name, field in fields.items()}
    return Template(
        "component", name, {"template": {"mappings": {"dynamic": "strict", "properties": properties}, **rest}}
    )


def _index(prefix: str, kind: str, parts: list[str], description: str) -> Template:
    name = f"{prefix}-{kind}"
    optional = [full_cluster_part(prefix, kind)] if kind in MONTHLY_KINDS else []
    body = {
        "index_patterns": [f"{name}-*"],
        "composed_of": [*parts, *optional],
        "ignore_missing_component_templates": optional,
        "priority": PRIORITY,
        "template": {"aliases": {name: {}}},
        "_meta": {"description": description},
    }
    return Template("index", name, body)
