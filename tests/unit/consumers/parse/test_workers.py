"""The pool of workers: every record is answered, in order, whatever a page does to its worker."""

from __future__ import annotations

import datetime as dt
import itertools
import multiprocessing
import os
import signal
import threading
import time
from collections import Counter
from functools import partial
from pathlib import Path

import pytest

from consumers.parse import STAGE, extract
from consumers.parse.page import warm_up
from consumers.parse.quarantine import FAILURES
from newswire.errors import Unfinished
from newswire.kafka.body_store import blob_store, pack_body
from newswire.settings import Settings
from newswire.stage import Record, Reject
from newswire.testing.rig import finish
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


OFFSETS = itertools.count(100)  # of one partition, no two records have the same


def record(raw, offset=None, **changes):
    address = f"https://outlet.example/{0 if offset is None else offset}"
    offset = next(OFFSETS) if offset is None else offset
    page = FetchedPage(
        **{"url_id": "0" * 32, "url": address, "final_url": address,
           "source": "outlet", "outlet": "Outlet", "host": "outlet.example", "fetched_at": NOW, "first_seen_at": NOW,
           "status": 200, "body": pack_body(raw), "body_bytes": len(raw), "body_sha256": "0" * 64} | changes
    )  # fmt: skip
    return Record("fetched-pages", 0, offset, 0, None, page)


@pytest.fixture(scope="module")
def handler(tmp_path_factory):
    settings = Settings(state_dir=tmp_path_factory.mktemp("state"), parse_seconds=10)
    with STAGE.open(settings) as handle:
        yield partial(finish, handle), settings


def test_every_record_is_answered_in_order(handler):
    """Articles, rejections and tombstones are in the places of their records."""
    handle, _ = handler
    tombstone = Record("fetched-pages", 0, 2, 0, None, None)
    answers = handle(
        [record(PAGE, 0), record(b"<p>Three words only, and five more of them.</p>", 1), tombstone, record(PAGE, 3)]
    )
    assert answers[0][0].value.url == "https://outlet.example/0"
    assert (answers[1].reason, answers[1].is_poison) == ("too-short", False)
    assert answers[2] == ()
    assert answers[3][0].value.url == "https://outlet.example/3"


def test_a_body_out_of_the_blob_store_is_read_and_a_missing_one_rejected(handler):
    """A reference is followed in the worker; what is not there is a bad message."""
    handle, settings = handler
    ref = blob_store(settings).put(pack_body(PAGE))
    found, lost = handle([record(PAGE, body=None, body_ref=ref), record(PAGE, body=None, body_ref="0" * 64)])
    assert found[0].value.title.startswith("Old swing bridge")
    assert (lost.reason, lost.is_poison) == ("no-body", True)


def test_the_same_page_gives_the_same_message(handler):
    """A redelivered page collides on purpose."""
    handle, _ = handler
    first, second = handle([record(PAGE), record(PAGE)])
    assert first[0].value == second[0].value
    assert len(first[0].value.content_hash) == len(first[0].value.article_id) == 32


def test_a_killed_worker_loses_no_page(handler):
    """A stray kill -9 in the middle of a page: a new worker takes it, and the batch is whole."""
    handle, _ = handler
    answers = []
    work = threading.Thread(target=lambda: answers.extend(handle([record(LONG), record(PAGE)])))
    work.start()
    for child in multiprocessing.active_children():
        os.kill(child.pid, signal.SIGKILL)
    work.join(60)
    assert [isinstance(answer, Reject) for answer in answers] == [False, False]


def test_workers_killed_while_idle_lose_no_page(handler):
    """Whether a page was on its way to the worker or not, another takes it."""
    handle, _ = handler
    for _ in range(5):
        for child in multiprocessing.active_children():
            os.kill(child.pid, signal.SIGKILL)
        (answer,) = handle([record(PAGE)])
        assert not isinstance(answer, Reject)


