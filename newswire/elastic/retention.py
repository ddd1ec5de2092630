"""Retention: deletes monthly indexes that are too old and packs those that are over; a DAG calls it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import structlog
from elasticsearch import Elasticsearch

from newswire.elastic.client import (
    MONTHLY,
    IndexName,
    MonthlyKind,
    build_alias,
    elastic_outages_as_retry,
    open_elasticsearch,
    parse_index_name,
)
from newswire.settings import Settings

PACK_AFTER: Final = timedelta(days=10)  # after a month's end: by then, its pages have been visited again

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Month:
    """A monthly index: its name, whether it was packed, and whether the server's ILM manages it."""

    index: str
    name: IndexName
    is_packed: bool
    is_managed: bool


def apply_retention(settings: Settings, now: datetime | None = None) -> dict[str, list[str]]:
    """Delete and pack what is due; return the names of the indexes deleted and of those being packed.

    An index with a lifecycle policy is left to the server. Repeating it changes nothing. Raises Retry.
    """
    moment = now or datetime.now(UTC)
    with open_elasticsearch(settings) as client, elastic_outages_as_retry():
        months = list(_months(client, settings.index_prefix))
        deleted = [month for month in months if _is_over(month, settings, moment)]
        packed = [month for month in months if month not in deleted and _is_to_pack(month, moment)]
        for month in deleted:
            client.options(ignore_status=404).indices.delete(index=month.index)
            log.info("retention.index_deleted", index=month.index)
        for month in packed:
            _pack(client, month, moment)
    return {"deleted": [month.index for month in deleted], "packed": [month.index for month in packed]}


def months_kept(settings: Settings, kind: MonthlyKind) -> int:
    """Return for how many months after its own an index stays; 0 means indefinitely."""
    return {
        "articles": settings.retention_months_articles,
        "revisions": settings.retention_months_articles,
        "fetches": settings.retention_months_fetches,
        "dead-letters": settings.retention_months_dead_letters,
        "alerts": settings.retention_months_alerts,
    }[kind]


def _months(client: Elasticsearch, prefix: str) -> Iterator[Month]:
    patterns = [f"{build_alias(prefix, kind)}-*" for kind in MONTHLY]
    found = client.indices.get(index=patterns, ignore_unavailable=True, allow_no_indices=True)
    for index, details in sorted(found.items()):
        try:
            name = parse_index_name(index)
        except ValueError:
            continue  # not one of ours
        if name.prefix == prefix:
            meta: dict[str, Any] = details["mappings"].get("_meta", {})
            settings: dict[str, Any] = details["settings"]["index"]
            yield Month(index, name, is_packed="packed_at" in meta, is_managed="lifecycle" in settings)


def _is_over(month: Month, settings: Settings, now: datetime) -> bool:
    kept = months_kept(settings, month.name.kind)
    return not month.is_managed and 0 < kept < _months_since(month, now)


def _is_to_pack(month: Month, now: datetime) -> bool:
    # A month was over ten days ago if, ten days ago, it was over.
    return not month.is_managed and not month.is_packed and _months_since(month, now - PACK_AFTER) > 0


def _months_since(month: Month, now: datetime) -> int:
    began = month.name.month
    return (now.year - began.year) * 12 + now.month - began.month


def _pack(client: Elasticsearch, month: Month, now: datetime) -> None:
    """Start merging an index into one segment, which is searched fastest; the server continues on its own.

    The mark in `_meta` keeps a late correction from starting it again.
    """
    client.indices.put_mapping(index=month.index, meta={"packed_at": now.isoformat()})
    task = client.indices.forcemerge(index=month.index, max_num_segments=1, wait_for_completion=False)
    log.info("retention.index_packed", index=month.index, task=task["task"])
