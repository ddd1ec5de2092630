"""Says what a record means for an address: how far along the path its newest fetch has come."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any, Final, Literal

import msgspec

from newswire.stage import Record
from schemas.messages import DeduplicatedArticle, IndexedArticle

State = Literal["parsed", "rejected", "dead-lettered", "unchanged", "indexed"]

# Topics are read side by side, so news of one fetch comes in any order: the state furthest along the path wins.
# A dead letter that was sent again and came through ends further along than where it had stopped.
RANKS: Final[dict[State, int]] = {"parsed": 2, "rejected": 3, "dead-lettered": 3, "unchanged": 4, "indexed": 5}
_MAX_REASON: Final = 100


class Transition(msgspec.Struct, frozen=True, kw_only=True):
    """One fetch of an address has come to a state."""

    url_id: str
    fetched_at: dt.datetime
    state: State
    reason: str | None = None
    article_id: str | None = None
    version: int | None = None

    @property
    def rank(self) -> tuple[dt.datetime, int]:
        """Return what makes one move count more than another of the same address."""
        return self.fetched_at, RANKS[self.state]


class _Lost(msgspec.Struct):
    """What all messages on the path have in common, read from a dead letter."""

    url_id: str
    fetched_at: dt.datetime
    article_id: str | None = None
    version: int | None = None


def read_transition(record: Record[Any]) -> Transition | None:
    """Return the move that a record tells of; None for a record that concerns no address."""
    value = record.value
    if isinstance(value, DeduplicatedArticle):
        state: State = "unchanged" if value.verdict == "unchanged" else "parsed"
        return _move(value, state)
    if isinstance(value, IndexedArticle):
        return _move(value, "indexed")
    return _read_dead_letter(record) if isinstance(value, bytes) else None


def _move(value: DeduplicatedArticle | IndexedArticle, state: State) -> Transition:
    return Transition(
        url_id=value.url_id,
        fetched_at=value.fetched_at,
        state=state,
        article_id=value.article_id,
        version=value.version,
    )


def _read_dead_letter(record: Record[bytes]) -> Transition | None:
    try:
        lost = msgspec.json.decode(record.value or b"", type=_Lost)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None  # not even whose it was can be read; the address will be overdue
    return Transition(
        url_id=lost.url_id,
        fetched_at=lost.fetched_at,
        state="rejected" if record.headers.get("dlq.expected") == "true" else "dead-lettered",
        reason=record.headers.get("dlq.error.type", "unknown")[:_MAX_REASON],
        article_id=lost.article_id,
        version=lost.version,
    )


def furthest(moves: Iterable[Transition]) -> list[Transition]:
    """Return one move for each address, the one that counts, in the order of addresses."""
    best: dict[str, Transition] = {}
    for move in moves:
        if move.url_id not in best or best[move.url_id].rank < move.rank:
            best[move.url_id] = move
    return [best[url_id] for url_id in sorted(best)]
