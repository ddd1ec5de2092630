"""Sends searches to Elasticsearch, and distinguishes invalid searches from outages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from elasticsearch import BadRequestError, Elasticsearch

from newswire.elastic.client import elastic_outages_as_retry
from newswire.errors import Retry
from newswire.search.request import SearchError

# Before anything is indexed, a search finds nothing instead of failing.
LENIENT: Final = {"ignore_unavailable": True, "allow_no_indices": True}


def run_searches(
    client: Elasticsearch, indexes: list[str], bodies: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Send several searches in one request and return their answers, in order.

    Raises SearchError for a search that the server does not understand, Retry when the server is unavailable or busy.
    """
    header = {"index": indexes, **LENIENT}
    try:
        with elastic_outages_as_retry():
            answers = client.msearch(searches=[part for body in bodies for part in (header, body)])["responses"]
    except BadRequestError as error:
        raise _refusal(error.info["error"]) from error
    for answer in answers:
        if "error" in answer:
            raise _failure(answer)
    return list(answers)


def _failure(answer: Mapping[str, Any]) -> Exception:
    if answer["status"] == 429 or answer["status"] >= 500:
        return Retry(f"Elasticsearch cannot search now: {answer['status']} {answer['error'].get('reason')}")
    return _refusal(answer["error"])


def _refusal(error: Mapping[str, Any]) -> SearchError:
    cause = next(iter(error.get("root_cause") or ()), error)
    return SearchError(f"Elasticsearch does not understand the search: {cause.get('reason')}")
