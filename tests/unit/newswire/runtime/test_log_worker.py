"""A stage that decides from its log: snapshots, replay, rebalances; the same decision every time."""

from __future__ import annotations

import json
import shutil

import pytest

from newswire.stage import LogStage, Out, Reject
from newswire.testing.rig import Rig
from schemas.messages import Message
from schemas.topics import Topic


class Word(Message, frozen=True, kw_only=True):
    """A message."""

    key: str
    n: int


class Sum(Message, frozen=True, kw_only=True):
    """What the words before and this one add up to."""

    key: str
    n: int
    total: int


WORDS = Topic("words", Word, "", 1, "key", ("key", "n"), 1, (), ())
SUMS = Topic("sums", Sum, "", 1, "key", ("key", "n"), 1, (), ())


class _Summing:
    """Adds up; writes down each record it is asked about."""

    def __init__(self, asked):
        self._asked = asked
        self.total = 0

    def decide(self, record):
        self._asked.append(record.offset)
        if record.value.n < 0:
            return Reject("negative", is_poison=False)
        self.total += record.value.n
        return [Out(SUMS, Sum(key=record.value.key, n=record.value.n, total=self.total))]

    def save(self, folder):
        (folder / "total.json").write_text(json.dumps(self.total))

    def load(self, folder):
        self.total = json.loads((folder / "total.json").read_text())


class _Bench:
    """The summing stage on a rig."""

    def __init__(self, tmp_path, *, version=1, partitions=1, **options):
        self.asked = []
        self.folder = tmp_path / "snapshots" / "summing" / "0"
        stage = LogStage("summing", reads=WORDS, writes=(SUMS,), new_state=self._new, state_version=version)
        options = {"snapshot_every_seconds": 10, "batch_records": 2} | options
        self.rig = Rig(stage, tmp_path, partitions=partitions, **options)

    def _new(self, _settings):
        return _Summing(self.asked)

    def write(self, *numbers, partition=0):
        self.rig.write(*(Word(key="k", n=n) for n in numbers), partition=partition)

    def placed(self):
        """Return a member that has its partitions and waits for records."""
        member = self.rig.start()
        member.step()
        return member

    def totals(self):
        return [one.total for one in self.rig.read(SUMS)]

    def snapshots(self):
        return sorted(int(path.name) for path in self.folder.glob("[0-9]*"))

    def restart_as(self, tmp_path, **options):
        """Return a bench with other code on the same broker."""
        other = _Bench(tmp_path, **options)
        other.rig.broker = self.rig.broker
        return other


@pytest.fixture
def bench(tmp_path):
    return _Bench(tmp_path)


def test_a_first_start_decides_the_whole_log(bench):
    """Without a committed offset the log is read from its beginning with an empty state."""
    bench.write(1, 2, 3)
    bench.rig.start().step(2)
    assert bench.totals() == [1, 3, 6]
    assert bench.rig.offsets() == {0: 3}


def test_after_a_crash_the_log_is_replayed_and_its_outputs_are_not_sent_again(bench):
    """Without a snapshot the state comes from the log; decisions go on as if nothing had been."""
    bench.write(1, 2, 3)
    first = bench.rig.start()
    first.step(2)
    first.consumer.evict()
    bench.write(4)
    second = bench.rig.start()
    second.step(3)
    assert bench.totals() == [1, 3, 6, 10]
    assert bench.asked == [0, 1, 2, 0, 1, 2, 3]
    metrics = second.instruments.metrics
    assert metrics.value("stage_records_total", topic="words", outcome="replayed") == 3
    assert metrics.value("stage_records_total", topic="words", outcome="ok") == 1


def test_a_dead_letter_is_not_written_again_by_a_replay(bench):
    """Neither a refusal of the state nor damage is repeated."""
    bench.write(1, -1)
    bench.rig.write(b"{", partition=0)
    first = bench.rig.start()
    first.step(2)
    first.consumer.evict()
    bench.write(5)
    bench.rig.start().step(3)
    assert len(bench.rig.read_dead_letters()) == 2
    assert bench.totals() == [1, 6]


def test_a_snapshot_spares_the_replay(bench):
    """A start reads the log from the snapshot's offset on."""
    first = bench.placed()
    bench.rig.clock.sleep(11)
    bench.write(1, 2, 3, 4)
    first.step(2)
    assert bench.snapshots() == [2]
    first.consumer.evict()
    bench.write(5)
    bench.asked.clear()
    bench.rig.start().step(3)
    assert bench.asked == [2, 3, 4]
    assert bench.totals() == [1, 3, 6, 10, 15]


def test_a_clean_stop_saves_the_state(bench):
    """The next start replays nothing."""
    bench.write(1, 2, 3)
    first = bench.rig.start()
    first.step(2)
    first.worker.close(first.runner.membership.committed)
    first.consumer.close(autocommit=False, timeout_ms=0)
    bench.write(4)
    bench.asked.clear()
    bench.rig.start().step()
    assert (bench.asked, bench.totals()) == ([3], [1, 3, 6, 10])


