"""Cursors of result pages: opaque strings that a client sends back to get the next page."""

from __future__ import annotations

import base64
from typing import Any, Final

import msgspec

from newswire.search.request import SearchError, SearchRequest

WINDOW: Final = 10_000  # Elasticsearch's index.max_result_window: hits that can be reached by counting


class Cursor(msgspec.Struct, frozen=True, array_like=True):
    """The number of hits before the page, and the sort values of the last one if the server can continue from them."""

    passed: int = 0
    sort_values: tuple[Any, ...] | None = None


def read_cursor(request: SearchRequest) -> Cursor:
    """Return where a request begins; raises SearchError for a string that is not a cursor."""
    if request.after is None:
        return Cursor(request.offset)
    try:
        return msgspec.json.decode(base64.urlsafe_b64decode(request.after + "=="), type=Cursor)
    except ValueError as error:
        raise SearchError(
            "`after` is not the `next` of an earlier page; leave it out to start from the first page"
        ) from error


def check_window(cursor: Cursor, request: SearchRequest) -> None:
    """Raise SearchError for a page that ends beyond hit WINDOW."""
    if cursor.sort_values is None and cursor.passed + request.limit > WINDOW:
        raise SearchError(f"pages end at hit {WINDOW:,}; narrow the search, or export it: an export has no limit")


def write_cursor(cursor: Cursor, request: SearchRequest, hits: list[dict[str, Any]], groups: int) -> str | None:
    """Return the cursor of the next page; None if there is none.

    The server can continue from sort values only where nothing is grouped; otherwise it counts from the first hit.
    """
    passed = cursor.passed + len(hits)
    if not hits or len(hits) < request.limit or passed >= groups:
        return None
    if request.fold == "nothing":
        return _encode(Cursor(passed, tuple(hits[-1]["sort"])))
    return _encode(Cursor(passed)) if passed + request.limit <= WINDOW else None


def _encode(cursor: Cursor) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(cursor)).decode().rstrip("=")
