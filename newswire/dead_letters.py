"""What a dead letter says: the record as it came, and dlq.* headers with who, when, where and why."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from importlib.metadata import version

from newswire.broker import Raw
from newswire.stage import Reject

PREFIX = "dlq."
LONGEST_DETAIL = 2_000

Headers = list[tuple[str, bytes]]


def letter_headers(stage: str, topic: str, raw: Raw, reject: Reject, at: datetime) -> Headers:
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
