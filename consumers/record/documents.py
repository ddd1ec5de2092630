"""Turns stories, fetch outcomes and dead letters into the documents that their indexes keep."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import msgspec

from newswire.stage import Record
from schemas.messages import FetchOutcome, StoryChanged, Time

Document = dict[str, Any]
MOST_CHARACTERS: Final = 2_000  # of an address or a detail: both may come from a hostile site


class _Lost(msgspec.Struct):
    """What a dead letter's message may say of itself; the others of its fields are skipped."""

    source: str | None = None
    outlet: str | None = None
    host: str | None = None
    url: str | None = None


def story_document(story: StoryChanged, indexed_at: datetime) -> Document:
    """Return the document of a story's newest state; outlets stand in the order in which they joined."""
    document: Document = msgspec.to_builtins(story, builtin_types=(datetime,))
    first = story.outlets[0] if story.outlets else None
    document |= {"outlet_count": len(story.outlets), "first_outlet": first, "indexed_at": indexed_at}
    return _known(document)


def fetch_document(outcome: FetchOutcome) -> Document:
    """Return the document of one attempt to get a page or a list."""
    return _known(msgspec.to_builtins(outcome, builtin_types=(datetime,)))


def dead_letter_document(record: Record[bytes]) -> Document | None:
    """Return the document of a dead letter; None for any other record, such as a note that one was sent again."""
    headers = record.headers
    try:
        at = msgspec.convert(headers.get("dlq.at"), Time)
    except msgspec.ValidationError:
        return None
    if "dlq.topic" not in headers:
        return None
    return _known(
        {
            "stage": headers.get("dlq.stage", "unknown"),
            "topic": headers["dlq.topic"],
            "partition": _number(headers, "dlq.partition"),
            "offset": _number(headers, "dlq.offset"),
            "reason": headers.get("dlq.error.type", "unknown"),
            "detail": headers.get("dlq.error", "")[:MOST_CHARACTERS] or None,
            "is_expected": headers.get("dlq.expected") == "true",
            "at": at,
            **msgspec.structs.asdict(_read(record.value)),
        }
    )


def dead_letter_id(document: Document) -> str:
    """Return an id that a letter keeps however often it is read."""
    parts = (document["stage"], document["topic"], document.get("partition"), document.get("offset"), document["at"])
    return hashlib.sha256("|".join(map(str, parts)).encode()).hexdigest()[:32]


def _read(value: bytes | None) -> _Lost:
    try:
        return msgspec.json.decode(value or b"{}", type=_Lost)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _Lost()  # that is why it is a dead letter


def _number(headers: Mapping[str, str], name: str) -> int | None:
    text = headers.get(name, "")
    return int(text) if text.isdecimal() else None


def _known(document: Document) -> Document:
    return {name: value for name, value in document.items() if value is not None}
