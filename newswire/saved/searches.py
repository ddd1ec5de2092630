"""Keeps saved searches in Elasticsearch; the command writes them, the watch stage reads them with every batch."""

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

MOST = 10_000  # one page of results holds them all


class SavedSearchError(NewswireError):
    """A saved search is there already, is not there, or there are too many."""


class SavedSearch(msgspec.Struct, frozen=True, kw_only=True):
    """A search under a name; `pushes` sends what it will find to the topic alerts.

    One that cannot be run any more says so in `disabled_reason` and pushes nothing.
    """

    query_id: str
    name: str
    request: SearchRequest
    created_at: datetime
    pushes: bool = False
    disabled_reason: str | None = None


def id_of(name: str) -> str:
    """Return the id that a name stands for: a name is given once."""
    return hashlib.sha256(name.encode()).hexdigest()[:32]


def add_search(client: Elasticsearch, prefix: str, search: SavedSearch) -> None:
    """Save a search; the watch stage sees it at once.

    Raises SavedSearchError for a name that is taken, Retry when the server is away or without its templates.
    """
    with elastic_outages_as_retry():
        require_templates(client, prefix)
        if client.count(index=build_alias(prefix, "saved-searches"), ignore_unavailable=True)["count"] >= MOST:
            raise SavedSearchError(f"there are {MOST} saved searches, and no more are kept; remove some first")
        try:
            client.create(
                index=build_saved_searches_index(prefix),
                id=search.query_id,
                document=msgspec.to_builtins(search, builtin_types=(datetime,)),
                refresh=True,
            )
        except ConflictError as error:
            raise SavedSearchError(
                f"a search is saved as {search.name!r} already; choose another name, "
                f"or take it away first: newswire saved remove {search.name!r}"
            ) from error


def list_searches(client: Elasticsearch, prefix: str) -> list[SavedSearch]:
    """Return all saved searches by name; raises Retry when the server is away."""
    with elastic_outages_as_retry():
        found = client.search(
            index=build_alias(prefix, "saved-searches"),
            ignore_unavailable=True,
            allow_no_indices=True,
            size=MOST,
        )
    return sorted((_read(hit["_source"]) for hit in found["hits"]["hits"]), key=lambda search: search.name)


def find_search(client: Elasticsearch, prefix: str, name: str) -> SavedSearch:
    """Return the search of a name; raises SavedSearchError where there is none."""
    try:
        with elastic_outages_as_retry():
            return _read(client.get(index=build_saved_searches_index(prefix), id=id_of(name))["_source"])
    except NotFoundError as error:
        raise _absent(name) from error


def remove_search(client: Elasticsearch, prefix: str, name: str) -> None:
    """Forget a search; raises SavedSearchError where there is none."""
    try:
        with elastic_outages_as_retry():
            client.delete(index=build_saved_searches_index(prefix), id=id_of(name), refresh=True)
    except NotFoundError as error:
        raise _absent(name) from error


def disable_search(client: Elasticsearch, prefix: str, query_id: str, reason: str) -> None:
    """Note why a search pushes nothing any more; one that has been removed meanwhile stays away."""
    lenient = client.options(ignore_status=404)
    lenient.update(index=build_saved_searches_index(prefix), id=query_id, doc={"disabled_reason": reason}, refresh=True)


def _read(document: Mapping[str, Any]) -> SavedSearch:
    try:
        return msgspec.convert(document, SavedSearch)
    except msgspec.ValidationError as error:
        # Written by other code than this: it shall neither run as something else nor stop the others.
        readable = {key: document[key] for key in ("query_id", "name", "created_at", "pushes")}
        unreadable = {"request": {}, "disabled_reason": f"its request cannot be read: {error}"}
        return msgspec.convert(readable | unreadable, SavedSearch)


def _absent(name: str) -> SavedSearchError:
    return SavedSearchError(f"no search is saved as {name!r}; `newswire saved list` names them all")
