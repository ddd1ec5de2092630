"""The articles that are taken down, as the topic `takedowns` has them; stages read all of it before they decide."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime

import msgspec
import structlog

from newswire.kafka.clients import outages_as_retry
from newswire.kafka.protocols import Consumer, Raw
from newswire.kafka.reader import opened, read_up_to
from newswire.settings import Settings
from newswire.stage import TakenDownIds
from schemas.messages import Takedown
from schemas.topics import TAKEDOWNS

log = structlog.get_logger()


class TakedownList:
    """The newest record of each article; `refresh` takes in what has been written since."""

    def __init__(self, consumer: Consumer, records: Iterable[Raw] = ()) -> None:
        self._consumer = consumer
        self._newest: dict[str, Takedown] = {}
        self.ids = TakenDownIds()
        self._enter(records)

    @property
    def known(self) -> frozenset[str]:
        """Return the ids of all articles that were ever taken down, those of undone takedowns too."""
        return frozenset(self._newest)

    def in_force(self) -> list[Takedown]:
        """Return the takedowns that are not undone."""
        return [takedown for takedown in self._newest.values() if not takedown.is_undone]

    def since(self) -> Mapping[str, datetime]:
        """Return since when each article is taken down."""
        return {takedown.article_id: takedown.at for takedown in self.in_force()}

    def refresh(self) -> frozenset[str]:
        """Return the articles of which there are new records. Raises Retry if Kafka is away and says so."""
        with outages_as_retry("reading takedowns"):
            polled = self._consumer.poll(0)
        return self._enter(raw for records in polled.values() for raw in records)

    def _enter(self, records: Iterable[Raw]) -> frozenset[str]:
        found = {takedown.article_id: takedown for takedown in filter(None, map(_decode, records))}
        if found:
            self._newest |= found
            active = self.in_force()
            self.ids = TakenDownIds(
                frozenset(takedown.article_id for takedown in active),
                frozenset(url_id for takedown in active for url_id in (takedown.url_id, *takedown.url_ids)),
            )
        return frozenset(found)


@contextmanager
def open_takedown_list(settings: Settings) -> Iterator[TakedownList]:
    """Read the topic to its end and yield the list.

    Raises Retry while Kafka is away, ConfigError if it has no such topic.
    """
    with opened(settings, TAKEDOWNS.name) as (consumer, partitions):
        with outages_as_retry("reading takedowns"):
            records = [*read_up_to(consumer, consumer.end_offsets(partitions))]
        yield TakedownList(consumer, records)


def _decode(raw: Raw) -> Takedown | None:
    """Return a record's takedown; one that cannot be read is logged, as no stage may stop for it."""
    try:
        return TAKEDOWNS.decode(raw.value or b"")
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        log.exception("takedowns.record_unreadable", partition=raw.partition, offset=raw.offset, error=str(error))
        return None
