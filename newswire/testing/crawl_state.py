"""A separate crawl state for each test: a schema, since a database takes half a second to create and drop."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files

import psycopg
from psycopg import sql
from pydantic import SecretStr

from newswire.settings import Settings


@contextmanager
def open_crawl_state(settings: Settings) -> Iterator[Settings]:
    """Yield settings of an empty crawl state, which is dropped afterwards."""
    name = f"crawl{secrets.token_hex(4)}"
    dsn = settings.postgres_dsn.get_secret_value()
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(name)))
    own = f"{dsn}?options=-csearch_path%3D{name}"
    make_tables(own)
    yield settings.model_copy(update={"postgres_dsn": SecretStr(own)})
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP SCHEMA {} CASCADE").format(sql.Identifier(name)))


def make_tables(dsn: str) -> None:
    """Run the migrations as plain SQL, in a fiftieth of the time of `migrate`, which has its own test."""
    scripts = sorted(files("newswire.crawl").joinpath("migrations").iterdir(), key=lambda file: file.name)
    with psycopg.connect(dsn, autocommit=True) as connection:
        for script in scripts:
            if script.name.endswith(".sql") and not script.name.endswith(".rollback.sql"):
                connection.execute(script.read_text("utf-8").encode())
