"""What Kafka, PostgreSQL and Elasticsearch hold after a run, read through their own clients."""

from __future__ import annotations

import base64
import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import psycopg
import zstandard
from elasticsearch import Elasticsearch
from elasticsearch.helpers import scan
from kafka import KafkaConsumer, TopicPartition

PATIENCE_MS = 30_000
TITLE = re.compile(rb"<h1>(.*?)</h1>.*?<p>.*</p>", re.DOTALL)
Plan = Mapping[str, Any]


class Raw(NamedTuple):
    """A record as Kafka has it."""

    partition: int
    offset: int
    value: bytes | None
    headers: dict[str, bytes]


class Row(NamedTuple):
    """A row of the ledger; `end` is the state with its reason, such as `refused(robots)`."""

    state: str
    end: str
    article_id: str | None


class Evidence(NamedTuple):
    """Everything that the three servers hold."""

    rows: dict[str, list[Row]]  # by address
    documents: list[dict[str, Any]]
    decided: list[dict[str, Any]]  # deduplicated-articles, in the order of each partition
    newest: dict[str, dict[str, Any] | None]  # articles, by key
    announced: set[tuple[str, int]]  # indexed-articles: id and version
    stories: dict[str, dict[str, Any] | None]
    pages: dict[str, set[bytes]]  # address -> the texts that were fetched
    letters: dict[str, dict[tuple[str, int, int], set[str]]]  # stage -> topic, partition, offset -> reasons


def collect(plan: Plan) -> Evidence:
    """Read the three servers, through their own clients."""
    stages = sorted({stage for each in plan["poison"] for stage in each["stages"]})
    pages = defaultdict(set)
    for page in _messages(plan, "fetched-pages", "url"):
        if plan["articles"].get(page["url"], {}).get("texts") and (found := _text_of(plan, page)):
            pages[page["url"]].add(found)
    return Evidence(
        rows=_read_rows(plan),
        documents=_read_documents(plan),
        decided=list(_messages(plan, "deduplicated-articles", "canonical_url", "article_id")),
        newest=_read_newest(plan, "articles", "article_id"),
        announced={(each["article_id"], each["version"]) for each in _messages(plan, "indexed-articles", "article_id")},
        stories=_read_newest(plan, "stories", "story_id"),
        pages=dict(pages),
        letters={stage: _read_letters(plan, stage) for stage in stages},
    )


def _read_rows(plan: Plan) -> dict[str, list[Row]]:
    rows = defaultdict(list)
    with psycopg.connect(plan["postgres"]) as connection:
        for url, state, reason, article in connection.execute("select url, state, reason, article_id from urls"):
            rows[url].append(Row(state, f"{state}({reason})" if reason else state, article))
    return dict(rows)


def _read_documents(plan: Plan) -> list[dict[str, Any]]:
    given = plan["elasticsearch"]
    with Elasticsearch(given["url"], basic_auth=(given["username"], given["password"]), request_timeout=60) as client:
        client.indices.refresh(index=given["index"])
        hits = scan(client, index=given["index"], query={"query": {"match_all": {}}})
        return [hit["_source"] for hit in hits]


def _read_newest(plan: Plan, topic: str, key: str) -> dict[str, dict[str, Any] | None]:
    """Return the last message of each key; the topic's partitions keep the order of a key."""
    return {message[key]: message for message in _messages(plan, topic, key)}


def _read_letters(plan: Plan, stage: str) -> dict[tuple[str, int, int], set[str]]:
    letters = defaultdict(set)
    for raw in _records(plan, f"{stage}-dlq"):
        headers = {name: value.decode("utf-8", "replace") for name, value in raw.headers.items()}
        if raw.value is not None or "dlq.retried" not in headers:
            place = headers["dlq.topic"], int(headers["dlq.partition"]), int(headers["dlq.offset"])
            letters[place].add(headers["dlq.error.type"])
    return dict(letters)


def _messages(plan: Plan, topic: str, *names: str) -> Iterator[dict[str, Any]]:
    """Yield a topic's messages that have text in these fields, without the malformed records."""
    poisoned = {(p["partition"], p["offset"]) for p in plan["poison"] if p["topic"] == topic}
    for raw in _records(plan, topic):
        if raw.value is None or (raw.partition, raw.offset) in poisoned:
            continue
        with suppress(ValueError, RecursionError):  # sent by the run, but never acknowledged
            message = json.loads(raw.value)
            if isinstance(message, dict) and all(isinstance(message.get(name), str) for name in names):
                yield message


def _records(plan: Plan, topic: str) -> Iterator[Raw]:
    """Yield all records of a topic up to its present end."""
    consumer = KafkaConsumer(**plan["kafka"], consumer_timeout_ms=PATIENCE_MS, enable_auto_commit=False)
    try:
        name = plan["prefix"] + topic
        partitions = [TopicPartition(name, number) for number in consumer.partitions_for_topic(name) or ()]
        consumer.assign(partitions)
        consumer.seek_to_beginning(*partitions)
        left = {place for place, end in consumer.end_offsets(partitions).items() if end > consumer.position(place)}
        ends = consumer.end_offsets(partitions)
        while left:
            batches = consumer.poll(PATIENCE_MS, max_records=500)
            if not batches:
                raise TimeoutError(f"Kafka hands out no records of {name}")
            for batch in batches.values():
                yield from (Raw(one.partition, one.offset, one.value, dict(one.headers)) for one in batch)
            left = {place for place in left if consumer.position(place) < ends[place]}
    finally:
        consumer.close()


def _text_of(plan: Plan, page: Mapping[str, Any]) -> bytes | None:
    """Return the part of a fetched page that differs between its versions."""
    if page.get("body") is not None:
        packed = base64.b64decode(page["body"])
    else:
        paths: Iterable[Path] = Path(plan["blobs"]).rglob(page["body_ref"])
        packed = next(iter(paths)).read_bytes()
    body = zstandard.ZstdDecompressor().decompressobj().decompress(packed)
    found = TITLE.search(body)
    return found[0] if found else None
