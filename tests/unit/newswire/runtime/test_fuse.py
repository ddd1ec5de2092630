"""When bad records in a row stop a stage, and when they must not."""

from __future__ import annotations

from contextlib import contextmanager
from types import SimpleNamespace

import pytest
from kafka import TopicPartition

from newswire.errors import PoisonError
from newswire.runtime.decoded_batch import Item
from newswire.runtime.fuse import SPREAD, Fuse
from newswire.stage import Out, Record, Reject, Stage
from newswire.testing.rig import Rig
from schemas.messages import Message
from schemas.topics import Topic


class Page(Message, frozen=True, kw_only=True):
    """A message with a source."""

    key: str
    source: str


PAGES = Topic("pages", Page, "", 1, "key", ("key",), 1, ("writer",), ())
COPIES = Topic("copies", Page, "", 1, "key", ("key",), 1, (), ())
LIMIT = 6
BAD = Reject("document-refused", "x")


def item(answer=BAD, source=None, writer=None, *, is_replay=False):
    """Return one answered record: of a source, or undecodable of a writer."""
    headers = [("ce_source", writer.encode())] if writer else []
    raw = SimpleNamespace(topic="pages", partition=0, offset=7, headers=headers)
    record = Record("pages", 0, 7, 0, None, Page(key="k", source=source)) if source else None
    return Item(raw, TopicPartition("pages", 0), PAGES, record, answer, is_replay)


def blows(*items):
    """Tell whether these records in a row stop the stage."""
    try:
        Fuse("copying", LIMIT).check(items)
    except PoisonError:
        return True
    return False


def of_sources(count, sources):
    return [item(source=f"s{number % sources}") for number in range(count)]


@pytest.mark.parametrize(
    ("count", "sources", "is_blown"),
    [(LIMIT, SPREAD, True), (LIMIT - 1, SPREAD, False), (LIMIT, SPREAD - 1, False), (10 * LIMIT, 1, False)],
)
def test_only_bad_records_of_several_sources_stop_a_stage(count, sources, is_blown):
    """One broken outlet, however busy, must not stop the others."""
    assert blows(*of_sources(count, sources)) is is_blown


@pytest.mark.parametrize(
    ("writer", "count", "is_blown"),
    [
        ("newswire/writer", LIMIT, True),
        ("newswire/writer", LIMIT - 1, False),
        ("newswire/other", 10 * LIMIT, False),
        ("somebody", 10 * LIMIT, False),
        (None, 10 * LIMIT, False),
    ],
)
def test_garbage_counts_only_where_a_writer_of_ours_wrote_it(writer, count, is_blown):
    """Whoever else writes to a topic cannot stop its readers."""
    assert blows(*(item(writer=writer) for _ in range(count))) is is_blown


@pytest.mark.parametrize(
    "answer",
    [Reject("listing", is_poison=False), Reject("time-limit", from_site=True), (Out(COPIES, None, b"k"),)],
    ids=["expected", "of-a-site", "good"],
)
def test_what_is_expected_or_caused_by_a_site_is_never_counted(answer):
    """Remote content cannot trip the fuse."""
    assert not blows(*(item(answer, source=f"s{number}") for number in range(10 * LIMIT)))


def test_a_good_record_breaks_the_row():
    """Only an unbroken row counts."""
    row = of_sources(LIMIT - 1, SPREAD)
    assert not blows(*row, item((), source="s"), *row)


def test_what_a_site_causes_does_not_break_the_row():
    """Pages that overrun say nothing of the stage's health."""
    row = of_sources(LIMIT - 1, SPREAD)
    assert blows(*row, item(Reject("time-limit", from_site=True), source="s9"), item(source="s1"))


def test_a_replay_is_not_counted():
    """What was answered in an earlier life has been counted then."""
    assert not blows(*(item(writer="newswire/writer", is_replay=True) for _ in range(LIMIT)))


def test_a_blown_fuse_sends_and_commits_nothing(tmp_path):
    """The stage ends before anything of the batch is sent; the next start meets the same records."""

    @contextmanager
    def open_stage(_settings):
        yield lambda records: [BAD for _ in records]

    rig = Rig(Stage("copying", reads=PAGES, writes=(COPIES,), open=open_stage), tmp_path, max_consecutive_poison=LIMIT)
    rig.write(*(Page(key="k", source=f"s{number}") for number in range(LIMIT)))
    for _ in range(2):
        member = rig.start()
        with pytest.raises(PoisonError, match="6 bad records in a row"):
            member.step()
        member.consumer.evict()
    assert (rig.read_dead_letters(), rig.offsets()) == ([], {})
