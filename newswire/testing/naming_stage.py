"""A stage of the tests' own: indexed-articles to crawl-requests, which nobody else touches where it runs."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import Event, Thread
from typing import Any

from newswire.kafka.publisher import open_publisher
from newswire.kafka.reader import read_topic
from newswire.runtime.process import run_stage
from newswire.settings import Settings
from newswire.stage import Out, Record, Stage
from schemas.messages import CrawlRequest, IndexedArticle
from schemas.topics import CRAWL_REQUESTS, INDEXED_ARTICLES

NOW = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)
STOP_SECONDS = 90
SECONDS_A_RECORD = 0.005  # slow enough for the trouble to come in between


def make_indexed(number: int) -> IndexedArticle:
    """Return a message of the topic that the stage reads."""
    name = f"{number:032x}"
    return IndexedArticle(
        article_id=name, url_id=name, source="s", language="en", version=number, story_id=name, story_revision=0,
        index="i", fetched_at=NOW, first_seen_at=NOW, indexed_at=NOW,
    )  # fmt: skip


def _name(record: Record[IndexedArticle]) -> list[Out[Any]]:
    """Return an output that names the place of its input."""
    place = f"{record.partition}:{record.offset}"
    source = str(record.value.version) if record.value else ""
    return [Out(CRAWL_REQUESTS, CrawlRequest(request_id=place, source=source, requested_at=NOW, requested_by="test"))]


@contextmanager
def _open_naming(_: Settings) -> Iterator[Any]:
    def name(records: Sequence[Record[IndexedArticle]]) -> list[list[Out[Any]]]:
        time.sleep(SECONDS_A_RECORD * len(records))
        return [_name(record) for record in records]

    yield name


NAMING = Stage("parse", reads=INDEXED_ARTICLES, writes=(CRAWL_REQUESTS,), open=_open_naming)


@contextmanager
def member(settings: Settings) -> Iterator[Thread]:
    """Run the stage in a thread; its failures are raised at the end of the block."""
    stop = Event()
    failures: list[BaseException] = []

    def run() -> None:
        try:
            run_stage(NAMING, settings, stop=stop)
        except BaseException as error:  # noqa: BLE001 - a thread's end is the test's business
            failures.append(error)

    thread = Thread(target=run)
    thread.start()
    try:
        yield thread
    finally:
        stop.set()
        thread.join(STOP_SECONDS)
        assert not failures  # noqa: S101 - for tests


def write_indexed(settings: Settings, count: int, first: int = 0) -> None:
    """Send messages to the topic that the stage reads, numbered from `first`."""
    with open_publisher(settings, "test") as publisher:
        for number in range(first, first + count):
            publisher.send(Out(INDEXED_ARTICLES, make_indexed(number)))
        publisher.flush()


def read_outputs(settings: Settings) -> list[CrawlRequest]:
    """Return the stage's outputs, in their order; `source` is the number of the input."""
    return [CRAWL_REQUESTS.decode(raw.value or b"") for raw in read_topic(settings, "crawl-requests")]


def named(settings: Settings) -> list[tuple[int, ...]]:
    """Return (partition, offset) of the inputs that have their output, in the order of the outputs."""
    return [tuple(map(int, request.request_id.split(":"))) for request in read_outputs(settings)]
