"""Saved searches in Elasticsearch; the command writes them, the watch stage reads them for every batch."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec
from elasticsearch import ConflictError, Elasticsearch, NotFoundError

from newswire.elastic.client import build_alias, build_saved_searches_index, elastic_outages_as_retry
from newswire.elastic.templates import require_templates
from newswire.errors import NewswireError
from newswire.search.request import SearchRequest

MAX_SEARCHES = 10_000  # one page of results holds them all


class SavedSearchError(NewswireError):
    """A saved search exists already, does not exist, or there are too many."""


class SavedSearch(msgspec.Struct, frozen=True, kw_only=True):
    """A search under a name; with `pushes`, articles that match from now on are sent to the topic alerts.

    A search that can no longer be run has a `disabled_reason` and sends nothing.
    """

    query_id: str
    name: str
    request: SearchRequest
    created_at: datetime
    pushes: bool = False
    disabled_reason: str | None = None


def search_id_of(name: str) -> str:
    """Return the id of a name; names are unique."""
    return hashlib.sha256(name.encode()).hexdigest()[:32]


def add_search(client: Elasticsearch, prefix: str, search: SavedSearch) -> None:
    """Save a search; the watch stage uses it at once.

    Raises SavedSearchError for a name that is taken, Retry when the server is unavailable or without its templates.
    """
    with elastic_outages_as_retry():
        require_templates(client, prefix)
        if client.count(index=build_alias(prefix, "saved-searches"), ignore_unavailable=True)["count"] >= MAX_SEARCHES:
            raise SavedSearchError(
                f"there are already {MAX_SEARCHES} saved searches, the most that are kept; remove some first"
            )
        try:
            client.create(
                index=build_saved_searches_index(prefix),
                id=search.query_id,
                document=msgspec.to_builtins(search, builtin_types=(datetime,)),
                refresh=True,
            )
        except ConflictError as error:
            raise SavedSearchError(
                f"a search is already saved as {search.name!r}; choose another name, "
                f"or remove it first: newswire saved remove {search.name!r}"
            ) from error


def list_searches(client: Elasticsearch, prefix: str) -> list[SavedSearch]:
    """Return all saved searches by name; raises Retry when the server is unavailable."""
    with elastic_outages_as_retry():
        found = client.search(
            index=build_alias(prefix, "saved-searches"),
            ignore_unavailable=True,
            allow_no_indices=True,
            size=MAX_SEARCHES,
        )
    return sorted((_read(hit["_source"]) for hit in found["hits"]["hits"]), key=lambda search: search.name)


def find_search(client: Elasticsearch, prefix: str, name: str) -> SavedSearch:
    """Return the search with this name; raises SavedSearchError if there is none."""
    try:
        with elastic_outages_as_retry():
            return _read(client.get(index=build_saved_searches_index(prefix), id=search_id_of(name))["_source"])
    except NotFoundError as error:
        raise _absent(name) from error


def remove_search(client: Elasticsearch, prefix: str, name: str) -> None:
    """Delete a search; raises SavedSearchError if there is none."""
    try:
        with elastic_outages_as_retry():
            client.delete(index=build_saved_searches_index(prefix), id=search_id_of(name), refresh=True)
    except NotFoundError as error:
        raise _absent(name) from error


def disable_search(client: Elasticsearch, prefix: str, query_id: str, reason: str) -> None:
    """Record why a search no longer sends alerts; one that was removed meanwhile is not created again."""
    lenient = client.options(ignore_status=404)
    lenient.update(index=build_saved_searches_index(prefix), id=query_id, doc={"disabled_reason": reason}, refresh=True)


def _read(document: Mapping[str, Any]) -> SavedSearch:
    try:
        return msgspec.convert(document, SavedSearch)
    except msgspec.ValidationError as error:
        # Written by another version: it must neither run as a different search nor stop the others.
        readable = {key: document[key] for key in ("query_id", "name", "created_at", "pushes")}
        unreadable = {"request": {}, "disabled_reason": f"its request cannot be read: {error}"}
        return msgspec.convert(readable | unreadable, SavedSearch)


def _absent(name: str) -> SavedSearchError:
    return SavedSearchError(f"no search is saved as {name!r}; `newswire saved list` shows all of them")
