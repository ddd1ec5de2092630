"""Send messages to their topics and wait until the broker has every one; crawl and all stages write through it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from typing import Any

import structlog
from kafka import errors

from newswire.errors import NewswireError, Retry
from newswire.kafka.clients import (
    DEAD_LETTER_RECORD_BYTES,
    DEFAULT_RECORD_BYTES,
    open_producer,
    outages_as_retry,
)
from newswire.kafka.protocols import Acknowledgement, Producer
from newswire.settings import Settings
from newswire.stage import Out
from schemas.envelope import build_headers
from schemas.topics import DeadLetterTopic, Topic

ACK_SECONDS = 60.0
CLOSE_SECONDS = 5.0

log = structlog.get_logger()

Connect = Callable[[str | None], Producer]


class RecordTooLargeError(NewswireError):
    """The record is larger than its topic takes; sending it again cannot help."""


class Publisher:
    """Writes typed messages; nothing counts as sent before `flush` has returned.

    `connect` opens a producer for a compression. One publisher, one thread.
    """

    def __init__(self, connect: Connect, *, source: str, topic_prefix: str, pending_bytes: int) -> None:
        self._connect = connect
        self._source = source
        self._prefix = topic_prefix
        self._limit = pending_bytes
        self._producers: dict[str | None, Producer] = {}
        self._unconfirmed: list[Acknowledgement] = []
        self._in_flight = 0
        self._room = threading.Condition()

    @property
    def pending(self) -> int:
        """How many records are sent and not yet confirmed."""
        return len(self._unconfirmed)

    @property
    def pending_bytes(self) -> int:
        """How much the producer holds."""
        return self._in_flight

    def send(self, out: Out[Any], *, source: str | None = None, traceparent: str | None = None) -> None:
        """Hand one message to the producer; raises Retry, or RecordTooLargeError when it will never fit."""
        headers = build_headers(
            out.topic,
            out.value,
            source=source or self._source,
            time=datetime.now(UTC).isoformat(timespec="milliseconds"),
            traceparent=traceparent,
        )
        headers += [(name, text.encode()) for name, text in out.headers.items()]
        if out.value is None:
            self.send_raw(out.topic, out.key, None, headers)
        else:
            key = out.key or out.topic.key_of(out.value)
            self.send_raw(out.topic, key, out.topic.encode(out.value), headers, out.topic.partition_of(out.value))

    def send_raw(
        self,
        topic: Topic[Any],
        key: bytes | None,
        value: bytes | None,
        headers: list[tuple[str, bytes]],
        partition: int | None = None,
    ) -> None:
        """Hand over a record as it is; dead letters and their way back go this way."""
        size = len(key or b"") + len(value or b"") + sum(len(name) + len(text) for name, text in headers)
        limit = DEAD_LETTER_RECORD_BYTES if isinstance(topic, DeadLetterTopic) else DEFAULT_RECORD_BYTES
        if size > limit:
            raise RecordTooLargeError(f"a record of {size} bytes does not fit {topic.name}, which takes {limit}")
        self._wait_for_room(size)
        with outages_as_retry(f"sending to {topic.name}"):
            sent = self._producer(None if topic.compression == "uncompressed" else "zstd").send(
                self._prefix + topic.name, value=value, key=key, headers=headers, partition=partition
            )
        with self._room:
            self._in_flight += size
        sent.add_both(partial(self._release, size))
        self._unconfirmed.append(sent)

    def flush(self, timeout_seconds: float = ACK_SECONDS) -> None:
        """Return when the broker has acknowledged every record since the last flush.

        Raises Retry otherwise. Records that merely were late stay pending: call again to go on waiting.
        Once one has failed nothing is pending any more: all have to be sent again.
        """
        late = False
        for producer in self._producers.values():
            try:
                producer.flush(timeout_seconds)
            except errors.KafkaTimeoutError:
                late = True
        if late and not any(sent.is_done and _failure(sent) for sent in self._unconfirmed):
            raise Retry(f"Kafka has not acknowledged {self.pending} records within {timeout_seconds:g} s")
        checked, self._unconfirmed = self._unconfirmed, []
        # The client's own flush is silent about records that failed.
        for sent in checked:
            if failed := _failure(sent):
                raise Retry(f"Kafka did not take a record: {failed}") from failed

    def abandon(self) -> None:
        """Stop waiting for what is pending; it may or may not arrive."""
        self._unconfirmed = []

    def close(self) -> None:
        """Close all connections; records still pending may be lost."""
        for producer in self._producers.values():
            try:
                producer.close(CLOSE_SECONDS)
            except errors.KafkaTimeoutError:
                log.warning("publisher.closed_with_pending", pending=self.pending)
        self._producers = {}

    def _producer(self, compression: str | None) -> Producer:
        if compression not in self._producers:
            self._producers[compression] = self._connect(compression)
        return self._producers[compression]

    def _wait_for_room(self, size: int) -> None:
        """The client's own buffer has no bound, so the bytes in flight are counted here."""
        with self._room:
            if not self._room.wait_for(
                lambda: self._in_flight + size <= self._limit or not self._in_flight, ACK_SECONDS
            ):
                raise Retry(f"Kafka has taken nothing for {ACK_SECONDS:g} s and {self._in_flight} bytes are waiting")

    def _release(self, size: int, _result: object) -> None:
        with self._room:
            self._in_flight -= size
            self._room.notify()


def _failure(sent: Acknowledgement) -> Exception | None:
    try:
        sent.get(0)
    except errors.KafkaError as error:
        failure: Exception = error
        return failure
    return None


@contextmanager
def open_publisher(settings: Settings, source: str) -> Iterator[Publisher]:
    """Open a publisher for one writer; connections are made with the first record, in the process that sends it."""
    publisher = Publisher(
        lambda compression: open_producer(settings, compression=compression, client=f"newswire-{source}"),
        source=source,
        topic_prefix=settings.topic_prefix,
        pending_bytes=settings.producer_pending_bytes,
    )
    try:
        yield publisher
    finally:
        publisher.close()
