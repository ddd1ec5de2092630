"""Sends searches to Elasticsearch and tells a senseless one from a server that is away."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from elasticsearch import BadRequestError, Elasticsearch

from newswire.elastic.client import build_alias, elastic_outages_as_retry
from newswire.errors import Retry
from newswire.search.request import SearchError, SearchRequest

# Nothing indexed yet is nothing found.
LENIENT: Final = {"ignore_unavailable": True, "allow_no_indices": True}


def indexes_of(prefix: str, request: SearchRequest) -> list[str]:
    """Return the aliases that hold what a request may find: older texts only where the past is asked for."""
    return [build_alias(prefix), *([build_alias(prefix, "revisions")] if request.as_of else [])]


def ask(client: Elasticsearch, indexes: list[str], bodies: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Send several searches at once and return their answers, in order.

    Raises SearchError for one that the server does not understand, Retry when the server is away or busy.
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
