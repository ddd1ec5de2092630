"""Send the outcome of every attempt to fetch a page or list to Kafka; the crawl itself never depends on it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import structlog

from newswire.crawl.http_client import SiteResponse
from newswire.crawl.list_reader import ListKind
from newswire.errors import NewswireError
from newswire.kafka.publisher import Publisher
from newswire.sources.catalogue import Source
from newswire.stage import Out
from newswire.text.urls import host_of
from schemas.messages import FetchKind, FetchOutcome, Outcome
from schemas.topics import FETCH_OUTCOMES

FLUSH_SECONDS: Final = 10.0

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class AttemptResult:
    """How an attempt ended: with a response, or with a reason and, where the site sent one, a status.

    `new_urls` is the number of addresses that a list named for the first time.
    """

    outcome: Outcome
    response: SiteResponse | None = None
    reason: str | None = None
    status: int | None = None
    new_urls: int | None = None


def build_outcome(source: Source, url: str, kind: ListKind | FetchKind, result: AttemptResult) -> FetchOutcome:
    """Return the message of an attempt that has just ended."""
    response = result.response
    return FetchOutcome(
        source=source.id,
        outlet=source.title,
        host=host_of(url),
        kind="front-page" if kind == "front page" else kind,
        url=url,
        at=dt.datetime.now(dt.UTC),
        outcome=result.outcome,
        reason=result.reason,
        status=response.status if response else result.status,
        bytes=len(response.body) if response else None,
        seconds=round(response.seconds, 3) if response else None,
        new_urls=result.new_urls,
    )


def send_outcomes(publisher: Publisher, outcomes: Sequence[FetchOutcome]) -> None:
    """Send the outcomes of a visit; those that Kafka does not accept now are dropped and counted in the log."""
    if not outcomes:
        return
    try:
        for outcome in outcomes:
            publisher.send(Out(FETCH_OUTCOMES, outcome))
        publisher.flush(FLUSH_SECONDS)
    except NewswireError as error:
        publisher.abandon()
        log.warning("crawl.outcomes_not_told", count=len(outcomes), reason=str(error))
