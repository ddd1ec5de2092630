"""Keeps the newest version of every article in an SQLite file.

pip install 'kafka-python[zstd]'
KAFKA_PASSWORD=... python consumer.py --user downstream --group downstream-mine --database articles.db
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sqlite3
import threading

from kafka import KafkaConsumer

VERSION = "newswire.Article.v1"
TABLE = """
CREATE TABLE IF NOT EXISTS articles (
    article_id TEXT PRIMARY KEY, version INTEGER, story_revision INTEGER, title TEXT, copy_of TEXT)
"""
# Only what is newer than what we have: records may come twice, and older ones after newer ones.
UPSERT = """
INSERT INTO articles VALUES (:article_id, :version, :story_revision, :title, :copy_of)
ON CONFLICT (article_id) DO UPDATE SET version = excluded.version, story_revision = excluded.story_revision,
    title = excluded.title, copy_of = excluded.copy_of
WHERE (excluded.version, excluded.story_revision) > (articles.version, articles.story_revision)
"""


def keep(database: sqlite3.Connection, record) -> None:
    """Take one record over; a record without a value says that the article is taken down."""
    kind = dict(record.headers).get("ce_type", b"").decode()
    if kind != VERSION:
        raise SystemExit(f"{record.topic} {record.partition}:{record.offset} is {kind}, this program reads {VERSION}")
    if record.value is None:
        database.execute("DELETE FROM articles WHERE article_id = ?", [record.key.decode()])
    else:
        database.execute(UPSERT, {"story_revision": 0, "copy_of": None} | json.loads(record.value))


def login(user: str | None) -> dict[str, str | None]:
    """Return the client's options for a login, none without a user."""
    if user is None:
        return {}
    return {
        "security_protocol": "SASL_PLAINTEXT",
        "sasl_mechanism": "SCRAM-SHA-256",
        "sasl_plain_username": user,
        "sasl_plain_password": os.environ["KAFKA_PASSWORD"],
    }


def main() -> None:
    """Read until told to stop; the database is written first, the offset committed after."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bootstrap", default="127.0.0.1:9092")
    parser.add_argument("--user", help="for a login by SCRAM-SHA-256; the password is in KAFKA_PASSWORD")
    parser.add_argument("--topic", default="articles")
    parser.add_argument("--group", default="example-python")
    parser.add_argument("--database", default="articles.db")
    wanted = parser.parse_args()
    stopped = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopped.set())
    database = sqlite3.connect(wanted.database)
    database.execute(TABLE)
    consumer = KafkaConsumer(
        wanted.topic,
        bootstrap_servers=wanted.bootstrap,
        **login(wanted.user),
        group_id=wanted.group,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        allow_auto_create_topics=False,  # Newswire makes its topics itself
    )
    while not stopped.is_set():
        for records in consumer.poll(500).values():
            with database:
                for record in records:
                    keep(database, record)
        consumer.commit()
    consumer.close()


if __name__ == "__main__":
    main()
