"""Whether Airflow's migration may be skipped, asked of a real PostgreSQL."""

from __future__ import annotations

import psycopg
import pytest

from newswire.airflow import migrate

pytestmark = pytest.mark.servers


@pytest.fixture
def database(servers):
    """A database that claims to be at some revision of Airflow's, as a function of the revision."""
    url = servers.postgres_dsn.get_secret_value()

    def at(revision):
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("CREATE TABLE IF NOT EXISTS alembic_version (version_num text)")
            connection.execute("DELETE FROM alembic_version")
            connection.execute("INSERT INTO alembic_version VALUES (%s)", (revision,))

    return url, at


def test_the_migration_is_skipped_only_where_it_has_run(database, tmp_path, monkeypatch):
    """Same version, same revision: skip. An empty, restored or replaced database, or another version: migrate."""
    url, at = database
    assert not migrate.is_current(tmp_path, url)
    at("abc")
    assert not migrate.is_current(tmp_path, url)
    migrate.note_current(tmp_path, url)
    assert migrate.is_current(tmp_path, url)
    at("older")
    assert not migrate.is_current(tmp_path, url)
    at("abc")
    monkeypatch.setattr(migrate, "version", lambda _: "99.0")
    assert not migrate.is_current(tmp_path, url)


def test_a_database_made_anew_is_migrated(servers, tmp_path):
    """A note from before does not vouch for a database without tables."""
    (tmp_path / migrate.NOTE).write_text('{"airflow": "3.3.2", "revision": "abc"}', "utf-8")
    assert not migrate.is_current(tmp_path, servers.postgres_dsn.get_secret_value())
