"""Requests to crawl a source now: from the form, the REST API, or messages in `crawl-requests`."""

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
    """The argument of one mapped crawl task."""

    source: str
    limit: int
    fresh: bool


class CrawlRequestTrigger(KafkaSharedStreamTrigger):
    """Starts `crawl_source` for every message that matches the contract.

    Other messages are rejected and logged here: one that is not UTF-8 would otherwise make the trigger fail again and
    again. They stay in the topic for its retention. An offset is committed only after Airflow has stored the event.
    """

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return this class's path and arguments, so that the triggerer builds it and not its base class."""
        _, arguments = super().serialize()
        return f"{type(self).__module__}.{type(self).__qualname__}", arguments

    async def filter_shared_stream(self, shared_stream: AsyncIterator[Any]) -> AsyncIterator[TriggerEvent]:
        """Yield an event for each valid message."""
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
    """Return the messages that this run handles, as JSON, each once; none if no message started it.

    Airflow 3.3.2 may not start a DAG for an event that is stored before the run for the previous event is created: its
    queue row is inserted with ON CONFLICT DO NOTHING, and the scheduler deletes the row of the earlier event. So a run
    handles all events since its first one, not only those that Airflow names. A message handled twice costs one
    conditional request.
    """
    if not triggering:
        return []
    later = stored.after(min(event.timestamp for event in triggering).isoformat())
    return list(dict.fromkeys(event.extra["payload"] for event in (*triggering, *later)))


def merge_requests(params: Mapping[str, Any], payloads: Iterable[str]) -> list[RequestedCrawl]:
    """Return one requested crawl for each source: from all messages, or from the form if there are none.

    Requests for the same source become one, with the higher limit, and fresh if one of them is.

    Raises:
        ConfigError: the form names no source.
    """
    requests = [CRAWL_REQUESTS.decode(payload.encode()) for payload in payloads]
    merged: dict[str, RequestedCrawl] = {}
    for source, limit, fresh in _from_messages(requests) or _from_form(params):
        crawl = merged.setdefault(source, RequestedCrawl(source=source, limit=limit, fresh=fresh))
        crawl["limit"] = max(limit, crawl["limit"])
        crawl["fresh"] = fresh or crawl["fresh"]
    if not merged:
        raise ConfigError("no source chosen: choose at least one under `sources`")
    return [merged[source] for source in sorted(merged)]


def _from_messages(requests: Iterable[CrawlRequest]) -> list[tuple[str, int, bool]]:
    return [(request.source, request.limit, request.fresh) for request in requests]


def _from_form(params: Mapping[str, Any]) -> list[tuple[str, int, bool]]:
    return [(source, params["limit"], params["fresh"]) for source in params["sources"]]
