"""Send a batch's answers: messages to the topics that the stage writes, rejected records to its dead letters."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from kafka import TopicPartition

from newswire.clock import Clock
from newswire.errors import Retry
from newswire.kafka.dead_letters import build_dead_letter
from newswire.kafka.protocols import Raw
from newswire.kafka.publisher import Publisher, RecordTooLargeError
from newswire.runtime.decoded_batch import Item
from newswire.runtime.isolation import describe_crash
from newswire.stage import AnyStage, Out, Reject, Sink
from schemas.envelope import child_traceparent, read_headers
from schemas.topics import dead_letters_of

ACK_SECONDS = 5.0  # how long one wait lasts; between two waits the consumer polls, so that the group keeps it


class Outbox:
    """What a stage may write, and how it gets there."""

    def __init__(self, stage: AnyStage, publisher: Publisher, clock: Clock) -> None:
        self._stage = stage.name
        self._writes = set() if isinstance(stage, Sink) else {topic.name for topic in stage.writes}
        self._dead_letters = dead_letters_of(stage.name)
        self._publisher = publisher
        self._clock = clock

    def deliver(self, items: Sequence[Item], ours: Collection[TopicPartition]) -> None:
        """Send all and wait for every acknowledgement; raises Retry.

        Called again, it goes on waiting for what is merely late and sends only what has failed.
        """
        if not self._publisher.pending:
            try:
                for item in items:
                    if item.partition in ours and not item.is_replay:
                        self._send(item)
            except Retry:
                self._publisher.abandon()
                raise
        self._publisher.flush(ACK_SECONDS)

    def announce(self, outs: Sequence[Out[Any]]) -> None:
        """Send what belongs to no record and wait for every acknowledgement. Raises Retry; all is sent again then."""
        self._check_topics(outs)
        try:
            for out in outs:
                self._publisher.send(out)
            self._publisher.flush(ACK_SECONDS)
        except Retry:
            self._publisher.abandon()
            raise

    @property
    def pending_bytes(self) -> int:
        """How much is sent and not acknowledged."""
        return self._publisher.pending_bytes

    def abandon(self) -> None:
        """Stop waiting for a batch that is not ours any more."""
        self._publisher.abandon()

    def _send(self, item: Item) -> None:
        if not isinstance(item.answer, Reject):
            self._check_topics(item.answer)
            try:
                self._announce(item.raw, item.answer)
            except Retry:
                raise
            except RecordTooLargeError as error:
                item.answer = Reject("output-too-large", str(error))
            except Exception as error:  # noqa: BLE001 - what cannot be encoded is this record's fault, not the batch's
                item.answer = describe_crash(item.record or item.raw, error)
        if isinstance(item.answer, Reject):
            letter = build_dead_letter(self._stage, item.topic.name, item.raw, item.answer, self._clock.now())
            self._publisher.send_raw(self._dead_letters, letter.key, letter.value, letter.headers)

    def _announce(self, raw: Raw, outs: Sequence[Out[Any]]) -> None:
        traceparent = child_traceparent(read_headers(raw.headers))
        for out in outs:
            self._publisher.send(out, traceparent=traceparent)

    def _check_topics(self, outs: Sequence[Out[Any]]) -> None:
        for out in outs:
            if out.topic.name not in self._writes:
                raise RuntimeError(f"{self._stage} does not write {out.topic.name}")
