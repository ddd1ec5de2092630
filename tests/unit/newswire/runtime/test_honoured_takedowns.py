"""A stage that decides from its log honours takedowns: what it sends for them, and what its snapshots hold."""

from __future__ import annotations

import datetime as dt
import json
import os

import pytest

from newswire.runtime.log_worker import REFRESH_SECONDS
from newswire.stage import LogStage, Out, TakenDownIds
from newswire.testing.rig import Rig
from schemas.messages import Message
from schemas.topics import TAKEDOWNS, Topic

A, B = "a" * 32, "b" * 32


class Note(Message, frozen=True, kw_only=True):
    """A message."""

    key: str
    text: str = ""


NOTES = Topic("notes", Note, "", 1, "key", ("key",), 1, (), ())
COPIES = Topic("copies", Note, "", 1, "key", ("key",), 1, (), (), compacted=True)


class _Notebook:
    """Sends and keeps every note, but for those that are taken down."""

    def __init__(self):
        self.notes, self.taken = {}, TakenDownIds()

    def decide(self, record):
        note = record.value
        is_taken = note.key in self.taken.article_ids
        self.notes[note.key] = "" if is_taken else note.text
        return () if is_taken else (Out(COPIES, note),)

    def honour(self, taken, changed):
        self.taken = taken
        known = [name for name in sorted(changed) if name in self.notes]
        self.notes |= dict.fromkeys(taken.article_ids & self.notes.keys(), "")
        return [Out(COPIES, None, key=name.encode()) for name in known if name in taken.article_ids]

    def save(self, folder):
        (folder / "notes.json").write_text(json.dumps(self.notes))

    def load(self, folder):
        self.notes = json.loads((folder / "notes.json").read_text())


class _List:
    """What is taken down, as a test says."""

    def __init__(self):
        self.ids, self.known, self.moments, self.asked = TakenDownIds(), frozenset(), {}, 0
        self._changed = frozenset()

    def take_down(self, *names, at=dt.datetime(2200, 1, 1, tzinfo=dt.UTC)):
        self.ids = TakenDownIds(self.ids.article_ids | {*names})
        self.known |= {*names}
        self.moments |= dict.fromkeys(names, at)
        self._changed |= {*names}

    def since(self):
        return self.moments

    def refresh(self):
        self.asked += 1
        changed, self._changed = self._changed, frozenset()
        return changed


class _Bench:
    """The stage on a rig."""

    def __init__(self, tmp_path, *, consults=(TAKEDOWNS,), **options):
        self.takedowns = _List()
        self.folder = tmp_path / "snapshots" / "notebook"
        stage = LogStage(
            "notebook", reads=NOTES, writes=(COPIES,), new_state=lambda _: _Notebook(), consults=consults,
            keeps_texts=True,
        )  # fmt: skip
        self.rig = Rig(stage, tmp_path, partitions=1, takedowns=self.takedowns, snapshot_every_seconds=10, **options)

    def write(self, *names):
        self.rig.write(*(Note(key=name, text=f"text of {name}") for name in names), partition=0)

    def sent(self):
        """Return the keys that were sent, those of tombstones with a minus."""
        return [("" if raw.value else "-") + raw.key.decode()[0] for raw in self.rig.records(COPIES)]

    def later(self, member, steps=2):
        self.rig.clock.sleep(REFRESH_SECONDS)
        member.step(steps)

    def kept(self):
        """Return all that is in snapshots."""
        return "".join(path.read_text() for path in sorted(self.folder.rglob("notes.json")))


@pytest.fixture
def bench(tmp_path):
    return _Bench(tmp_path)


def test_a_takedown_is_sent_behind_what_was_sent_before(bench):
    """Once, though no record comes in; and what comes later is not sent at all."""
    bench.write(A, B)
    member = bench.rig.start()
    member.step(2)
    bench.takedowns.take_down(A)
    bench.later(member, 4)
    bench.write(A, B)
    member.step(2)
    assert bench.sent() == ["a", "b", "-a", "b"]


def test_the_list_is_asked_once_a_second(bench):
    """A busy stage makes many steps in a second."""
    member = bench.rig.start()
    before = bench.takedowns.asked
    for _ in range(10):
        bench.write(B)
        member.step()
    assert bench.takedowns.asked - before <= 1 + bench.rig.clock.monotonic() // REFRESH_SECONDS


def test_a_takedown_made_while_the_stage_was_down_is_sent_after_its_replay(tmp_path):
    """Only then does the state know what was sent; and what is replayed is not sent again."""
    bench = _Bench(tmp_path, batch_records=1)
    bench.write(B, A)
    first = bench.rig.start()
    first.step(3)
    bench.rig.kill(first)
    bench.takedowns.take_down(A)
    bench.takedowns.refresh()  # a new process has read it before it joins
    bench.write(A, B)
    bench.rig.start().step(6)
    assert bench.sent() == ["b", "a", "-a", "b"]


def test_what_kafka_did_not_take_is_sent_again(bench):
    """An outage while a tombstone is on its way loses none; one that was merely late comes twice."""
    bench.write(A)
    member = bench.rig.start()
    member.step(2)
    bench.takedowns.take_down(A)
    bench.rig.broker.is_up = False
    bench.later(member)
    assert bench.sent() == ["a"]
    bench.rig.broker.is_up = True
    bench.later(member)
    assert (bench.sent()[0], {*bench.sent()[1:]}) == ("a", {"-a"})
    count = len(bench.sent())
    bench.later(member, 5)
    assert len(bench.sent()) == count


def test_no_snapshot_keeps_the_text(bench):
    """Neither generation: they are dropped, and the state without the text is saved at once."""
    member = bench.rig.start()
    member.step()
    for name in (A, B):
        bench.rig.clock.sleep(11)
        bench.write(name)
        member.step(2)
    assert bench.kept().count(f"text of {A}") == 2
    bench.takedowns.take_down(A)
    bench.later(member)
    assert f"text of {A}" not in bench.kept()
    assert f"text of {B}" in bench.kept()
    bench.rig.kill(member)
    bench.write(B)
    second = bench.rig.start()
    second.step(3)
    assert second.instruments.metrics.value("stage_snapshots_total", outcome="restored") == 1


@pytest.mark.parametrize(
    ("name", "saved_at", "is_kept"), [(A, 1_000, False), (A, 3_000, True), (B, 1_000, True)],
    ids=["with the text", "made since", "of others"],
)  # fmt: skip
def test_a_snapshot_left_by_an_earlier_assignment_is_dropped(bench, name, saved_at, is_kept):
    """Its partition is another member's now, so nobody here will save it again."""
    left = bench.folder / "7" / f"{5:020d}"
    left.mkdir(parents=True)
    (left / "notes.json").write_text(json.dumps({name: f"text of {name}"}))
    os.utime(left / "notes.json", (saved_at, saved_at))
    member = bench.rig.start()
    bench.takedowns.take_down(A, at=dt.datetime.fromtimestamp(2_000, dt.UTC))
    bench.later(member)
    assert left.exists() is is_kept


def test_a_stage_that_consults_nothing_is_not_asked_to_honour(tmp_path):
    """Its states need not know the call."""
    bench = _Bench(tmp_path, consults=())
    bench.write(A)
    member = bench.rig.start()
    member.step(2)
    bench.takedowns.take_down(A)
    bench.later(member)
    assert bench.sent() == ["a"]
