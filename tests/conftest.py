"""The fixtures that all tests share: real servers, started once a run, and names of their own for each test."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path

import pytest

from newswire.settings import Settings


@pytest.fixture(scope="session")
def server_settings(tmp_path_factory):
    """Real Kafka, Elasticsearch and PostgreSQL, for the whole run.

    NEWSWIRE_TEST_SERVERS=<state dir of a running stack> saves a developer the start.
    """
    if running := os.environ.get("NEWSWIRE_TEST_SERVERS"):
        yield Settings(_env_file=Path(running) / "stack.env")
        return
    from newswire.stack.session import start_servers

    with start_servers(tmp_path_factory.mktemp("servers"), ("kafka", "elasticsearch", "postgres")) as settings:
        yield settings


@pytest.fixture
def servers(server_settings, tmp_path):
    """Settings for one test: the real servers, with a topic prefix, an index prefix and a database of its own."""
    import psycopg
    from psycopg import sql

    name = f"t{secrets.token_hex(4)}"
    dsn = server_settings.postgres_dsn.get_secret_value()
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
    own = dsn.rsplit("/", 1)[0] + "/" + name
    yield server_settings.model_copy(
        update={
            "state_dir": tmp_path / "state",
            "topic_prefix": f"{name}-",
            "index_prefix": name,
            "postgres_dsn": type(server_settings.postgres_dsn)(own),
        }
    )
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name)))
    _delete_topics(server_settings, f"{name}-")


def _delete_topics(settings, prefix):
    """Every test makes a dozen topics; a broker with thousands of them grows slow."""
    from kafka.errors import UnknownTopicOrPartitionError

    from newswire.kafka.clients import open_admin

    admin = open_admin(settings)
    try:
        if ours := [topic for topic in admin.list_topics() if topic.startswith(prefix)]:
            # A busy broker may have deleted them before it answered, and the client has asked again.
            with suppress(UnknownTopicOrPartitionError):
                admin.delete_topics(ours)
    finally:
        admin.close()
