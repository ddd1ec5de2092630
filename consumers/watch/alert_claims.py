"""Makes alerts of matches, and marks in Elasticsearch which record each belongs to, so that no other repeats it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple

import msgspec
from elasticsearch import Elasticsearch

from consumers.watch.saved_search_matches import SavedSearchMatch
from newswire.elastic.bulk import Write, read_all, write_all
from newswire.elastic.client import build_index_name
from newswire.stage import Record
from schemas.messages import Alert, IndexedArticle


class Announcement(NamedTuple):
    """That an article version is searchable, and where the record stands that says so first in its batch."""

    origin: str
    article: IndexedArticle


class AlertClaim(NamedTuple):
    """An alert, the origin that it has if nobody was quicker, and the index that is its mark's home."""

    alert: Alert
    origin: str
    home: str


def build_claim(prefix: str, match: SavedSearchMatch, announced: Announcement, now: datetime) -> AlertClaim:
    """Return the alert of a match; its id is a function of search, article and version."""
    search, version = match
    told = "|".join([search.query_id, version.article_id, str(version.version)])
    alert = Alert(
        alert_id=hashlib.sha256(told.encode()).hexdigest()[:32],
        query_id=search.query_id,
        query_name=search.name,
        matched_at=now,
        **msgspec.structs.asdict(version),
    )
    return AlertClaim(alert, announced.origin, build_index_name(prefix, announced.article.first_seen_at, "alerts"))


def origin_of(record: Record[Any]) -> str:
    """Return where a record stands."""
    return f"{record.partition}:{record.offset}"


def settle(client: Elasticsearch, claims: Mapping[str, AlertClaim]) -> Iterator[tuple[str, Alert]]:
    """Mark what has no mark yet, and yield every alert with the origin of the record that it belongs to.

    Created and then read back: of several who try, one wins, and a redelivered record finds its own mark again.
    Raises Retry when the server does not take the marks now.
    """
    writes = [Write("create", claim.home, alert_id, _mark(claim)) for alert_id, claim in claims.items()]
    if refused := write_all(client, writes):
        raise RuntimeError(f"Elasticsearch refuses the marks of alerts: {refused}")
    for alert_id, mark in read_all(client, {alert_id: claim.home for alert_id, claim in claims.items()}).items():
        matched_at = msgspec.convert(mark["matched_at"], datetime)
        yield mark["origin"], msgspec.structs.replace(claims[alert_id].alert, matched_at=matched_at)


def _mark(claim: AlertClaim) -> dict[str, Any]:
    # No word of the article: taken down, it leaves nothing behind here.
    names = ("alert_id", "query_id", "article_id", "version", "matched_at")
    return {"origin": claim.origin} | {name: getattr(claim.alert, name) for name in names}
