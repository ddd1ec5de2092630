"""Logs that do not hold what the committed offset promises: cut by a power failure, made again, or expired."""

from __future__ import annotations

import json
from contextlib import nullcontext

import pytest
from kafka import TopicPartition

from newswire.runtime.skip_list import Skip, add_skip
from newswire.stage import LogStage, Out, Stage
from newswire.testing.rig import Rig
from schemas.messages import Message
from schemas.topics import Topic


class Word(Message, frozen=True, kw_only=True):
    """A message."""

    key: str
    n: int


WORDS = Topic("words", Word, "", 1, "key", ("key", "n"), 1, (), ())
SUMS = Topic("sums", Word, "", 1, "key", ("key", "n"), 1, (), ())
PARTITION = TopicPartition("words", 0)


class Summing:
    """Adds up."""

    def __init__(self):
        self.total = 0

    def decide(self, record):
        self.total += record.value.n
        return [Out(SUMS, Word(key="k", n=self.total))]

    def save(self, folder):
        (folder / "total.json").write_text(json.dumps(self.total))

    def load(self, folder):
        self.total = json.loads((folder / "total.json").read_text())


def copy(records):
    return [(Out(SUMS, record.value),) for record in records]


def copying(tmp_path):
    stage = Stage("copying", reads=WORDS, writes=(SUMS,), open=lambda _settings: nullcontext(copy))
    return Rig(stage, tmp_path, partitions=1)


def summing(tmp_path):
    stage = LogStage("summing", reads=WORDS, writes=(SUMS,), new_state=lambda _settings: Summing())
    return Rig(stage, tmp_path, partitions=1, snapshot_every_seconds=0)


def write(rig, *numbers):
    rig.write(*(Word(key="k", n=n) for n in numbers))


def run_and_kill(rig, steps=3):
    member = rig.start()
    member.step(steps)
    rig.kill(member)
    return member


def sums(rig):
    return [word.n for word in rig.read(SUMS)]


@pytest.mark.parametrize(("left", "announced"), [(0, [7, 8]), (2, [1, 2, 7, 8])])
def test_a_log_cut_below_the_commit_is_read_from_its_start(tmp_path, left, announced):
    """What it holds now may be new: all of it is answered for and sent, and the fault is counted."""
    rig = copying(tmp_path)
    write(rig, 1, 2, 3, 4, 5)
    run_and_kill(rig)
    before = len(sums(rig))
    del rig.broker.logs[PARTITION][left:]
    write(rig, 7, 8)
    member = run_and_kill(rig)
    assert sums(rig)[before:] == announced
    assert rig.offsets() == {0: left + 2}
    assert member.instruments.metrics.value("stage_log_faults_total", kind="shorter") == 1


def test_a_state_of_a_longer_log_is_thrown_away(tmp_path):
    """Its snapshots know records that were never there; the state is that of the log as it is."""
    rig = summing(tmp_path)
    write(rig, 1, 2, 3, 4, 5)
    run_and_kill(rig)
    before = len(sums(rig))
    del rig.broker.logs[PARTITION][2:]
    write(rig, 10)
    run_and_kill(rig)
    assert sums(rig)[before:] == [1, 3, 13]


def test_a_log_that_ends_at_the_commit_is_no_fault(tmp_path):
    """Just at the boundary nothing is read again."""
    rig = copying(tmp_path)
    write(rig, 1, 2)
    run_and_kill(rig)
    member = run_and_kill(rig)
    assert sums(rig) == [1, 2]
    assert member.instruments.metrics.value("stage_log_faults_total", kind="shorter") == 0


@pytest.mark.parametrize(("begin", "faults", "announced"), [(2, 0, [3, 4]), (3, 1, [4])])
def test_records_that_expired_before_the_stage_came_are_counted(tmp_path, begin, faults, announced):
    """Retention has overtaken the stage: it goes on with what is left and says so."""
    rig = copying(tmp_path)
    write(rig, 1, 2)
    run_and_kill(rig)
    before = len(sums(rig))
    write(rig, 3, 4)
    rig.broker.begins[PARTITION] = begin
    member = run_and_kill(rig)
    assert sums(rig)[before:] == announced
    assert member.instruments.metrics.value("stage_log_faults_total", kind="expired") == faults


def skip(offset, topic="words"):
    return Skip(topic=topic, partition=0, offset=offset, by="ada", why="it ends the process", at="2026-03-01")


@pytest.mark.parametrize("make", [copying, summing])
def test_a_record_can_be_passed_over_by_hand(tmp_path, make):
    """The stage never sees it; the dead letter says who and why."""
    rig = make(tmp_path)
    name = rig.stage.name
    add_skip(rig.settings.state_dir, name, skip(1))
    add_skip(rig.settings.state_dir, name, skip(1))  # twice is once
    add_skip(rig.settings.state_dir, name, skip(0, "other"))
    write(rig, 1, 100, 2)
    run_and_kill(rig)
    assert sums(rig) == ([1, 2] if make is copying else [1, 3])
    (letter,) = rig.read_dead_letters()
    headers = dict(letter.headers)
    assert (headers["dlq.error.type"], headers["dlq.offset"]) == (b"skipped", b"1")
    assert headers["dlq.error"] == b"by ada at 2026-03-01: it ends the process"
