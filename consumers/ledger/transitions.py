"""State transitions of URLs: how far the newest fetch of a URL has come, read from a stage's record."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from typing import Any, Final, Literal

import msgspec

from newswire.stage import Record
from schemas.bounds import check_bounds
from schemas.dead_letters import EXPECTED, REASON
from schemas.messages import DeduplicatedArticle, Id, IndexedArticle, Time

State = Literal["parsed", "rejected", "dead-lettered", "unchanged", "indexed"]

# Topics are read concurrently, so the records of one fetch arrive in any order: the state furthest along the path
# wins. A dead letter that was replayed successfully ends further along than where it had stopped.
RANKS: Final[dict[State, int]] = {"parsed": 2, "rejected": 3, "dead-lettered": 3, "unchanged": 4, "indexed": 5}
_MAX_REASON: Final = 100
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")  # PostgreSQL takes no NUL


class Transition(msgspec.Struct, frozen=True, kw_only=True):
    """The state that one fetch of a URL has reached."""

    url_id: str
    fetched_at: dt.datetime
    state: State
    reason: str | None = None
    article_id: str | None = None
    version: int | None = None

    @property
    def rank(self) -> tuple[dt.datetime, int]:
        """Return the sort key: of two transitions of one URL, the higher one counts."""
        return self.fetched_at, RANKS[self.state]


class _DeadLetter(msgspec.Struct):
    """The fields that every message on the path has, read from a dead letter; out of bounds is unreadable too."""

    url_id: Id
    fetched_at: Time
    article_id: Id | None = None
    version: int | None = None


def read_transition(record: Record[Any]) -> Transition | None:
    """Return the transition that a record stands for; None for a record that concerns no URL."""
    value = record.value
    if isinstance(value, DeduplicatedArticle):
        state: State = "unchanged" if value.verdict == "unchanged" else "parsed"
        return _transition(value, state)
    if isinstance(value, IndexedArticle):
        return _transition(value, "indexed")
    return _read_dead_letter(record) if isinstance(value, bytes) else None


def _transition(value: DeduplicatedArticle | IndexedArticle, state: State) -> Transition:
    return Transition(
        url_id=value.url_id,
        fetched_at=value.fetched_at,
        state=state,
        article_id=value.article_id,
        version=value.version,
    )


def _read_dead_letter(record: Record[bytes]) -> Transition | None:
    try:
        letter = msgspec.json.decode(record.value or b"", type=_DeadLetter)
        check_bounds(letter)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None  # not even its URL can be read; the URL will be reported as overdue
    return Transition(
        url_id=letter.url_id,
        fetched_at=letter.fetched_at,
        state="rejected" if record.headers.get(EXPECTED) == "true" else "dead-lettered",
        reason=_CONTROL.sub("", record.headers.get(REASON, "unknown"))[:_MAX_REASON],
        article_id=letter.article_id,
        version=letter.version,
    )


def furthest(transitions: Iterable[Transition]) -> list[Transition]:
    """Return the highest-ranked transition of each URL, sorted by URL id."""
    best: dict[str, Transition] = {}
    for transition in transitions:
        if transition.url_id not in best or best[transition.url_id].rank < transition.rank:
            best[transition.url_id] = transition
    return [best[url_id] for url_id in sorted(best)]
