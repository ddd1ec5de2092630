"""Dead letters: the record as it came, with dlq.* headers that name who could not take it, when, where and why."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version

from newswire.kafka.clients import DEAD_LETTER_RECORD_BYTES
from newswire.kafka.protocols import Raw
from newswire.stage import Reject
from schemas import dead_letters as names
from schemas.bounds import MAX_HEADER_BYTES
from schemas.envelope import read_headers

MAX_DETAIL_CHARS = 2_000
MAX_KEY_BYTES = 1_024
EXCERPT_BYTES = 4_096
ROOM_FOR_OURS = 8_192  # what our own headers may take, with a detail in any script

Headers = list[tuple[str, bytes]]


@dataclass(frozen=True, slots=True)
class Envelope:
    """What is sent to a dead-letter topic: the record whole where it fits, else its beginning."""

    key: bytes | None
    value: bytes | None
    headers: Headers


def build_dead_letter(stage: str, topic: str, raw: Raw, reject: Reject, at: datetime) -> Envelope:
    """Return the dead letter of a record; `topic` is without the prefix.

    What does not fit its topic is cut: own headers are left out, of a value its first 4 KB are kept. The headers then
    name sizes and hash, and topic, partition and offset lead to the whole record for as long as its topic keeps it.
    """
    headers = dead_letter_headers(stage, topic, raw, reject, at)
    own = own_headers(raw.headers)
    own_bytes = sum(len(name.encode()) + len(text) for name, text in own)
    if own_bytes > MAX_HEADER_BYTES:
        headers.append((names.HEADERS_BYTES, str(own_bytes).encode()))
        own, own_bytes = [], 0
    key, value = raw.key, raw.value
    if key is not None:
        key = key[:MAX_KEY_BYTES]
    if value is not None and len(value) + own_bytes + MAX_KEY_BYTES + ROOM_FOR_OURS > DEAD_LETTER_RECORD_BYTES:
        digest = hashlib.sha256(value).hexdigest().encode()
        headers += [(names.VALUE_SHA256, digest), (names.VALUE_BYTES, str(len(value)).encode())]
        value = value[:EXCERPT_BYTES]
    return Envelope(key, value, own + headers)


def dead_letter_headers(stage: str, topic: str, raw: Raw, reject: Reject, at: datetime) -> Headers:
    """Return the headers that make a record a dead letter; `topic` is without the prefix."""
    letter = {
        names.STAGE: stage,
        names.TOPIC: topic,
        names.PARTITION: str(raw.partition),
        names.OFFSET: str(raw.offset),
        names.REASON: reject.reason,
        names.DETAIL: reject.detail[:MAX_DETAIL_CHARS],
        names.EXPECTED: "false" if reject.is_poison else "true",
        names.AT: at.isoformat(timespec="milliseconds"),
        names.CODE_VERSION: version("newswire"),
    }
    return [(name, text.encode("utf-8", "replace")) for name, text in letter.items()]


def own_headers(headers: Iterable[tuple[str, bytes | None]]) -> Headers:
    """Return the headers that the record had before it became a dead letter."""
    return [(name, text or b"") for name, text in headers if not name.startswith(names.PREFIX)]


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A dead letter, read back; `offset` is its place in the dead-letter topic, `origin` the topic it came from.

    `value_sha256` is set where `raw` holds only the beginning of the value.
    """

    offset: int
    origin: str
    partition: int
    origin_offset: int
    reason: str
    detail: str
    at: str
    is_expected: bool
    value_sha256: str | None
    raw: Raw


def read_dead_letter(raw: Raw) -> DeadLetter | None:
    """Return the dead letter of a record; None for the note that one was sent again, and for what others wrote."""
    headers = read_headers(raw.headers)
    if names.TOPIC not in headers:
        return None
    return DeadLetter(
        offset=raw.offset,
        origin=headers[names.TOPIC],
        partition=read_number(headers.get(names.PARTITION)) or 0,
        origin_offset=read_number(headers.get(names.OFFSET)) or 0,
        reason=headers.get(names.REASON, "unknown"),
        detail=headers.get(names.DETAIL, ""),
        at=headers.get(names.AT, ""),
        is_expected=headers.get(names.EXPECTED) == "true",
        value_sha256=headers.get(names.VALUE_SHA256),
        raw=raw,
    )


def retried_headers(stage: str, letter: DeadLetter, at: datetime) -> Headers:
    """Return the headers of the note that a letter was sent again; its record has no value."""
    note = {names.STAGE: stage, names.RETRIED: str(letter.offset), names.AT: at.isoformat(timespec="milliseconds")}
    return [(name, text.encode()) for name, text in note.items()]


def retried_offset(raw: Raw) -> int | None:
    """Return which letter a note is about; None for a letter."""
    return read_number(read_headers(raw.headers).get(names.RETRIED))


def read_number(text: str | None) -> int | None:
    """Return the number of a header that is one: decimal ASCII digits, at most 18; None for anything else."""
    return int(text) if text and text.isascii() and text.isdecimal() and len(text) <= 18 else None
