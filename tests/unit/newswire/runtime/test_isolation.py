"""A record that a stage crashes on costs itself and nothing else."""

from __future__ import annotations

import json
from contextlib import contextmanager

import pytest

from newswire.errors import ConfigError, Retry, Unfinished
from newswire.runtime.isolation import answer_isolated
from newswire.stage import LogStage, Out, Record, Reject, Stage
from newswire.testing.rig import Rig
from schemas.messages import Message
from schemas.topics import Topic


class Word(Message, frozen=True, kw_only=True):
    """A message."""

    key: str
    n: int


WORDS = Topic("words", Word, "", 1, "key", ("key", "n"), 1, (), ())
SUMS = Topic("sums", Word, "", 1, "key", ("key", "n"), 1, (), ())
CRASHES = {3, 4, 11}


def records(count):
    return [Record("words", 0, number, 0, None, Word(key="k", n=number)) for number in range(count)]


def crash_on(numbers, asked):
    def handle(batch):
        asked.append(len(batch))
        for record in batch:
            if record.value.n in numbers:
                raise OverflowError("date value out of range")
        return [(Out(SUMS, record.value),) for record in batch]

    return handle


def test_the_culprits_are_found_and_all_others_are_answered():
    """A batch of 200 with three bad records is asked for some 40 times, not 200."""
    asked = []
    answers = answer_isolated(crash_on(CRASHES, asked), records(200))
    crashed = [number for number, answer in enumerate(answers) if isinstance(answer, Reject)]
    assert crashed == sorted(CRASHES)
    assert answers[3].reason == "handler-crashed"
    assert answers[3].detail.startswith(
        "words 0:3: OverflowError: date value out of range (handle in test_isolation.py"
    )
    assert len(asked) < 50


@pytest.mark.parametrize("error", [Retry("away"), ConfigError("wrong login"), Unfinished("more time")])
def test_outages_and_wrong_settings_are_nobodys_fault(error):
    """They are about servers and settings: no record is dead-lettered for them."""

    def handle(_batch):
        raise error

    with pytest.raises(type(error)):
        answer_isolated(handle, records(4))


def test_a_crash_goes_to_the_dead_letters_and_the_stage_goes_on(tmp_path):
    """Everything before, between and after flows; the offset moves on."""

    @contextmanager
    def open_stage(_settings):
        yield crash_on(CRASHES, [])

    rig = Rig(Stage("copying", reads=WORDS, writes=(SUMS,), open=open_stage), tmp_path, partitions=1)
    rig.write(*(record.value for record in records(20)))
    rig.start().step()
    assert [word.n for word in rig.read(SUMS)] == [number for number in range(20) if number not in CRASHES]
    letters = [dict(letter.headers) for letter in rig.read_dead_letters()]
    assert [int(letter["dlq.offset"]) for letter in letters] == sorted(CRASHES)
    assert {letter["dlq.error.type"] for letter in letters} == {b"handler-crashed"}
    assert rig.offsets() == {0: 20}


class Summing:
    """Adds up, and raises on some numbers after it has moved."""

    def __init__(self):
        self.total = 0

    def decide(self, record):
        self.total += record.value.n
        if record.value.n in CRASHES:
            raise IndexError("out of range")
        return [Out(SUMS, Word(key="k", n=self.total))]

    def save(self, folder):
        (folder / "total.json").write_text(json.dumps(self.total))

    def load(self, folder):
        self.total = json.loads((folder / "total.json").read_text())


def summing(tmp_path, **options):
    stage = LogStage("summing", reads=WORDS, writes=(SUMS,), new_state=lambda _settings: Summing())
    return Rig(stage, tmp_path, partitions=1, **options)


def totals_without(numbers):
    totals, total = [], 0
    for number in numbers:
        if number not in CRASHES:
            total += number
            totals.append(total)
    return totals


@pytest.mark.parametrize("batch_records", [1, 2, 5, 50])
def test_a_log_state_is_that_of_a_log_without_the_record(tmp_path, batch_records):
    """What the record did to the state before it raised is undone, wherever batches end."""
    rig = summing(tmp_path, batch_records=batch_records, snapshot_every_seconds=0)
    rig.write(*(record.value for record in records(20)))
    rig.start().step(60)
    assert [word.n for word in rig.read(SUMS)] == totals_without(range(20))
    assert [int(dict(letter.headers)["dlq.offset"]) for letter in rig.read_dead_letters()] == sorted(CRASHES)
    assert rig.offsets() == {0: 20}


def test_a_restart_does_not_stumble_over_the_same_record_again(tmp_path):
    """A snapshot is taken right behind it; the next start decides as if it had never been."""
    rig = summing(tmp_path, snapshot_every_seconds=10_000)
    rig.write(*(record.value for record in records(12)))
    first = rig.start()
    first.step(20)
    rig.kill(first)
    rig.write(Word(key="k", n=100))
    second = rig.start()
    second.step(3)
    assert second.instruments.metrics.value("stage_state_rebuilds_total") == 0
    assert [word.n for word in rig.read(SUMS)] == totals_without([*range(12), 100])
    assert len(rig.read_dead_letters()) == len(CRASHES)


def test_a_restart_without_snapshots_leaves_the_record_out_again(tmp_path, monkeypatch):
    """A full replay meets the record once more: the state is built again, and nothing is sent twice."""
    rig = summing(tmp_path)
    monkeypatch.setattr("newswire.runtime.snapshots.Snapshots.save", lambda *_: (_ for _ in ()).throw(OSError("full")))
    rig.write(*(record.value for record in records(12)))
    first = rig.start()
    first.step(20)
    rig.kill(first)
    rig.write(Word(key="k", n=100))
    rig.start().step(20)
    assert [word.n for word in rig.read(SUMS)] == totals_without([*range(12), 100])
    assert len(rig.read_dead_letters()) == len(CRASHES)


def test_a_slow_handler_keeps_its_membership(tmp_path):
    """It is called again at once, and the consumer polls, paused, in between."""
    calls, polled = [], []

    @contextmanager
    def open_stage(_settings):
        def handle(batch):
            calls.append(len(batch))
            if len(calls) < 4:
                raise Unfinished("20 pages to go")
            return [() for _ in batch]

        yield handle

    rig = Rig(Stage("copying", reads=WORDS, writes=(SUMS,), open=open_stage), tmp_path, partitions=1)
    rig.write(*(record.value for record in records(5)))
    member = rig.start()
    rig.broker.watch = lambda call: polled.append(bool(member.consumer.paused())) if call == "poll" else None
    member.step()
    assert calls == [5, 5, 5, 5]
    assert polled == [False, True, True, True]
    assert rig.offsets() == {0: 5}
    assert member.instruments.metrics.value("stage_retries_total", step="answer") == 0


def test_an_answer_that_cannot_be_encoded_is_that_records_fault(tmp_path):
    """A lone surrogate in a text is no UTF-8; the others of the batch are sent."""

    @contextmanager
    def open_stage(_settings):
        yield lambda batch: [
            (Out(SUMS, Word(key="\ud800" if one.value.n == 2 else "k", n=one.value.n)),) for one in batch
        ]

    rig = Rig(Stage("copying", reads=WORDS, writes=(SUMS,), open=open_stage), tmp_path, partitions=1)
    rig.write(*(record.value for record in records(4)))
    rig.start().step()
    assert [word.n for word in rig.read(SUMS)] == [0, 1, 3]
    assert [dict(letter.headers)["dlq.error.type"] for letter in rig.read_dead_letters()] == [b"handler-crashed"]
