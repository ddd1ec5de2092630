"""Tells Kafka how every attempt to get a page or a list ended, for the record; the crawl itself never depends on it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Final

import structlog

from newswire.crawl.http_client import SiteResponse
from newswire.crawl.list_reader import Kind
from newswire.errors import NewswireError
from newswire.kafka.publisher import Publisher
from newswire.sources.catalogue import Source
from newswire.stage import Out
from newswire.text.urls import host_of
from schemas.messages import FetchKind, FetchOutcome, Outcome
from schemas.topics import FETCH_OUTCOMES

FLUSH_SECONDS: Final = 10.0

log = structlog.get_logger()


def build_outcome(
    source: Source,
    url: str,
    kind: Kind | FetchKind,
    outcome: Outcome,
    *,
    answer: SiteResponse | None = None,
    reason: str | None = None,
    status: int | None = None,
) -> FetchOutcome:
    """Return the message of an attempt that has just ended."""
    return FetchOutcome(
        source=source.id,
        outlet=source.title,
        host=host_of(url),
        kind="front-page" if kind == "front page" else kind,
        url=url,
        at=dt.datetime.now(dt.UTC),
        outcome=outcome,
        reason=reason,
        status=answer.status if answer else status,
        bytes=len(answer.body) if answer else None,
        seconds=round(answer.seconds, 3) if answer else None,
    )


def send_outcomes(publisher: Publisher, outcomes: Sequence[FetchOutcome]) -> None:
    """Send the outcomes of a visit; what Kafka does not take now is left out, and said so in the log."""
    if not outcomes:
        return
    try:
        for outcome in outcomes:
            publisher.send(Out(FETCH_OUTCOMES, outcome))
        publisher.flush(FLUSH_SECONDS)
    except NewswireError as error:
        publisher.abandon()
        log.warning("crawl.outcomes_not_told", count=len(outcomes), reason=str(error))
