"""Writes stories, fetch outcomes and dead letters into their indexes; writing a record again changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Final

from elasticsearch import Elasticsearch

from consumers.record.documents import dead_letter_document, dead_letter_id, fetch_document, story_document
from newswire.clock import Clock
from newswire.elastic.bulk import Write, write_all
from newswire.elastic.client import build_index_name, build_stories_index, elastic_outages_as_retry
from newswire.elastic.templates import TemplateGate
from newswire.stage import Answer, Record, Reject
from newswire.takedowns.stories import without_taken_down
from schemas.messages import FetchOutcome, StoryChanged
from schemas.topics import FETCH_OUTCOMES, STORIES

_NOTHING: Final = ()


class Recorder:
    """The handler of the record stage."""

    def __init__(
        self, client: Elasticsearch, prefix: str, clock: Clock, prepare: Callable[[], object] | None = None
    ) -> None:
        self._client = client
        self._prefix = prefix
        self._clock = clock
        self._templates = TemplateGate(client, prefix, prepare)

    def __call__(self, records: Sequence[Record[Any]], /) -> Sequence[Answer]:
        """Write a batch. Raises Retry when the server is unavailable, busy or without its templates."""
        with elastic_outages_as_retry():
            self._templates.require()
            writes = self._leave_out_taken_down([self._build_write(record) for record in records])
            refused = write_all(self._client, [write for write in writes if write])
        return [_answer(refused.get(write.id) if write else None) for write in writes]

    def _leave_out_taken_down(self, writes: Sequence[Write | None]) -> list[Write | None]:
        """Return the writes, those of stories without the members that are taken down."""
        index = build_stories_index(self._prefix)
        stories = {
            place: write.document
            for place, write in enumerate(writes)
            if write and write.index == index and write.document is not None
        }
        documents = without_taken_down(self._client, self._prefix, [*stories.values()])
        changed = dict(zip(stories, documents, strict=True))
        return [
            replace(write, document=changed[place]) if write and place in changed else write
            for place, write in enumerate(writes)
        ]

    def _build_write(self, record: Record[Any]) -> Write | None:
        if record.topic == STORIES.name:
            return self._build_story_write(record)
        if isinstance(record.value, FetchOutcome):
            index = build_index_name(self._prefix, record.value.at, "fetches")
            return Write("create", index, FETCH_OUTCOMES.id_of(record.value), fetch_document(record.value))
        document = dead_letter_document(record)
        if document is None:
            return None
        index = build_index_name(self._prefix, document["at"], "dead-letters")
        return Write("create", index, dead_letter_id(document), document)

    def _build_story_write(self, record: Record[StoryChanged]) -> Write | None:
        index = build_stories_index(self._prefix)
        if record.value is None:
            return Write("delete", index, record.key.decode("ascii", "replace")) if record.key else None
        document = story_document(record.value, self._clock.now())
        # The same revision comes again, changed, when a member is taken down.
        return Write("index", index, record.value.story_id, document, record.value.revision, overwrites_equal=True)


def _answer(refused: Reject | None) -> Answer:
    return refused or _NOTHING
