"""The connection to the crawl state; every statement of discover, fetch and ledger runs over one of these."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, LiteralString

import psycopg
from psycopg import AsyncConnection
from psycopg.rows import DictRow, dict_row

from newswire.errors import ConfigError, Retry
from newswire.settings import Settings

Database = AsyncConnection[DictRow]
CONNECT_SECONDS = 10


@contextmanager
def outages_as_retry() -> Iterator[None]:
    """Turn an outage into Retry, and missing tables into a word on how to make them."""
    try:
        yield
    except psycopg.errors.UndefinedTable as error:
        raise ConfigError("the crawl state has no tables yet; run: python -m newswire.crawl.migrate") from error
    except psycopg.OperationalError as error:
        why = " ".join(str(error).split())
        raise Retry(f"PostgreSQL does not answer: {why}; see NEWSWIRE_POSTGRES_DSN and `newswire status`") from error


@asynccontextmanager
async def open_database(settings: Settings) -> AsyncIterator[Database]:
    """Connect; every statement is its own transaction, and tasks may share the connection."""
    with outages_as_retry():
        connection = await AsyncConnection.connect(
            settings.postgres_dsn.get_secret_value(),
            autocommit=True,
            row_factory=dict_row,
            connect_timeout=CONNECT_SECONDS,
            application_name="newswire-crawl",
        )
        async with connection:
            yield connection


@contextmanager
def open_reader(settings: Settings) -> Iterator[psycopg.Connection[DictRow]]:
    """Connect for those who look at the crawl state from outside: accounts, pages, the demo."""
    with (
        outages_as_retry(),
        psycopg.connect(
            settings.postgres_dsn.get_secret_value(),
            autocommit=True,
            row_factory=dict_row,
            connect_timeout=CONNECT_SECONDS,
        ) as connection,
    ):
        yield connection


async def fetch_all(database: Database, statement: LiteralString, values: dict[str, Any]) -> list[DictRow]:
    """Run one statement and return its rows."""
    cursor = await database.execute(statement, values)
    return await cursor.fetchall()
