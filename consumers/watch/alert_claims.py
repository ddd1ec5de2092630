"""Builds alerts from matches, and claims each in Elasticsearch for one record, so that it is sent once."""

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
    """An article version that is searchable, and the position of the first record in the batch that announces it."""

    position: str
    article: IndexedArticle


class AlertClaim(NamedTuple):
    """An alert, the position of the record that claims it, and the index where the claim is stored."""

    alert: Alert
    position: str
    stored_in: str


def build_claim(prefix: str, match: SavedSearchMatch, announcement: Announcement, now: datetime) -> AlertClaim:
    """Return the claim of a match's alert; the alert's id is a hash of search, article and version."""
    search, version = match
    identity = "|".join([search.query_id, version.article_id, str(version.version)])
    alert = Alert(
        alert_id=hashlib.sha256(identity.encode()).hexdigest()[:32],
        query_id=search.query_id,
        query_name=search.name,
        matched_at=now,
        **msgspec.structs.asdict(version),
    )
    index = build_index_name(prefix, announcement.article.first_seen_at, "alerts")
    return AlertClaim(alert, announcement.position, index)


def position_of(record: Record[Any]) -> str:
    """Return the partition and offset of a record."""
    return f"{record.partition}:{record.offset}"


def claim_alerts(client: Elasticsearch, claims: Mapping[str, AlertClaim]) -> Iterator[tuple[str, Alert]]:
    """Claim the alerts that are still unclaimed; yield every alert with the position of the record that owns it.

    Claims are created and then read back: of several attempts one wins, and a redelivered record finds its own claim.
    Raises Retry when the server cannot store the claims now, RuntimeError when it refuses them.
    """
    writes = [Write("create", claim.stored_in, alert_id, _stored_claim(claim)) for alert_id, claim in claims.items()]
    if refused := write_all(client, writes):
        raise RuntimeError(f"Elasticsearch refuses the claims of alerts: {refused}")
    for alert_id, stored in read_all(client, {alert_id: claim.stored_in for alert_id, claim in claims.items()}).items():
        matched_at = msgspec.convert(stored["matched_at"], datetime)
        yield stored["origin"], msgspec.structs.replace(claims[alert_id].alert, matched_at=matched_at)


def _stored_claim(claim: AlertClaim) -> dict[str, Any]:
    # Nothing of the article's text: a takedown leaves no trace of it here.
    names = ("alert_id", "query_id", "article_id", "version", "matched_at")
    return {"origin": claim.position} | {name: getattr(claim.alert, name) for name in names}
