"""Kills, rebalances and outages at every call of the broker: nothing is lost, reordered or committed too early."""

from __future__ import annotations

import tempfile
from collections import Counter
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from kafka import TopicPartition

from newswire.errors import Retry
from newswire.stage import LogStage, Out, Stage
from newswire.testing.rig import Rig
from schemas.messages import Message
from schemas.topics import Topic

PARTITIONS = 3
MOST_STEPS = 400


class Step(Message, frozen=True, kw_only=True):
    """An input: the n-th of its partition."""

    key: str
    n: int


class Sum(Message, frozen=True, kw_only=True):
    """An output: what a partition's inputs add up to, in order, so that a wrong history shows."""

    key: str
    n: int
    total: int


STEPS = Topic("steps", Step, "", 1, "key", ("key", "n"), PARTITIONS, (), ())
SUMS = Topic("sums", Sum, "", 1, "key", ("key", "n"), 1, (), ())


def total_of(n):
    """What a state that has seen all inputs up to n, once each and in order, has come to."""
    total = 0
    for number in range(n + 1):
        total = total * 3 + number
    return total


class _History:
    def __init__(self):
        self.total = 0

    def decide(self, record):
        self.total = self.total * 3 + record.value.n
        return [Out(SUMS, Sum(key=record.value.key, n=record.value.n, total=self.total))]

    def save(self, folder):
        (folder / "total").write_text(str(self.total))

    def load(self, folder):
        self.total = int((folder / "total").read_text())


class _Killed(BaseException):
    """The process is gone, at once."""


class _World:
    """A stage with up to three members, and a plan of what goes wrong at which call."""

    def __init__(self, kind, folder, plan):
        self.rig = Rig(self._stage(kind), folder, partitions=PARTITIONS, batch_records=3, snapshot_every_seconds=1)
        self.written = Counter()
        self.poison = Counter()
        self.refusals = 0
        self.plan = list(plan)
        self.calls = self.back_at = 0
        self.running = None
        self.members = []
        self.join()
        self.rig.broker.watch = self._watch

    def _stage(self, kind):
        if kind == "log":
            return LogStage("adding", reads=STEPS, writes=(SUMS,), new_state=lambda _settings: _History())

        @contextmanager
        def opened(_settings):
            yield self._handle

        return Stage("adding", reads=STEPS, writes=(SUMS,), open=opened)

    def _handle(self, records):
        if self.refusals:
            self.refusals -= 1
            raise Retry("away")
        values = [record.value for record in records]
        return [[Out(SUMS, Sum(key=value.key, n=value.n, total=total_of(value.n)))] for value in values]

    def _watch(self, _call):
        self.calls += 1
        if self.calls >= self.back_at:
            self.rig.broker.is_up = True
        self.check_commits()
        if self.plan and self.plan[0][0] <= self.calls:
            _, name, number = self.plan.pop(0)
            getattr(self, name)(number)

    def check_commits(self):
        """No offset is committed before the output of every record below it is in the log."""
        there = {(value.key, value.n) for value in self.rig.read(SUMS)}
        for partition, offset in self.rig.offsets().items():
            records = self.rig.broker.logs[TopicPartition("steps", partition)][:offset]
            sums = [STEPS.decode(record.value) for record in records if record.value != b"poison"]
            assert {(value.key, value.n) for value in sums} <= there
        letters = Counter(dict(letter.headers)["dlq.partition"] for letter in self.rig.read_dead_letters())
        for partition, offset in self.rig.offsets().items():
            records = self.rig.broker.logs[TopicPartition("steps", partition)][:offset]
            assert letters[str(partition).encode()] >= sum(record.value == b"poison" for record in records)

    # What can happen, each with a number to choose by

    def write(self, number):
        """Inputs arrive, whatever the broker does to the stage."""
        broker = self.rig.broker
        before = broker.watch, broker.is_up, broker.refused_sends
        broker.watch, broker.is_up, broker.refused_sends = lambda _call: None, True, 0
        partition = number % PARTITIONS
        for _ in range(1 + number % 4):
            self.rig.write(Step(key=str(partition), n=self.written[partition]), partition=partition)
            self.written[partition] += 1
        if number % 5 == 0:
            self.rig.write(b"poison", partition=partition)
            self.poison[partition] += 1
        broker.watch, broker.is_up, broker.refused_sends = before

    def fall(self, number):
        """The broker is away for a few calls."""
        self.rig.broker.is_up = False
        self.back_at = self.calls + 1 + number

    def refuse(self, number):
        """Some records of the next delivery fail."""
        self.rig.broker.refused_sends = number

    def late(self, _number):
        """Producers deliver what nobody waits for any more."""
        self.rig.broker.deliver_late()

    def retry(self, number):
        """The handler's server is away."""
        self.refusals = 1 + number % 3

    def evict(self, number):
        """A member was silent for too long."""
        self.members[number % len(self.members)].consumer.evict()

    def join(self, _number=0):
        """One more member."""
        if len(self.members) < 3:
            watch, self.rig.broker.watch = self.rig.broker.watch, lambda _call: None
            self.members.append(self.rig.start())
            self.rig.broker.watch = watch

    def kill(self, number):
        """A process is gone; if it is the one at work, in the middle of its work. Another takes its place."""
        victim = self.members.pop(number % len(self.members))
        self.rig.kill(victim)
        self.join()
        if victim is self.running:
            raise _Killed

    def step(self, number):
        """Let one member work."""
        self.running = self.members[number % len(self.members)]
        with suppress(_Killed):
            self.running.step()
        self.running = None

    # How it has to end

    def finish(self):
        """With all trouble over, the rest is done in a bounded number of steps."""
        self.plan, self.refusals = [], 0
        self.rig.broker.refused_sends = 0
        self.back_at = 0
        for count in range(MOST_STEPS):
            if self.rig.offsets() == self.ends():
                return
            self.step(count)
        raise AssertionError(f"stuck at {self.rig.offsets()} of {self.ends()}")

    def ends(self):
        return {
            at.partition: len(log) for at, log in sorted(self.rig.broker.logs.items()) if at.topic == "steps" and log
        }

    def check(self):
        """Every input has its output, first ones in order, and never a second opinion."""
        self.check_commits()
        for partition in range(PARTITIONS):
            sums = [value for value in self.rig.read(SUMS) if value.key == str(partition)]
            assert list(dict.fromkeys(value.n for value in sums)) == list(range(self.written[partition]))
            assert all(value.total == total_of(value.n) for value in sums)


EVENTS = st.sampled_from(["write", "fall", "refuse", "late", "retry", "evict", "join", "kill"])
PLANS = st.lists(st.tuples(st.integers(1, 60), EVENTS, st.integers(0, 9)), max_size=12).map(sorted)
SCRIPTS = st.lists(
    st.tuples(st.sampled_from(["step", "step", "step", "write", "join", "kill", "evict", "late"]), st.integers(0, 9)),
    min_size=3,
    max_size=20,
)


@pytest.mark.parametrize("kind", ["log", "handler"])
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(plan=PLANS, script=SCRIPTS)
def test_nothing_is_lost_reordered_or_committed_too_early(kind, plan, script):
    """Whatever happens between and inside the steps, each input ends with its one right output."""
    with tempfile.TemporaryDirectory() as folder:
        world = _World(kind, Path(folder), plan)
        world.write(7)
        for name, number in script:
            with suppress(_Killed):
                getattr(world, name)(number)
        world.finish()
        world.check()
