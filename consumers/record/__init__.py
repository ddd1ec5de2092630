"""Index what is not an article: stories, fetch outcomes and dead letters, each in its own index."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from newswire.settings import Settings
from newswire.stage import Handler, Sink
from schemas.topics import FETCH_OUTCOMES, STORIES, TAKEDOWNS, dead_letters_for


@contextmanager
def open_record(settings: Settings) -> Iterator[Handler[Any]]:
    """Yield the handler, with its Elasticsearch client open."""
    from consumers.record.recorder import Recorder
    from newswire.clock import SystemClock
    from newswire.elastic.client import open_elasticsearch
    from newswire.takedowns.taken_down import restore_entries

    with open_elasticsearch(settings) as client:
        yield Recorder(client, settings.index_prefix, SystemClock(), partial(restore_entries, settings, client))


STAGE = Sink(
    "record", reads=(STORIES, FETCH_OUTCOMES, *dead_letters_for("record")), open=open_record, consults=(TAKEDOWNS,)
)
