"""Takedowns in the crawl state: who took down what, when and why, and the state of its addresses."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

import msgspec
import psycopg
from psycopg.rows import DictRow

from newswire.crawl.database import open_reader
from newswire.settings import Settings
from newswire.text.ids import url_id

Connection = psycopg.Connection[DictRow]
_FIND_URLS: Final = """
    SELECT url_id, url, article_id, first_seen_at FROM urls
    WHERE url_id = ANY(%(ids)s) OR article_id = ANY(%(ids)s) ORDER BY first_seen_at, url_id
"""
_FIND: Final = """
    SELECT * FROM takedowns
    WHERE undone_at IS NULL AND (article_id = ANY(%(ids)s) OR url_ids && %(ids)s)
    ORDER BY article_id = ANY(%(ids)s) DESC, number LIMIT 1
"""
_INSERT: Final = """
    INSERT INTO takedowns AS t (article_id, url_id, url, url_ids, reason, by)
    VALUES (%(article_id)s, %(url_id)s, %(url)s, %(url_ids)s, %(reason)s, %(by)s)
    ON CONFLICT (article_id) WHERE undone_at IS NULL DO UPDATE
        SET url_ids = ARRAY(SELECT DISTINCT unnest(t.url_ids || excluded.url_ids) ORDER BY 1)
"""
# The free text of the reason stays in the audit record: an address's reason is a word for counting.
_END_URLS: Final = """
    UPDATE urls SET state = 'taken-down', reason = 'on-request', next_attempt_at = NULL, lease_until = NULL
    WHERE url_id = ANY(%(url_ids)s) OR article_id = %(article_id)s
"""
_FORGET_INDEXED: Final = "DELETE FROM indexed_articles WHERE article_id = %(article_id)s"
# Without validators and hash, so that the page counts as changed and is delivered again.
_REVIVE_URLS: Final = """
    UPDATE urls SET state = 'discovered', reason = NULL, next_attempt_at = now(), lease_until = NULL, attempts = 0,
        etag = NULL, last_modified = NULL, body_sha256 = NULL, indexed_fetch_at = NULL, is_changed = true
    WHERE state = 'taken-down' AND (url_id = ANY(%(url_ids)s) OR article_id = %(article_id)s) AND NOT EXISTS (
        SELECT 1 FROM takedowns t
        WHERE t.undone_at IS NULL AND (t.article_id = urls.article_id OR t.url_ids @> ARRAY[urls.url_id]))
"""
_UNDO: Final = """
    UPDATE takedowns SET undone_by = %(by)s, undone_at = now() WHERE article_id = %(article_id)s AND undone_at IS NULL
"""
_LIST: Final = "SELECT * FROM takedowns ORDER BY number"


class TakedownEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One takedown: in force until `undone_at`."""

    number: int
    article_id: str
    url_id: str
    url: str
    url_ids: tuple[str, ...]
    reason: str
    by: str
    at: datetime
    undone_by: str | None = None
    undone_at: datetime | None = None


class KnownUrl(msgspec.Struct, frozen=True, kw_only=True):
    """An address in the crawl state, and the article that was found there."""

    url_id: str
    url: str
    article_id: str | None
    first_seen_at: datetime


def find_urls(connection: Connection, ids: list[str]) -> list[KnownUrl]:
    """Return the addresses with one of these ids, or of the articles with one, the one seen first first."""
    return msgspec.convert(connection.execute(_FIND_URLS, {"ids": ids}).fetchall(), list[KnownUrl])


def find_in_force(connection: Connection, ids: list[str]) -> TakedownEntry | None:
    """Return the takedown in force of the article or address with one of these ids."""
    row = connection.execute(_FIND, {"ids": ids}).fetchone()
    return msgspec.convert(row, TakedownEntry) if row else None


def enter(connection: Connection, values: dict[str, Any]) -> TakedownEntry:
    """Enter a takedown and end its addresses, in one transaction; one that is in force is returned as it is.

    `values` are article_id, url_id, url, reason, by and the list url_ids.
    """
    with connection.transaction():
        connection.execute(_INSERT, values)
        connection.execute(_END_URLS, values)
        connection.execute(_FORGET_INDEXED, values)
        entry = find_in_force(connection, [values["article_id"]])
    if entry is None:
        raise AssertionError("a takedown that was just entered is in force")
    return entry


def mark_undone(connection: Connection, entry: TakedownEntry, by: str) -> None:
    """Mark a takedown as undone and make its addresses due, in one transaction."""
    values = {"article_id": entry.article_id, "url_ids": list(entry.url_ids), "by": by}
    with connection.transaction():
        connection.execute(_UNDO, values)
        connection.execute(_REVIVE_URLS, values)


def list_takedowns(settings: Settings) -> list[TakedownEntry]:
    """Return all takedowns, those undone too, oldest first; raises Retry while PostgreSQL is unavailable."""
    with open_reader(settings) as connection:
        return msgspec.convert(connection.execute(_LIST).fetchall(), list[TakedownEntry])


def ids_of(name: str) -> list[str]:
    """Return the ids that a URL or an id may stand for."""
    return [name, url_id(name)]
