"""Connections to the crawl state in PostgreSQL, for discover, fetch, the ledger and readers."""

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
def database_outages_as_retry() -> Iterator[None]:
    """Turn an outage into Retry, and missing tables into a ConfigError that names the command to create them."""
    try:
        yield
    except psycopg.errors.UndefinedTable as error:
        raise ConfigError(
            "the crawl state has no tables yet; create them with: python -m newswire.crawl.migrate"
        ) from error
    except psycopg.OperationalError as error:
        reason = " ".join(str(error).split())
        raise Retry(f"PostgreSQL does not answer: {reason}; see NEWSWIRE_POSTGRES_DSN and `newswire status`") from error


@asynccontextmanager
async def open_database(settings: Settings) -> AsyncIterator[Database]:
    """Open a connection on which every statement is its own transaction; tasks may share it."""
    with database_outages_as_retry():
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
    """Open a connection for readers outside the crawl: URL counts, web pages, the demo."""
    with (
        database_outages_as_retry(),
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
