"""Counts how many articles a search would leave with each value of a facet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, get_args

from newswire.search.query import FACET_FIELDS, build_query, chosen_in, trusted
from newswire.search.request import DATE_SOURCES, SearchRequest
from newswire.search.results import Facet, FacetName, FacetValue

NAMES: Final[tuple[FacetName, ...]] = get_args(FacetName)
SHOWN: Final = 20
COUNTED: Final = 1_000  # a chosen value is shown with its count though others are more frequent


def aggregations(request: SearchRequest) -> dict[str, Any]:
    """Return the counts to ask for beside the hits: of the facets in which nothing is chosen."""
    return {name: _counts(name) for name in NAMES if not chosen_in(request, name)}


def own_searches(request: SearchRequest) -> list[dict[str, Any]]:
    """Return a search for each facet in which something is chosen: it counts as if nothing were."""
    return [
        {"size": 0, "query": build_query(request, without=name).to_dict(), "aggs": {name: _counts(name)}}
        for name in NAMES
        if chosen_in(request, name)
    ]


def read_facets(request: SearchRequest, answers: Sequence[Mapping[str, Any]]) -> tuple[Facet, ...]:
    """Return the facets out of the answers to these aggregations and searches."""
    found = {name: counted for answer in answers for name, counted in answer.get("aggregations", {}).items()}
    return tuple(Facet(name, _values(found[name], chosen_in(request, name))) for name in NAMES if name in found)


def _counts(name: FacetName) -> dict[str, Any]:
    if name == "date_trust":
        return {"filters": {"filters": {trust: trusted(trust).to_dict() for trust in DATE_SOURCES}}}
    return {"terms": {"field": FACET_FIELDS[name][0], "size": COUNTED}}


def _values(counted: Mapping[str, Any], chosen: tuple[str, ...]) -> tuple[FacetValue, ...]:
    buckets = counted["buckets"]
    pairs = (
        [(name, one["doc_count"]) for name, one in buckets.items()]
        if isinstance(buckets, dict)
        else [(one["key"], one["doc_count"]) for one in buckets]
    )
    wanted = {value.casefold(): value for value in chosen}
    values = [FacetValue(str(value), count, str(value).casefold() in wanted) for value, count in pairs if count]
    shown = [value for place, value in enumerate(values) if place < SHOWN or value.chosen]
    missing = wanted.keys() - {value.value.casefold() for value in shown}
    return (*shown, *(FacetValue(wanted[name], 0, chosen=True) for name in sorted(missing)))
