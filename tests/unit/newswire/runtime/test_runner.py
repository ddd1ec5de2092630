"""The runner on the in-memory broker, step by step."""

from __future__ import annotations

import dataclasses
from contextlib import contextmanager
from itertools import pairwise

import pytest

from newswire.errors import Retry
from newswire.stage import Out, Reject, Sink, Stage
from newswire.testing.rig import Rig
from schemas.messages import Message
from schemas.topics import Topic


class Number(Message, frozen=True, kw_only=True):
    """A message."""

    key: str
    n: int


def topic(name):
    return Topic(name, Number, "", 1, "key", ("key", "n"), 2, (), ())


NUMBERS, OTHERS, DOUBLES = topic("numbers"), topic("others"), topic("doubles")


def number(n, key="k"):
    return Number(key=key, n=n)


def doubling(record):
    return [Out(DOUBLES, Number(key=record.value.key, n=record.value.n * 2))]


class _Doubling:
    """A stage whose handler writes down what it is handed and does what the test sets."""

    def __init__(self, tmp_path, answer=doubling, reads=NUMBERS, **options):
        self.batches = []
        self.answer = answer
        self.before = lambda: None
        stage = Stage("doubling", reads=reads, writes=(DOUBLES,), open=self._open)
        self.rig = Rig(stage, tmp_path, **options)

    @contextmanager
    def _open(self, _settings):
        yield self._handle

    def _handle(self, records):
        self.batches.append([record.value and record.value.n for record in records])
        self.before()
        return [self.answer(record) for record in records]

    def doubles(self):
        return [number.n for number in self.rig.read(DOUBLES)]


@pytest.fixture
def doubling_stage(tmp_path):
    return _Doubling(tmp_path)


def trouble(*errors):
    """Raise the errors one after the other, then nothing any more."""
    waiting = list(errors)

    def act():
        if waiting:
            raise waiting.pop(0)

    return act


def test_outputs_are_sent_and_the_input_is_committed(doubling_stage):
    """One step takes what is there through to its commit."""
    rig = doubling_stage.rig
    rig.write(number(1), number(2))
    rig.write(number(3), partition=0)
    rig.start().step()
    assert sorted(doubling_stage.doubles()) == [2, 4, 6]
    assert sum(rig.offsets().values()) == 3


def test_an_output_continues_the_trace_of_its_input(doubling_stage):
    """The trace id goes through, the span is new, and the ce_id is the message's own."""
    rig = doubling_stage.rig
    rig.write(number(1))
    rig.start().step()
    before, after = (dict(rig.records(one)[0].headers) for one in (NUMBERS, DOUBLES))
    assert before["traceparent"].split(b"-")[1] == after["traceparent"].split(b"-")[1]
    assert before["traceparent"] != after["traceparent"]
    assert after["ce_id"].decode() == DOUBLES.id_of(number(2))
    assert after["ce_source"] == b"newswire/doubling"


def test_an_outage_of_the_handler_holds_the_batch(doubling_stage):
    """Retry hands the same batch over again, after a wait, and the consumer stays a paused member meanwhile."""
    rig = doubling_stage.rig
    rig.write(number(1), number(2))
    seen = []
    doubling_stage.before = trouble(Retry("away"), Retry("away"))
    member = rig.start()
    rig.broker.watch = lambda call: seen.append((call, bool(member.consumer.paused())))
    member.step()
    assert doubling_stage.batches == [[1, 2]] * 3
    assert doubling_stage.doubles() == [2, 4]
    assert ("poll", True) in seen
    assert member.consumer.paused() == set()
    assert member.instruments.metrics.value("stage_retries_total", step="answer") == 2
    assert 0.2 < member.instruments.metrics.value("stage_hold_seconds_total") < 1


def test_waits_grow_up_to_the_limit(tmp_path):
    """A long outage is asked about every hold_max_seconds, not every moment."""
    stage = _Doubling(tmp_path, hold_max_seconds=4)
    stage.rig.write(number(1))
    asked = []

    def ask():
        asked.append(stage.rig.clock.monotonic())
        if len(asked) < 12:
            raise Retry("away")

    stage.before = ask
    stage.rig.start().step()
    waits = [after - before for before, after in pairwise(asked)]
    assert waits[0] < 0.5
    assert all(1.9 < wait < 4.2 for wait in waits[6:])


