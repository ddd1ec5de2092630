"""The crawl state's tables on a real PostgreSQL."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from importlib.resources import files

import psycopg
import pytest
from pydantic import SecretStr

from newswire.crawl.database import database_outages_as_retry
from newswire.crawl.migrate import migrate
from newswire.errors import ConfigError, Retry

pytestmark = pytest.mark.servers

SCRIPTS = [file.name for file in files("newswire.crawl").joinpath("migrations").iterdir()]
MIGRATIONS = sum(name.endswith(".sql") and not name.endswith(".rollback.sql") for name in SCRIPTS)


def test_migrating_twice_and_at_once_applies_everything_once(servers):
    """Several set-up jobs at the same time, and a repetition, leave one set of tables."""
    with ThreadPoolExecutor(3) as pool:
        applied = list(pool.map(migrate, [servers] * 3))
    assert sorted(applied) == [0, 0, MIGRATIONS]
    assert migrate(servers) == 0


def test_a_killed_migration_does_not_lock_out_the_next(servers):
    """A lock row that a dead process left is broken, since the advisory lock went with its connection."""
    dsn = servers.postgres_dsn.get_secret_value()
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("CREATE TABLE yoyo_lock (locked int DEFAULT 1, ctime timestamp, pid int NOT NULL)")
        connection.execute("INSERT INTO yoyo_lock (pid) VALUES (1)")
    assert migrate(servers) == MIGRATIONS


def test_outages_and_missing_tables_say_the_way_out(servers):
    """An unreachable server is Retry; a database without tables is ConfigError that names the command."""
    with pytest.raises(Retry, match="PostgreSQL does not answer"):
        migrate(servers.model_copy(update={"postgres_dsn": SecretStr("postgresql://nobody@127.0.0.1:1/none")}))
    dsn = servers.postgres_dsn.get_secret_value()
    with (
        pytest.raises(ConfigError, match=r"newswire\.crawl\.migrate"),
        database_outages_as_retry(),
        psycopg.connect(dsn) as connection,
    ):
        connection.execute("SELECT * FROM urls")