def test_an_overrunning_page_is_tried_twice_and_the_next_is_parsed(tmp_path):
    """The worker of a page beyond its CPU budget is ended and replaced; the page goes with its reason."""
    settings = Settings(state_dir=tmp_path, parse_seconds=0.2)
    with STAGE.open(settings) as handle:
        answers = finish(handle, [record(HEAVY), record(b"<p>Short.</p>")])
    assert [answer.reason for answer in answers] == ["time-limit", "too-short"]
    assert answers[0].detail.startswith("tried twice")
    assert answers[0].from_site


def test_a_page_that_needs_a_little_more_is_parsed_at_its_second_try(tmp_path):
    """Alone, and with three times the budget."""
    warm_up()
    began = time.process_time()
    extract(HEAVY, "https://outlet.example/heavy")
    cost = time.process_time() - began
    settings = Settings(state_dir=tmp_path, parse_seconds=cost / 1.7)
    with STAGE.open(settings) as handle:
        answers = finish(handle, [record(HEAVY), record(PAGE)])
    assert not [answer for answer in answers if isinstance(answer, Reject)]


def test_a_page_is_not_lost_because_the_machine_is_busy(tmp_path):
    """A worker that gets no CPU for longer than its budget has not overrun it."""
    settings, others = Settings(state_dir=tmp_path, parse_seconds=0.5), set(multiprocessing.active_children())
    with STAGE.open(settings) as handle:
        finish(handle, [record(PAGE)])
        answers = []
        work = threading.Thread(target=lambda: answers.extend(finish(handle, [record(LONG), record(PAGE)])))
        (worker,) = set(multiprocessing.active_children()) - others
        os.kill(worker.pid, signal.SIGSTOP)
        work.start()
        threading.Event().wait(3 * settings.parse_seconds)  # the time itself is what is tested
        os.kill(worker.pid, signal.SIGCONT)
        work.join(60)
    assert [isinstance(answer, Reject) for answer in answers] == [False, False]


def test_a_worker_that_sleeps_is_ended_by_the_clock(tmp_path):
    """It uses no CPU, so no budget of CPU ends it."""
    settings, others = Settings(state_dir=tmp_path, parse_wall_seconds=1.0), set(multiprocessing.active_children())
    with STAGE.open(settings) as handle:
        finish(handle, [record(PAGE)])
        (worker,) = set(multiprocessing.active_children()) - others
        os.kill(worker.pid, signal.SIGSTOP)
        answers = finish(handle, [record(PAGE)])
    assert [isinstance(answer, Reject) for answer in answers] == [False], "the second try has another worker"


def test_a_source_whose_pages_overrun_does_not_hold_up_the_others(tmp_path):
    """After three in a row its pages are left out, and none is tried a second time; all others are parsed."""
    settings = Settings(state_dir=tmp_path, parse_seconds=0.2)
    bad = [record(HEAVY, source="bad") for _ in range(20)]
    good = [record(b"<p>Short.</p>", source="good") for _ in range(5)]
    with STAGE.open(settings) as handle:
        answers = finish(handle, [*bad, *good])
        again = finish(handle, [record(b"<p>Short.</p>", source="bad")])
    assert Counter(answer.reason for answer in answers[:20]).keys() == {"time-limit", "quarantined"}
    assert Counter(answer.reason for answer in answers[:20])["quarantined"] >= 20 - FAILURES - 1, "one may have begun"
    assert [answer.reason for answer in answers[20:]] == ["too-short"] * 5
    assert [answer.reason for answer in again] == ["quarantined"]


def test_a_long_batch_is_done_in_slices(tmp_path, monkeypatch):
    """The handler gives the runner time to poll, and goes on where it was."""
    monkeypatch.setattr("consumers.parse.workers._SLICE_SECONDS", 0.0)
    with STAGE.open(Settings(state_dir=tmp_path)) as handle:
        records = [record(PAGE, number) for number in range(3)]
        with pytest.raises(Unfinished, match="3 of 3 pages"):
            handle(records)
        answers = finish(handle, records)
    assert [answer[0].value.url for answer in answers] == [one.value.url for one in records]