def test_what_cannot_be_decoded_becomes_a_dead_letter(doubling_stage):
    """The letter holds key, value and headers as they came, and says who, where and why; the rest goes on."""
    rig = doubling_stage.rig
    rig.write(number(1), partition=0)
    rig.write(b"{broken", partition=0)
    rig.write(number(2), partition=0)
    member = rig.start()
    member.step()
    (letter,) = rig.read_dead_letters()
    headers = {name: text.decode() for name, text in letter.headers}
    assert (letter.key, letter.value, headers["n"]) == (b"key", b"{broken", "1")
    assert headers["dlq.stage"] == "doubling"
    assert (headers["dlq.topic"], headers["dlq.partition"], headers["dlq.offset"]) == ("numbers", "0", "1")
    assert (headers["dlq.error.type"], headers["dlq.expected"]) == ("undecodable", "false")
    assert "malformed" in headers["dlq.error"]
    assert doubling_stage.doubles() == [2, 4]
    assert rig.offsets()[0] == 3
    assert member.instruments.metrics.value("stage_rejects_total", reason="undecodable") == 1


@pytest.mark.parametrize("raw", [b"\xff\xfe", b'"\xff"', b"[" * 100_000, b"{}", b'{"key":"k","n":"1"}', b""])
def test_no_bytes_break_the_decoder(doubling_stage, raw):
    """Whatever a value is made of, it ends as a dead letter and not as a crash."""
    doubling_stage.rig.write(raw, partition=0)
    doubling_stage.rig.start().step()
    assert [letter.value for letter in doubling_stage.rig.read_dead_letters()] == [raw]


def test_an_expected_refusal_is_a_letter_but_no_poison(tmp_path):
    """A page that is no article never stops the stage, however many come."""
    stage = _Doubling(tmp_path, lambda _record: Reject("not-wanted", "odd", is_poison=False), max_consecutive_poison=2)
    stage.rig.write(*(number(n) for n in range(5)))
    member = stage.rig.start()
    member.step()
    letters = [dict(letter.headers) for letter in stage.rig.read_dead_letters()]
    assert [letter["dlq.expected"] for letter in letters] == [b"true"] * 5
    assert member.instruments.metrics.value("stage_records_total", topic="numbers", outcome="rejected") == 5


def test_a_tombstone_reaches_the_handler_without_a_value(tmp_path):
    """On a compacted topic, no value is news, not damage."""
    seen = []
    compacted = dataclasses.replace(NUMBERS, compacted=True)
    stage = _Doubling(tmp_path, lambda record: seen.append((record.key, record.value)) or (), reads=compacted)
    stage.rig.write(None, partition=0)
    stage.rig.start().step()
    assert seen == [(b"key", None)]
    assert stage.rig.read_dead_letters() == []


def test_a_handler_that_does_not_answer_for_every_record_loses_none(doubling_stage):
    """A missing answer is a bug of the handler; the records it concerns are kept as dead letters."""
    rig = doubling_stage.rig
    rig.write(number(1), number(2))
    member = rig.start()
    member.worker._handle = lambda _records: []
    member.step()
    reasons = [dict(letter.headers)["dlq.error"].decode() for letter in rig.read_dead_letters()]
    assert len(reasons) == 2
    assert all("0 answers for 1 records" in reason for reason in reasons)


def test_a_stage_writes_its_own_topics_only(tmp_path):
    """A message for a topic that the stage does not name is a bug."""
    stage = _Doubling(tmp_path, lambda record: [Out(OTHERS, record.value)])
    stage.rig.write(number(1))
    with pytest.raises(RuntimeError, match="does not write others"):
        stage.rig.start().step()


def test_an_output_too_large_for_its_topic_becomes_a_dead_letter(tmp_path):
    """The record cannot go through however often it is tried; the others do."""
    stage = _Doubling(
        tmp_path, lambda record: [Out(DOUBLES, Number(key="k" * (2_000_000 if record.value.n == 1 else 1), n=0))]
    )
    stage.rig.write(number(1), number(2))
    stage.rig.start().step()
    assert [dict(letter.headers)["dlq.error.type"] for letter in stage.rig.read_dead_letters()] == [b"output-too-large"]
    assert len(stage.doubles()) == 1


def test_late_acknowledgements_are_waited_for_and_nothing_is_sent_twice(doubling_stage):
    """A broker that is away while we wait for it costs time, not duplicates."""
    rig = doubling_stage.rig
    rig.write(number(1), number(2))
    calls = []

    def watch(call):
        calls.append(call)
        rig.broker.is_up = not 0 < calls.count("flush") < 3

    rig.broker.watch = watch
    rig.start().step()
    assert doubling_stage.doubles() == [2, 4]
    assert doubling_stage.batches == [[1, 2]]
    assert sum(rig.offsets().values()) == 2


def test_a_failed_record_makes_the_batch_go_again(doubling_stage):
    """What was not acknowledged is sent again, after the rest of its batch, before anything is committed."""
    rig = doubling_stage.rig
    rig.write(number(1), number(2), number(3))
    rig.broker.refused_sends = 2
    rig.start().step()
    assert doubling_stage.doubles() == [2, 2, 4, 6]
    assert doubling_stage.batches == [[1, 2, 3]]
    assert sum(rig.offsets().values()) == 3


