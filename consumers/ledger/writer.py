"""Writes transitions into the crawl state, a batch in one transaction; repeated or reordered, they change nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from typing import Any, Final

import msgspec
import psycopg

from consumers.ledger.transitions import RANKS, Transition, furthest, read_transition
from newswire.crawl.database import CONNECT_SECONDS, database_outages_as_retry
from newswire.settings import Settings
from newswire.stage import Answer, Handler, Record

_RANKS: Final = msgspec.json.encode({"discovered": 0, "fetched": 1, **RANKS}).decode()
_NOTE_ARTICLES: Final = """
    INSERT INTO indexed_articles AS a (article_id, version)
    SELECT article_id, max(version) FROM jsonb_populate_recordset(NULL::ledger_move, %(moves)s)
    GROUP BY article_id ORDER BY article_id
    ON CONFLICT (article_id) DO UPDATE SET version = greatest(a.version, excluded.version)
"""
# An indexed fetch stays searchable whatever happens to later ones: a page whose text has not changed since counts
# as indexed, not merely as unchanged.
_NOTE_INDEXED: Final = """
    UPDATE urls u SET
        indexed_fetch_at = greatest(u.indexed_fetch_at, m.fetched_at),
        state = CASE WHEN u.state = 'unchanged' THEN 'indexed' ELSE u.state END
    FROM jsonb_populate_recordset(NULL::ledger_move, %(moves)s) m
    WHERE u.url_id = m.url_id
"""
# States set by the crawl itself (gone, refused, failed) have no rank: only a later fetch replaces them.
_MOVE: Final = """
    UPDATE urls u SET
        state = CASE
            WHEN m.state = 'unchanged' AND u.indexed_fetch_at IS NOT NULL THEN 'indexed'
            WHEN m.state = 'parsed' AND a.version >= m.version THEN 'indexed'
            ELSE m.state END,
        reason = m.reason,
        fetched_at = m.fetched_at,
        first_fetched_at = coalesce(u.first_fetched_at, m.fetched_at),
        indexed_fetch_at = CASE
            WHEN m.state = 'parsed' AND a.version >= m.version THEN m.fetched_at ELSE u.indexed_fetch_at END,
        article_id = coalesce(m.article_id, u.article_id),
        version = coalesce(m.version, u.version)
    FROM jsonb_populate_recordset(NULL::ledger_move, %(moves)s) m
    LEFT JOIN indexed_articles a ON a.article_id = m.article_id
    WHERE u.url_id = m.url_id AND u.state <> 'taken-down' AND (
        u.fetched_at IS NULL OR u.fetched_at < m.fetched_at
        OR u.fetched_at = m.fetched_at
           AND (%(ranks)s::jsonb ->> u.state)::int < (%(ranks)s::jsonb ->> m.state)::int)
"""
# One article may have two URLs, and two versions in one batch of the index stage: only the newest is announced.
_MOVE_WITH_ARTICLE: Final = """
    UPDATE urls u SET state = 'indexed', reason = NULL, indexed_fetch_at = greatest(u.indexed_fetch_at, u.fetched_at)
    FROM (
        SELECT article_id, max(version) AS version FROM jsonb_populate_recordset(NULL::ledger_move, %(moves)s)
        GROUP BY article_id
    ) m
    WHERE u.article_id = m.article_id AND u.version <= m.version AND u.state = 'parsed'
"""

# The index stage does not announce an article that is taken down, so its record would leave the address in flight.
_END_TAKEN_DOWN: Final = """
    UPDATE urls u SET state = 'taken-down', reason = 'on-request', next_attempt_at = NULL, lease_until = NULL
    FROM jsonb_populate_recordset(NULL::ledger_move, %(moves)s) m
    JOIN takedowns t ON t.article_id = m.article_id AND t.undone_at IS NULL
    WHERE u.url_id = m.url_id AND u.article_id = t.article_id AND u.state <> 'taken-down'
"""


class LedgerWriter:
    """The handler of the ledger stage; it connects when needed, and again after an outage."""

    def __init__(self, settings: Settings) -> None:
        self._dsn = settings.postgres_dsn.get_secret_value()
        self._connection: psycopg.Connection[Any] | None = None

    def write(self, records: Sequence[Record[Any]]) -> list[Answer]:
        """Record a batch. Raises Retry while PostgreSQL is unavailable."""
        transitions = [found for found in map(read_transition, records) if found is not None]
        if transitions:
            try:
                with database_outages_as_retry():
                    self._write(transitions)
            except Exception:
                self.close()
                raise
        return [()] * len(records)

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _write(self, transitions: list[Transition]) -> None:
        if self._connection is None:
            self._connection = psycopg.connect(
                self._dsn, connect_timeout=CONNECT_SECONDS, application_name="newswire-ledger"
            )
        indexed = [transition for transition in transitions if transition.state == "indexed"]
        with self._connection.transaction():
            if indexed:
                self._connection.execute(_NOTE_ARTICLES, _as_json(indexed))
                self._connection.execute(_NOTE_INDEXED, _as_json(furthest(indexed)))
            self._connection.execute(_MOVE, _as_json(furthest(transitions)) | {"ranks": _RANKS})
            if indexed:
                self._connection.execute(_MOVE_WITH_ARTICLE, _as_json(indexed))
            self._connection.execute(_END_TAKEN_DOWN, _as_json(furthest(transitions)))


def _as_json(transitions: list[Transition]) -> dict[str, str]:
    return {"moves": msgspec.json.encode(transitions).decode()}


@contextmanager
def open_writer(settings: Settings) -> Iterator[Handler[Any]]:
    """Yield the handler; close its connection at the end."""
    with closing(LedgerWriter(settings)) as writer:
        yield writer.write
