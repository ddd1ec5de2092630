"""Sends a batch's answers: messages to the topics that the stage writes, refused records to its dead letters."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from kafka import TopicPartition

from newswire.clock import Clock
from newswire.errors import Retry
from newswire.kafka.dead_letters import dead_letter_headers
from newswire.kafka.publisher import Publisher, RecordTooLargeError
from newswire.runtime.decoded_batch import Item
from newswire.stage import AnyStage, Reject, Sink
from schemas.envelope import child_traceparent, read_headers
from schemas.topics import dead_letters_of

ACK_SECONDS = 5.0  # how long to wait in one go; between two goes the group hears of us


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

    @property
    def pending_bytes(self) -> int:
        """How much is sent and not acknowledged."""
        return self._publisher.pending_bytes

    def abandon(self) -> None:
        """Stop waiting for a batch that is not ours any more."""
        self._publisher.abandon()

    def _send(self, item: Item) -> None:
        try:
            self._announce(item)
        except RecordTooLargeError as error:
            item.answer = Reject("output-too-large", str(error))
        if isinstance(item.answer, Reject):
            headers = dead_letter_headers(self._stage, item.topic.name, item.raw, item.answer, self._clock.now())
            self._publisher.send_raw(self._dead_letters, item.raw.key, item.raw.value, headers)

    def _announce(self, item: Item) -> None:
        if isinstance(item.answer, Reject):
            return
        traceparent = child_traceparent(read_headers(item.raw.headers))
        for out in item.answer:
            if out.topic.name not in self._writes:
                raise RuntimeError(f"{self._stage} does not write {out.topic.name}")
            self._publisher.send(out, traceparent=traceparent)
