"""Where a page of results ends, as a word that a reader hands back unread to get the next one."""

from __future__ import annotations

import base64
from typing import Any, Final

import msgspec

from newswire.search.request import SearchError, SearchRequest

WINDOW: Final = 10_000  # how far the server counts from the first hit


class Cursor(msgspec.Struct, frozen=True, array_like=True):
    """The number of hits passed, and the sort values of the last one where the server can go on from them."""

    passed: int = 0
    sort_values: tuple[Any, ...] | None = None


def read_cursor(request: SearchRequest) -> Cursor:
    """Return where a request begins; raises SearchError for a word that is none of ours."""
    if request.after is None:
        return Cursor(request.offset)
    try:
        return msgspec.json.decode(base64.urlsafe_b64decode(request.after + "=="), type=Cursor)
    except ValueError as error:
        raise SearchError("`after` is not the `next` of an earlier page; leave it out to begin anew") from error


def check_window(cursor: Cursor, request: SearchRequest) -> None:
    """Raise SearchError where the server would have to count too far."""
    if cursor.sort_values is None and cursor.passed + request.limit > WINDOW:
        raise SearchError(f"pages end with hit {WINDOW:,}; narrow the search, or export it: an export has no limit")


def write_cursor(cursor: Cursor, request: SearchRequest, hits: list[dict[str, Any]], groups: int) -> str | None:
    """Return the word for the page that follows; None when there is none.

    The server goes on from sort values only where nothing is folded; else it counts from the first hit again.
    """
    passed = cursor.passed + len(hits)
    if not hits or len(hits) < request.limit or passed >= groups:
        return None
    if request.fold == "nothing":
        return _text(Cursor(passed, tuple(hits[-1]["sort"])))
    return _text(Cursor(passed)) if passed + request.limit <= WINDOW else None


def _text(cursor: Cursor) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(cursor)).decode().rstrip("=")
