"""Facets: how many of the found articles have each value of a field."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, get_args

from newswire.search.query import FACET_FIELDS, build_date_trust_query, build_query, chosen_values
from newswire.search.request import DATE_SOURCES, SearchRequest
from newswire.search.results import Facet, FacetName, FacetValue

NAMES: Final[tuple[FacetName, ...]] = get_args(FacetName)
MAX_SHOWN: Final = 20
MAX_COUNTED: Final = 1_000  # more than are shown: a chosen value is shown with its count, however rare


def facet_aggregations(request: SearchRequest) -> dict[str, Any]:
    """Return the aggregations of the facets without a choice, which are counted along with the hits."""
    return {name: _counts(name) for name in NAMES if not chosen_values(request, name)}


def facet_searches(request: SearchRequest) -> list[dict[str, Any]]:
    """Return a search for each facet with a choice; it counts the values as if nothing were chosen in that facet."""
    return [
        {"size": 0, "query": build_query(request, without=name).to_dict(), "aggs": {name: _counts(name)}}
        for name in NAMES
        if chosen_values(request, name)
    ]


def read_facets(request: SearchRequest, answers: Sequence[Mapping[str, Any]]) -> tuple[Facet, ...]:
    """Return the facets from the answers to these aggregations and searches."""
    found = {name: counted for answer in answers for name, counted in answer.get("aggregations", {}).items()}
    return tuple(Facet(name, _values(found[name], chosen_values(request, name))) for name in NAMES if name in found)


def _counts(name: FacetName) -> dict[str, Any]:
    if name == "date_trust":
        return {"filters": {"filters": {trust: build_date_trust_query(trust).to_dict() for trust in DATE_SOURCES}}}
    return {"terms": {"field": FACET_FIELDS[name][0], "size": MAX_COUNTED}}


def _values(counted: Mapping[str, Any], chosen: tuple[str, ...]) -> tuple[FacetValue, ...]:
    buckets = counted["buckets"]
    pairs = (
        [(name, one["doc_count"]) for name, one in buckets.items()]
        if isinstance(buckets, dict)
        else [(one["key"], one["doc_count"]) for one in buckets]
    )
    wanted = {value.casefold(): value for value in chosen}
    values = [FacetValue(str(value), count, str(value).casefold() in wanted) for value, count in pairs if count]
    shown = [value for place, value in enumerate(values) if place < MAX_SHOWN or value.chosen]
    missing = wanted.keys() - {value.value.casefold() for value in shown}
    return (*shown, *(FacetValue(wanted[name], 0, chosen=True) for name in sorted(missing)))