def test_a_commit_during_a_rebalance_is_tried_again(doubling_stage):
    """A refused commit neither repeats the work on the partition that we keep nor skips that on the other."""
    rig = doubling_stage.rig
    rig.write(number(1), partition=0)
    rig.write(number(2), partition=1)
    first, members = rig.start(), []

    def watch(call):
        if call == "commit" and not members:
            members.append(None)
            members.append(rig.start())

    rig.broker.watch = watch
    first.step()
    assert doubling_stage.batches == [[1, 2]]
    assert rig.offsets() == {0: 1}
    assert first.instruments.metrics.value("stage_retries_total", step="commit") == 1
    members[1].step(2)
    assert doubling_stage.batches == [[1, 2], [2]]
    assert rig.offsets() == {0: 1, 1: 1}


def test_a_partition_lost_during_a_hold_leaves_the_batch(doubling_stage):
    """Its new owner deals with it; we neither send nor commit it, and finish the rest."""
    rig = doubling_stage.rig
    rig.write(number(1), partition=0)
    rig.write(number(2), partition=1)
    first, others = rig.start(), []

    def join():
        doubling_stage.before = lambda: None
        others.append(rig.start())
        raise Retry("away")

    doubling_stage.before = join
    first.step()
    assert doubling_stage.batches == [[1, 2], [1]]
    assert rig.offsets() == {0: 1}
    others[0].step(2)
    assert (doubling_stage.doubles(), rig.offsets()) == ([2, 4], {0: 1, 1: 1})


def test_records_that_come_with_a_partition_during_a_hold_are_not_lost(doubling_stage):
    """A partition that arrives while we hold is not paused yet: what it brings is read again afterwards."""
    rig = doubling_stage.rig
    rig.write(number(1), partition=0)
    rig.write(number(2), partition=1)
    first, second = rig.start(), rig.start()
    second.consumer.poll(1)
    first.consumer.poll(1)
    second.consumer.poll(1)
    first.consumer.poll(1)
    assert len(first.consumer.assignment()) == len(second.consumer.assignment()) == 1

    def leave():
        doubling_stage.before = lambda: None
        second.consumer.evict()
        raise Retry("away")

    doubling_stage.before = leave
    first.step(4)
    assert sorted(doubling_stage.doubles()) == [2, 4]
    assert rig.offsets() == {0: 1, 1: 1}


def test_stopping_in_an_outage_does_not_wait_for_its_end(doubling_stage):
    """SIGTERM during a hold ends the stage at once; the batch is not committed and comes again."""
    rig = doubling_stage.rig
    rig.write(number(1))
    member = rig.start()

    def away():
        member.stop.set()
        raise Retry("away")

    doubling_stage.before = away
    member.runner.run()
    assert (doubling_stage.batches, rig.offsets(), doubling_stage.doubles()) == ([[1]], {}, [])


def test_stopping_finishes_the_batch_in_hand(doubling_stage):
    """SIGTERM while a batch is handled lets it through to its commit."""
    rig = doubling_stage.rig
    rig.write(number(1))
    member = rig.start()
    doubling_stage.before = member.stop.set
    member.runner.run()
    assert (doubling_stage.doubles(), sum(rig.offsets().values())) == ([2], 1)


def test_a_broker_that_is_away_is_polled_until_it_is_back(doubling_stage):
    """An outage between batches is no crash."""
    rig = doubling_stage.rig
    rig.broker.is_up = False
    member = rig.start()
    member.step(3)
    rig.broker.is_up = True
    rig.write(number(1))
    member.step(2)
    assert doubling_stage.doubles() == [2]
    assert member.instruments.health.is_ready


def test_a_sink_reads_several_topics_and_may_write_none(tmp_path):
    """Records carry the plain name of their topic; an output is a bug."""
    seen = []

    @contextmanager
    def opened(_settings):
        yield lambda records: [seen.append((record.topic, record.value.n)) or () for record in records]

    rig = Rig(Sink("counting", reads=(NUMBERS, OTHERS), open=opened), tmp_path)
    rig.write(number(1))
    rig.write(number(2), topic=OTHERS)
    rig.start().step()
    assert sorted(seen) == [("numbers", 1), ("others", 2)]


def test_a_stage_without_a_beat_for_a_minute_is_not_live(doubling_stage):
    """Liveness is about the loop, not about Kafka."""
    member = doubling_stage.rig.start()
    member.step()
    doubling_stage.rig.clock.sleep(59)
    assert member.instruments.health.is_live
    doubling_stage.rig.clock.sleep(2)
    assert not member.instruments.health.is_live
