"""What a dead letter says: the record as it came, and dlq.* headers with who, when, where and why."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version

from newswire.kafka.protocols import Raw
from newswire.stage import Reject
from schemas.envelope import read_headers

PREFIX = "dlq."
RETRIED = "dlq.retried"  # on the note that a letter was sent again: its offset
LONGEST_DETAIL = 2_000

Headers = list[tuple[str, bytes]]


def dead_letter_headers(stage: str, topic: str, raw: Raw, reject: Reject, at: datetime) -> Headers:
    """Return the record's own headers and the dead letter's; `topic` is without the prefix."""
    letter = {
        "dlq.stage": stage,
        "dlq.topic": topic,
        "dlq.partition": str(raw.partition),
        "dlq.offset": str(raw.offset),
        "dlq.error.type": reject.reason,
        "dlq.error": reject.detail[:LONGEST_DETAIL],
        "dlq.expected": "false" if reject.is_poison else "true",
        "dlq.at": at.isoformat(timespec="milliseconds"),
        "dlq.code_version": version("newswire"),
    }
    return own_headers(raw.headers) + [(name, text.encode()) for name, text in letter.items()]


def own_headers(headers: Iterable[tuple[str, bytes | None]]) -> Headers:
    """Return the headers that the record had before it became a dead letter."""
    return [(name, text or b"") for name, text in headers if not name.startswith(PREFIX)]


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A dead letter, read back; `offset` is its place in the dead-letter topic, `origin` the topic it came from."""

    offset: int
    origin: str
    partition: int
    origin_offset: int
    reason: str
    detail: str
    at: str
    is_expected: bool
    raw: Raw


def read_dead_letter(raw: Raw) -> DeadLetter | None:
    """Return the dead letter of a record; None for the note that one was sent again."""
    headers = read_headers(raw.headers)
    if "dlq.topic" not in headers:
        return None
    return DeadLetter(
        offset=raw.offset,
        origin=headers["dlq.topic"],
        partition=int(headers.get("dlq.partition", -1)),
        origin_offset=int(headers.get("dlq.offset", -1)),
        reason=headers.get("dlq.error.type", "unknown"),
        detail=headers.get("dlq.error", ""),
        at=headers.get("dlq.at", ""),
        is_expected=headers.get("dlq.expected") == "true",
        raw=raw,
    )


def retried_headers(stage: str, letter: DeadLetter, at: datetime) -> Headers:
    """Return the headers of the note that a letter was sent again; its record has no value."""
    note = {"dlq.stage": stage, RETRIED: str(letter.offset), "dlq.at": at.isoformat(timespec="milliseconds")}
    return [(name, text.encode()) for name, text in note.items()]


def retried_offset(raw: Raw) -> int | None:
    """Return which letter a note is about; None for a letter."""
    text = read_headers(raw.headers).get(RETRIED)
    return int(text) if text else None
