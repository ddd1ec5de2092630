"""Record in the crawl state how far each URL has come, from the announcements and dead letters of the other stages."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from newswire.settings import Settings
from newswire.stage import Handler, Sink
from schemas.topics import DEDUPLICATED_ARTICLES, INDEXED_ARTICLES, dead_letters_for


@contextmanager
def open_ledger(settings: Settings) -> Iterator[Handler[Any]]:
    """Connect to the crawl state with the first batch."""
    from consumers.ledger.writer import open_writer

    with open_writer(settings) as enter:
        yield enter


STAGE = Sink(
    "ledger",
    reads=(DEDUPLICATED_ARTICLES, INDEXED_ARTICLES, *dead_letters_for("ledger")),
    open=open_ledger,
)