def test_a_state_ahead_of_its_commit_is_never_saved(bench):
    """A stop during an outage leaves decided but uncommitted records out of the snapshots."""
    member = bench.placed()
    bench.rig.clock.sleep(11)
    bench.write(1, 2)

    def watch(call):
        if call == "flush":
            bench.rig.broker.is_up = False
            member.stop.set()

    bench.rig.broker.watch = watch
    member.runner.run()
    member.worker.close(member.runner.membership.committed)
    assert bench.asked == [0, 1]
    assert bench.snapshots() == []


def test_two_generations_are_kept(bench):
    """The newest may be damaged; older ones than two are only in the way."""
    member = bench.placed()
    for n in range(4):
        bench.rig.clock.sleep(11)
        bench.write(n)
        member.step()
    assert bench.snapshots() == [3, 4]


def test_a_damaged_snapshot_gives_way_to_the_one_before_it(bench):
    """A flipped byte is found and costs a longer replay, not a wrong decision."""
    member = bench.placed()
    for n in (1, 2):
        bench.rig.clock.sleep(11)
        bench.write(n)
        member.step()
    member.consumer.evict()
    (bench.folder / f"{2:020d}" / "total.json").write_text("7")
    bench.write(3)
    bench.asked.clear()
    bench.rig.start().step(2)
    assert bench.asked == [1, 2]
    assert bench.totals() == [1, 3, 6]


def test_a_state_that_does_not_load_is_rebuilt(bench, monkeypatch):
    """Code that cannot read its own snapshot falls back on the log."""
    bench.write(1, 2)
    first = bench.rig.start()
    first.step()
    first.worker.close(first.runner.membership.committed)
    first.consumer.evict()

    def refuse(_state, _folder):
        raise KeyError("gone")

    monkeypatch.setattr(_Summing, "load", refuse)
    bench.write(3)
    bench.rig.start().step(2)
    assert bench.totals() == [1, 3, 6]


def test_a_snapshot_of_other_code_does_not_count(bench, tmp_path):
    """A raised state_version makes the next start replay the log."""
    bench.write(1, 2)
    first = bench.rig.start()
    first.step()
    first.worker.close(first.runner.membership.committed)
    first.consumer.evict()
    other = bench.restart_as(tmp_path, version=2)
    bench.write(3)
    other.rig.start().step(2)
    assert other.asked == [0, 1, 2]
    assert bench.totals() == [1, 3, 6]


def test_offsets_set_back_drop_the_snapshots_beyond(bench):
    """A replay on purpose decides again from a state that has not seen the records yet, to the same end."""
    bench.write(1, 2, 3)
    first = bench.rig.start()
    first.step(2)
    first.worker.close(first.runner.membership.committed)
    first.consumer.evict()
    bench.rig.reset(1)
    bench.rig.start().step(2)
    assert bench.totals() == [1, 3, 6, 3, 6]
    assert bench.rig.offsets() == {0: 3}
    assert bench.snapshots() == []


def test_a_group_without_offsets_drops_all_snapshots(bench):
    """A deleted group, or a topic made anew, starts from nothing."""
    bench.write(1, 2)
    first = bench.rig.start()
    first.step()
    first.worker.close(first.runner.membership.committed)
    first.consumer.evict()
    bench.rig.broker.groups["summing"].offsets.clear()
    bench.rig.start().step()
    assert bench.totals() == [1, 3, 1, 3]


def test_a_moved_partition_is_rebuilt_by_its_new_owner(tmp_path):
    """The old owner forgets; the new one replays and goes on with the same decisions."""
    bench = _Bench(tmp_path, partitions=2)
    bench.write(1, 2, partition=0)
    bench.write(10, 20, partition=1)
    first = bench.rig.start()
    first.step(3)
    second = bench.rig.start()
    first.step()
    bench.write(3, partition=0)
    bench.write(30, partition=1)
    for _ in range(3):
        first.step()
        second.step()
    assert len(first.consumer.assignment()) == len(second.consumer.assignment()) == 1
    assert sorted(bench.totals()) == [1, 3, 6, 10, 30, 60]


def test_a_failed_record_does_not_make_the_state_decide_twice(bench):
    """Sending again sends the answers that were given."""
    bench.write(1, 2)
    bench.rig.broker.refused_sends = 1
    bench.rig.start().step()
    assert bench.asked == [0, 1]
    assert bench.totals() == [1, 1, 3]


def test_a_full_disk_costs_the_snapshot_only(bench, monkeypatch):
    """The stage goes on and says so."""

    def full(_state, _folder):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(_Summing, "save", full)
    member = bench.placed()
    bench.rig.clock.sleep(11)
    bench.write(1)
    member.step()
    assert bench.totals() == [1]
    assert bench.snapshots() == []
    assert member.instruments.metrics.value("stage_snapshots_total", outcome="failed") == 1


def test_a_state_folder_that_is_lost_costs_a_replay_only(bench):
    """Snapshots are a convenience: the log is the truth."""
    bench.write(1, 2)
    first = bench.rig.start()
    first.step()
    first.worker.close(first.runner.membership.committed)
    first.consumer.evict()
    shutil.rmtree(bench.rig.settings.state_dir / "snapshots")
    bench.write(3)
    bench.rig.start().step(2)
    assert bench.totals() == [1, 3, 6]
