"""Malformed records of every kind, sent to every topic that a stage reads, and a note of each for the auditor."""

from __future__ import annotations

from typing import Any, Final

from kafka import KafkaProducer

from benchmarks.chaos.product import Product
from newswire.errors import Retry
from newswire.kafka.clients import connection_options
from newswire.testing.malformed import Malformed, make_malformed
from schemas.topics import TOPICS, Topic, stage_names

SEND_SECONDS: Final = 120


class Poison:
    """Sends all kinds to all topics, shuffled so that sound records are among them; `sent` is for the auditor."""

    def __init__(self, product: Product) -> None:
        self._product = product
        self._kinds = [(topic, one) for topic in TOPICS if _readers(topic) for one in make_malformed(topic)]
        self._left: list[tuple[Topic[Any], Malformed]] = []
        self.sent: list[dict[str, Any]] = []

    def send(self, count: int) -> None:
        """Send the next `count` records; what the brokers do not acknowledge is not noted, and may be there."""
        batch = []
        while len(batch) < count:
            if not self._left:
                self._left = self._product.random.sample(self._kinds, len(self._kinds))
            batch.append(self._left.pop())
        settings = self._product.settings
        try:
            options = connection_options(settings, "chaos")
        except Retry:
            return
        producer = KafkaProducer(**options, compression_type="zstd", max_request_size=8 << 20, acks="all", retries=0)
        try:
            futures = [
                (topic, one, producer.send(settings.topic_prefix + topic.name, one.value, one.key, [*one.headers]))
                for topic, one in batch
            ]
            producer.flush(SEND_SECONDS)
        finally:
            producer.close(5)
        for topic, one, future in futures:
            if future.succeeded():
                self._note(topic, one, future.value)

    def _note(self, topic: Topic[Any], one: Malformed, place: Any) -> None:
        note = {"topic": topic.name, "partition": place.partition, "offset": place.offset, "kind": one.kind}
        self.sent.append(note | {"stages": _readers(topic), "reasons": sorted(one.reasons)})


def _readers(topic: Topic[Any]) -> list[str]:
    return sorted(set(topic.read_by) & set(stage_names()))
