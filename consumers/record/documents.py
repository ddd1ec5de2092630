"""Index documents of stories, fetch outcomes and dead letters."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any, Final

import msgspec

from newswire.kafka.dead_letters import read_number
from newswire.stage import Record
from schemas import dead_letters as names
from schemas.bounds import is_in_time
from schemas.messages import FetchOutcome, StoryChanged, Time

Document = dict[str, Any]
MAX_DETAIL_CHARACTERS: Final = 2_000  # an error text may quote a hostile site


class _LetterFields(msgspec.Struct):
    """The fields of a dead-lettered message that its document keeps; all others are skipped."""

    source: str | None = None
    outlet: str | None = None
    host: str | None = None
    url: str | None = None


def story_document(story: StoryChanged, indexed_at: datetime) -> Document:
    """Return the document of a story's newest state; outlets are in the order in which they joined."""
    document: Document = msgspec.to_builtins(story, builtin_types=(datetime,))
    first = story.outlets[0] if story.outlets else None
    document |= {"outlet_count": len(story.outlets), "first_outlet": first, "indexed_at": indexed_at}
    return _without_none(document)


def fetch_document(outcome: FetchOutcome) -> Document:
    """Return the document of one attempt to fetch a page or a list."""
    return _without_none(msgspec.to_builtins(outcome, builtin_types=(datetime,)))


def dead_letter_document(record: Record[bytes]) -> Document | None:
    """Return the document of a dead letter; None for any other record, such as the marker of a replay."""
    headers = record.headers
    try:
        at = msgspec.convert(headers.get(names.AT), Time)
    except msgspec.ValidationError:
        return None
    if names.TOPIC not in headers or not is_in_time(at):
        return None
    return _without_none(
        {
            "stage": headers.get(names.STAGE, "unknown"),
            "topic": headers[names.TOPIC],
            "partition": read_number(headers.get(names.PARTITION)),
            "offset": read_number(headers.get(names.OFFSET)),
            "reason": headers.get(names.REASON, "unknown"),
            "detail": headers.get(names.DETAIL, "")[:MAX_DETAIL_CHARACTERS] or None,
            "is_expected": headers.get(names.EXPECTED) == "true",
            "at": at,
            **msgspec.structs.asdict(_read(record.value)),
        }
    )


def dead_letter_id(document: Document) -> str:
    """Return an id that is the same each time the dead letter is read."""
    parts = (document["stage"], document["topic"], document.get("partition"), document.get("offset"), document["at"])
    return hashlib.sha256("|".join(map(str, parts)).encode()).hexdigest()[:32]


def _read(value: bytes | None) -> _LetterFields:
    try:
        return msgspec.json.decode(value or b"{}", type=_LetterFields)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _LetterFields()  # unreadable: probably the reason why it was dead-lettered


def _without_none(document: Document) -> Document:
    return {name: value for name, value in document.items() if value is not None}
