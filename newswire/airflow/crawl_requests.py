"""Wishes to crawl a source now: from the form, the REST API, or messages in `crawl-requests`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from typing import Any, TypedDict

import msgspec
import structlog
from airflow.providers.apache.kafka.triggers.shared_stream import KafkaSharedStreamTrigger
from airflow.triggers.base import TriggerEvent
from airflow.triggers.shared_stream import reject_shared_stream_event

from newswire.errors import ConfigError
from newswire.settings import Settings
from schemas.messages import CrawlRequest
from schemas.topics import CRAWL_REQUESTS

log = structlog.get_logger(__name__)

CONNECTION = "kafka_crawl_requests"


class RequestedCrawl(TypedDict):
    """What one mapped crawl task gets."""

    source: str
    limit: int
    fresh: bool


class CrawlRequestTrigger(KafkaSharedStreamTrigger):
    """Wakes `crawl_source` for every message that keeps the contract.

    The others are refused here and logged: one that is no UTF-8 would otherwise fail the trigger for ever. They stay
    in the topic for its retention. A request's offset is committed only after Airflow has stored its event.
    """

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Name this class, so that the triggerer builds it and not its base."""
        _, arguments = super().serialize()
        return f"{type(self).__module__}.{type(self).__qualname__}", arguments

    async def filter_shared_stream(self, shared_stream: AsyncIterator[Any]) -> AsyncIterator[TriggerEvent]:
        """Yield an event for each good message."""
        async for value in shared_stream:
            try:
                request = CRAWL_REQUESTS.decode(value or b"")
            except (msgspec.MsgspecError, UnicodeDecodeError) as error:
                log.warning("airflow.request_refused", topics=self.topics, reason=str(error), value=str(value)[:500])
                reject_shared_stream_event()
            else:
                yield TriggerEvent(CRAWL_REQUESTS.encode(request).decode())


def request_trigger(settings: Settings) -> CrawlRequestTrigger:
    """Return the trigger on this pipeline's `crawl-requests`."""
    return CrawlRequestTrigger(topics=[settings.topic_prefix + CRAWL_REQUESTS.name], kafka_config_id=CONNECTION)


def read_payloads(triggering: Sequence[Any], stored: Any) -> list[str]:
    """Return the messages that this run answers, as JSON, each once; none when no message woke it.

    Airflow 3.3.2 forgets to wake a DAG for an event that is stored before the run for the event before it is made: its
    queue row is inserted with ON CONFLICT DO NOTHING, and the scheduler deletes the row of the earlier event. So a run
    takes all events since its first one, not only those that Airflow names. Some may be answered twice: that costs a
    conditional request.
    """
    if not triggering:
        return []
    later = stored.after(min(event.timestamp for event in triggering).isoformat())
    return list(dict.fromkeys(event.extra["payload"] for event in (*triggering, *later)))


def read_requests(params: Mapping[str, Any], payloads: Iterable[str]) -> list[RequestedCrawl]:
    """Return one wish for each source: of all messages, or of the form when there are none.

    Raises:
        ConfigError: the form names no source.
    """
    requests = [CRAWL_REQUESTS.decode(payload.encode()) for payload in payloads]
    wishes: dict[str, RequestedCrawl] = {}
    for source, limit, fresh in _asked(requests) or _filled_in(params):
        wish = wishes.setdefault(source, RequestedCrawl(source=source, limit=limit, fresh=fresh))
        wish["limit"] = max(limit, wish["limit"])
        wish["fresh"] = fresh or wish["fresh"]
    if not wishes:
        raise ConfigError("no source chosen: pick at least one under `sources`")
    return [wishes[source] for source in sorted(wishes)]


def _asked(requests: Iterable[CrawlRequest]) -> list[tuple[str, int, bool]]:
    return [(request.source, request.limit, request.fresh) for request in requests]


def _filled_in(params: Mapping[str, Any]) -> list[tuple[str, int, bool]]:
    return [(source, params["limit"], params["fresh"]) for source in params["sources"]]
