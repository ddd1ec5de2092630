"""Find the records that a handler crashes on, so that one bad record costs itself and nothing else."""

from __future__ import annotations

import traceback
from collections.abc import Sequence
from typing import Any

import structlog

from newswire.errors import ConfigError, Retry
from newswire.kafka.protocols import Raw
from newswire.stage import Answer, Handler, Record, Reject

MAX_DETAIL_CHARS = 500
MAX_TRACEBACK_CHARS = 4_000

log = structlog.get_logger()


def answer_isolated(handle: Handler[Any], records: Sequence[Record[Any]]) -> list[Answer]:
    """Return the handler's answers; the records that it raises on are answered with `handler-crashed`.

    A batch that raises is halved until the culprits are alone. Retry and ConfigError pass through: they are about
    servers and settings, not about a record.
    """
    if not records:
        return []
    try:
        return _ask(handle, records)
    except (Retry, ConfigError):
        raise
    except Exception as error:  # noqa: BLE001 - whatever a record brings out must not stop the others
        if len(records) == 1:
            return [describe_crash(records[0], error)]
        middle = len(records) // 2
        return answer_isolated(handle, records[:middle]) + answer_isolated(handle, records[middle:])


def _ask(handle: Handler[Any], records: Sequence[Record[Any]]) -> list[Answer]:
    answers = list(handle(records))
    if len(answers) != len(records):
        raise RuntimeError(f"{len(answers)} answers for {len(records)} records")
    return answers


def describe_crash(record: Record[Any] | Raw, error: Exception) -> Reject:
    """Return the rejection of a record that a stage's code raised on, and log the whole traceback."""
    lines = "".join(traceback.format_exception(error))[-MAX_TRACEBACK_CHARS:]
    where = f"{record.topic} {record.partition}:{record.offset}"
    log.error("stage.record_crashed", record=where, traceback=lines)
    frame = traceback.extract_tb(error.__traceback__)[-1]
    place = f"{frame.name} in {frame.filename.rpartition('/')[2]}, line {frame.lineno}"
    return Reject("handler-crashed", f"{where}: {type(error).__name__}: {error} ({place})"[:MAX_DETAIL_CHARS])
