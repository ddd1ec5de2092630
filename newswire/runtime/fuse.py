"""Stop a stage that would empty its topic into dead letters because something of ours is broken."""

from __future__ import annotations

from collections.abc import Iterable

from newswire.errors import PoisonError
from newswire.runtime.decoded_batch import Item
from schemas.envelope import read_headers

SPREAD = 3  # sources: fewer may be broken by themselves, and must not stop the others


class Fuse:
    """Counts bad records in a row, over batches, by who is to blame.

    It blows where the run comes from several sources or from a writer of ours: then the fault is in our own code or
    deployment, and stopping loses nothing. Records of one or two sources, of unknown writers, and what web sites
    cause are dead-lettered without limit.
    """

    def __init__(self, stage: str, limit: int) -> None:
        self._stage = stage
        self._limit = limit
        self._sources: list[str] = []
        self._own_writers = 0

    def check(self, items: Iterable[Item]) -> None:
        """Raise PoisonError at the limit; before anything of the batch is sent, so the next start sees it again."""
        for item in items:
            if item.is_replay:
                continue
            if item.trips_fuse:
                self._count(item)
            elif item.outcome != "poison":  # the stage works
                self._sources, self._own_writers = [], 0

    def _count(self, item: Item) -> None:
        source = getattr(item.record and item.record.value, "source", None)
        if source is not None:
            self._sources.append(source)
        elif _is_our_writer(item):
            self._own_writers += 1
        is_spread = len(set(self._sources)) >= SPREAD
        count = self._own_writers + (len(self._sources) if is_spread else 0)
        if count >= self._limit:
            where = f"{item.raw.topic} {item.raw.partition}:{item.raw.offset}"
            raise PoisonError(
                f"{self._stage}: {count} bad records in a row of several sources or of our own writers, the last at "
                f"{where}: {item.answer}. Nothing is lost: fix their writer or this stage and start it again. "
                f"`newswire dlq skip {self._stage}` passes over single records; "
                "NEWSWIRE_MAX_CONSECUTIVE_POISON moves the limit"
            )


def _is_our_writer(item: Item) -> bool:
    writer = read_headers(item.raw.headers).get("ce_source", "")
    return writer.removeprefix("newswire/") in item.topic.written_by
