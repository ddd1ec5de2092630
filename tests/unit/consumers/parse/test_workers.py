"""The pool of workers: every record is answered, in order, whatever a page does to its worker."""

from __future__ import annotations

import datetime as dt
import multiprocessing
import os
import signal
import threading
from pathlib import Path

import pytest

from consumers.parse import STAGE
from newswire.kafka.body_store import blob_store, pack_body
from newswire.settings import Settings
from newswire.stage import Record, Reject
from schemas.messages import FetchedPage

NOW = dt.datetime(2031, 5, 1, tzinfo=dt.UTC)
PAGE = (Path(__file__).parents[3] / "golden/wordpress/page.html").read_bytes()
LONG = b"<html><title>A long page</title><body>" + b"".join(
    b"<p>Paragraph %d of a page that keeps its worker busy for a moment, and is an article after all.</p>" % number
    for number in range(3_000)
)
# Within the guard's limits, and more than a second of work where the time limit is a fifth of one.
HEAVY = b"<html><title>A heavy page</title><body>" + b"".join(
    b"<p>Paragraph %d has words that go on for a while, as sentences of very long pages are known to do, and then for "
    b"another while, and <a>a link</a> in %d.</p>" % (number, number * 7)
    for number in range(13_500)
)


def record(raw, offset=0, **changes):
    page = FetchedPage(
        **{"url_id": "0" * 32, "url": f"https://outlet.example/{offset}", "final_url": f"https://outlet.example/{offset}",
           "source": "outlet", "outlet": "Outlet", "host": "outlet.example", "fetched_at": NOW, "first_seen_at": NOW,
           "status": 200, "body": pack_body(raw), "body_bytes": len(raw), "body_sha256": "0" * 64} | changes
    )  # fmt: skip
    return Record("fetched-pages", 0, offset, 0, None, page)


@pytest.fixture(scope="module")
def handler(tmp_path_factory):
    settings = Settings(state_dir=tmp_path_factory.mktemp("state"), parse_seconds=10)
    with STAGE.open(settings) as handle:
        handle.settings = settings
        yield handle


def test_every_record_is_answered_in_order(handler):
    """Articles, rejections and tombstones stand where their records stood."""
    tombstone = Record("fetched-pages", 0, 2, 0, None, None)
    answers = handler(
        [record(PAGE, 0), record(b"<p>Three words only, and five more of them.</p>", 1), tombstone, record(PAGE, 3)]
    )
    assert answers[0][0].value.url == "https://outlet.example/0"
    assert (answers[1].reason, answers[1].is_poison) == ("too-short", False)
    assert answers[2] == ()
    assert answers[3][0].value.url == "https://outlet.example/3"


def test_a_body_out_of_the_blob_store_is_read_and_a_missing_one_rejected(handler):
    """A reference is followed in the worker; what is not there is a bad message."""
    ref = blob_store(handler.settings).put(pack_body(PAGE))
    found, lost = handler([record(PAGE, body=None, body_ref=ref), record(PAGE, body=None, body_ref="0" * 64)])
    assert found[0].value.title.startswith("Old swing bridge")
    assert (lost.reason, lost.is_poison) == ("no-body", True)


def test_the_same_page_gives_the_same_message(handler):
    """A redelivered page collides on purpose."""
    first, second = handler([record(PAGE), record(PAGE)])
    assert first[0].value == second[0].value
    assert len(first[0].value.content_hash) == len(first[0].value.article_id) == 32


def test_a_killed_worker_loses_no_page(handler):
    """A stray kill -9 in the middle of a page: a new worker takes it, and the batch is whole."""
    answers = []
    work = threading.Thread(target=lambda: answers.extend(handler([record(LONG), record(PAGE)])))
    work.start()
    for child in multiprocessing.active_children():
        os.kill(child.pid, signal.SIGKILL)
    work.join(60)
    assert [isinstance(answer, Reject) for answer in answers] == [False, False]


def test_an_overrunning_page_is_rejected_and_the_next_is_parsed(tmp_path):
    """The worker of a page beyond its time is killed and replaced; the page goes with its reason."""
    settings = Settings(state_dir=tmp_path, parse_seconds=0.2)
    with STAGE.open(settings) as handle:
        answers = handle([record(HEAVY), record(b"<p>Short.</p>", 1)])
    assert [answer.reason for answer in answers] == ["time-limit", "too-short"]
