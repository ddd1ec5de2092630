"""Decide from a partition's whole log: load a snapshot, replay up to the committed offset, then go on live."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final, cast

import structlog
from kafka import TopicPartition

from newswire.errors import ConfigError, Retry
from newswire.runtime.health import Instruments
from newswire.runtime.honoured_takedowns import NoTakedowns, Takedowns, drop_left_snapshots
from newswire.runtime.isolation import describe_crash
from newswire.runtime.runner import StateBrokenError
from newswire.runtime.snapshots import Snapshots
from newswire.settings import Settings
from newswire.stage import Answer, LogStage, LogState, Out, Record, Reject, TakedownState
from schemas.topics import TAKEDOWNS

REFRESH_SECONDS: Final = 1.0  # how long a takedown may be unknown to a stage

log = structlog.get_logger()


# Records that a state may not see, as deciding them raised: by offset and time, as a log made again has other records.
Skipped = dict[tuple[int, int], Reject]


@dataclass(slots=True)
class _Log:
    """One partition: its state, the next offset that the state may see, and when it was last saved.

    `due` is what takedowns require to be sent; there is none before the state has seen all that was `committed`.
    """

    state: LogState[Any]
    snapshots: Snapshots
    committed: int
    next_offset: int
    saved_offset: int
    saved_at: float
    skipped: Skipped
    due: list[Out[Any]] = field(default_factory=list)
    is_replaying: bool = True


class LogWorker:
    """Keeps a state for each partition in hand.

    The runner hands over every record from where `place` says, those before the committed offset too: their answers
    were given in an earlier life, so the runner drops them, and only the state learns from them.

    A record that a state raises on may have changed it halfway. The state is then built again from the newest
    snapshot and the log without that record, so that it is always the one of a log that never held it.
    """

    def __init__(
        self,
        stage: LogStage[Any],
        settings: Settings,
        instruments: Instruments,
        takedowns: Takedowns | None = None,
    ) -> None:
        self._stage = stage
        self._settings = settings
        self._folder = settings.state_dir / "snapshots" / (settings.topic_prefix + stage.name)
        self._takedowns = takedowns or NoTakedowns()
        self._refreshed_at = -REFRESH_SECONDS
        self._clock, self._metrics = instruments.clock, instruments.metrics
        self._logs: dict[int, _Log] = {}
        self._skipped: dict[int, Skipped] = {}

    def place(self, partition: TopicPartition, committed: int | None) -> int | None:
        """Build the state from the newest snapshot that fits; return where to read on, None for the log's beginning."""
        snapshots = Snapshots(self._folder / str(partition.partition), version=self._stage.state_version)
        skipped = self._skipped.setdefault(partition.partition, {})
        if committed is None:
            snapshots.clear()
        state, offset = self._restore(snapshots, committed or 0)
        self._logs[partition.partition] = _Log(
            state, snapshots, committed or 0, offset or 0, offset or 0, self._clock.monotonic(), skipped
        )
        self._honour(self._logs[partition.partition], frozenset())
        log.info("log.placed", partition=partition.partition, snapshot=offset, committed=committed)
        return offset

    def answer(self, records: Sequence[Record[Any]]) -> Sequence[Answer]:
        """Let each partition's state decide, record by record."""
        return [self._decide(self._logs[record.partition], record) for record in records]

    def settled(self, partition: TopicPartition, offset: int) -> None:
        """Take note that all before `offset` is committed: the moment at which a state may be saved."""
        kept = self._logs[partition.partition]
        kept.next_offset = max(kept.next_offset, offset)
        # Behind a skipped record at once: no later start has to stumble over it again.
        is_past_skipped = any(kept.saved_offset <= offset < kept.next_offset for offset, _ in kept.skipped)
        is_due = self._clock.monotonic() - kept.saved_at >= self._settings.snapshot_every_seconds
        if is_due or is_past_skipped:
            self._save(partition.partition, kept)

    def drop(self, partition: TopicPartition) -> None:
        """Forget a partition that another member has now."""
        self._logs.pop(partition.partition, None)

    def due(self) -> Sequence[Out[Any]]:
        """Return what is to be sent for takedowns; looks for new ones once a second. Raises Retry."""
        changed = self._refresh()
        enforced = {name for partition, kept in self._logs.items() for name in self._enforce(partition, kept, changed)}
        if self._stage.keeps_texts and enforced:
            drop_left_snapshots(self._folder, self._logs, enforced, self._takedowns)
        return [out for kept in self._logs.values() for out in kept.due]

    def announced(self) -> None:
        """Take note that what was due is delivered."""
        for kept in self._logs.values():
            kept.due.clear()

    def close(self, settled: dict[TopicPartition, int]) -> None:
        """Save the states that are exactly at a committed offset, so that the next start is quick."""
        for partition, offset in settled.items():
            kept = self._logs.get(partition.partition)
            if kept and kept.next_offset == offset > kept.saved_offset:
                self._save(partition.partition, kept)

    def _refresh(self) -> frozenset[str]:
        if self._clock.monotonic() - self._refreshed_at < REFRESH_SECONDS:
            return frozenset()
        self._refreshed_at = self._clock.monotonic()
        return self._takedowns.refresh()

    def _enforce(self, partition: int, kept: _Log, changed: frozenset[str]) -> frozenset[str]:
        """Have a state honour what has changed, at the end of its replay all there is; return these articles."""
        is_replayed = kept.is_replaying and kept.next_offset >= kept.committed
        kept.is_replaying &= not is_replayed
        names = self._takedowns.known if is_replayed else changed
        if not names:
            return names
        outs = self._honour(kept, names)
        if not kept.is_replaying:
            kept.due += outs
        if outs and self._stage.keeps_texts:  # the snapshots on disk hold what the state has just forgotten
            kept.snapshots.clear()
            self._save(partition, kept)
        return names

    def _honour(self, kept: _Log, names: frozenset[str]) -> Sequence[Out[Any]]:
        if TAKEDOWNS not in self._stage.consults:
            return ()
        return cast("TakedownState[Any]", kept.state).honour(self._takedowns.ids, names)

    def _restore(self, snapshots: Snapshots, committed: int) -> tuple[LogState[Any], int | None]:
        for offset, path in snapshots.usable(committed):
            state = self._stage.new_state(self._settings)
            try:
                state.load(path)
            except Exception as error:  # noqa: BLE001 - whatever a saved state does, the log can rebuild it
                log.warning("log.snapshot_refused", path=str(path), error=repr(error))
                continue
            self._metrics.count("stage_snapshots_total", outcome="restored")
            return state, offset
        return self._stage.new_state(self._settings), None

    def _decide(self, kept: _Log, record: Record[Any]) -> Answer:
        place = record.offset, record.timestamp_ms
        if place in kept.skipped:
            kept.next_offset = record.offset + 1
            return kept.skipped[place]
        if record.offset < kept.next_offset:
            raise RuntimeError(f"offset {record.offset} was decided already, the next is {kept.next_offset}")
        try:
            answer = kept.state.decide(record)
        except Retry as error:
            raise RuntimeError("a state decides from its log alone and has nothing to wait for") from error
        except ConfigError:
            raise
        except Exception as error:
            kept.skipped[place] = describe_crash(record, error)
            raise StateBrokenError(f"{record.topic} {record.partition}:{record.offset} is left out") from error
        kept.next_offset = record.offset + 1
        return answer

    def _save(self, partition: int, kept: _Log) -> None:
        try:
            kept.snapshots.save(kept.next_offset, kept.state.save)
        except OSError as error:
            # Without a snapshot the next start takes longer; that is no reason to stop.
            log.warning("log.snapshot_failed", partition=partition, error=str(error))
            self._metrics.count("stage_snapshots_total", outcome="failed")
        else:
            kept.saved_offset = kept.next_offset
            self._metrics.count("stage_snapshots_total", outcome="saved")
            log.debug("log.snapshot_saved", partition=partition, offset=kept.next_offset)
        kept.saved_at = self._clock.monotonic()
