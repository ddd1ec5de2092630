"""Audit a run from outside: what Kafka, PostgreSQL and Elasticsearch hold, against what the sites published.

Imports nothing of Newswire, so that no fault of the product can hide itself here. The argument is a JSON file:

- `kafka`: kafka-python's options; `prefix`: of the topics; `blobs`: the folder of bodies too large for a message
- `elasticsearch`: `url`, `username`, `password`, `index`; `postgres`: a connection string
- `urls`: announced address -> the states in which it may end, such as `indexed` or `refused(robots)`
- `articles`: canonical address -> `family` and `story` (names), `versions` (at most), and `texts` where every version
  is known: lists of a title and paragraphs
- `poison`: what was sent besides: `topic`, `partition`, `offset`, `kind`, `stages`, `reasons` (none: it must flow)

Prints the findings as JSON; exit code 1 if there are any.
"""

from __future__ import annotations

import base64
import json
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import psycopg
import zstandard
from elasticsearch import Elasticsearch
from elasticsearch.helpers import scan
from kafka import KafkaConsumer, TopicPartition

FINAL_STATES = ("indexed", "unchanged", "rejected", "dead-lettered", "gone", "refused", "failed", "taken-down")
READ = ("indexed", "unchanged")
PATIENCE_MS = 30_000
TITLE = re.compile(rb"<h1>(.*?)</h1>.*?<p>.*</p>", re.DOTALL)
Plan = Mapping[str, Any]


class Finding(NamedTuple):
    """One fault: `lost`, `doubled` or `wrong`, and where."""

    kind: str
    what: str


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


def main(arguments: list[str]) -> int:
    """Audit, and print what was found."""
    plan = json.loads(Path(arguments[0]).read_text("utf-8"))
    evidence = collect(plan)
    findings = sorted(set(audit(plan, evidence)))
    counts = Counter(finding.kind for finding in findings)
    json.dump(
        {
            "lost": counts["lost"],
            "doubled": counts["doubled"],
            "wrong": counts["wrong"],
            "articles": len(plan["articles"]),
            "urls": len(plan["urls"]),
            "documents": len(evidence.documents),
            "poison": len(plan["poison"]),
            "findings": [f"{finding.kind}: {finding.what}" for finding in findings],
        },
        sys.stdout,
        indent=1,
    )
    return 1 if findings else 0


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


def audit(plan: Plan, evidence: Evidence) -> Iterator[Finding]:
    """Yield every fault."""
    yield from _audit_ends(plan, evidence)
    yield from _audit_balance(plan, evidence)
    yield from _audit_documents(plan, evidence)
    yield from _audit_versions(plan, evidence)
    yield from _audit_groups(plan, evidence)
    yield from _audit_topics(plan, evidence)
    yield from _audit_poison(plan, evidence)


def _audit_ends(plan: Plan, evidence: Evidence) -> Iterator[Finding]:
    """Every address that was announced has exactly one end, and an allowed one."""
    for url, ends in plan["urls"].items():
        rows = evidence.rows.get(url, [])
        if not rows:
            yield Finding("lost", f"{url} is not in the ledger")
        elif len(rows) > 1:
            yield Finding("doubled", f"{url} has {len(rows)} rows in the ledger")
        elif rows[0].state not in FINAL_STATES:
            yield Finding("lost", f"{url} has no end: {rows[0].state}")
        elif not {rows[0].state, rows[0].end} & set(ends):
            yield Finding("wrong", f"{url} ended {rows[0].end} instead of {' or '.join(ends)}")


def _audit_balance(plan: Plan, evidence: Evidence) -> Iterator[Finding]:
    """What the ledger calls indexed is in the index, and what is in the index the ledger calls so."""
    indexed = {row.article_id: url for url in plan["urls"] for row in evidence.rows.get(url, []) if row.state in READ}
    found = {each["article_id"]: each["canonical_url"] for each in evidence.documents}
    for article in indexed.keys() - found.keys():
        yield Finding("lost", f"{indexed[article]} is indexed, says the ledger, and is not in the index")
    for article in found.keys() - indexed.keys():
        if found[article] in plan["articles"]:
            yield Finding("wrong", f"{found[article]} is in the index, and the ledger does not say so")


def _audit_documents(plan: Plan, evidence: Evidence) -> Iterator[Finding]:
    """Every published article is one document, with the newest text."""
    by_url = defaultdict(list)
    for document in evidence.documents:
        by_url[document["canonical_url"]].append(document)
    for url, article in plan["articles"].items():
        documents = by_url[url]
        if not documents:
            yield Finding("lost", f"{url} is not searchable")
            continue
        if len(documents) > 1:
            yield Finding("doubled", f"{url} is searchable {len(documents)} times")
        text = [documents[0]["title"], *documents[0]["body"].split("\n\n")]
        if article.get("texts") and text != article["texts"][-1]:
            kind = "lost" if text in article["texts"] else "wrong"
            yield Finding(kind, f"{url} does not have its newest text: {text[0]!r}")


def _audit_versions(plan: Plan, evidence: Evidence) -> Iterator[Finding]:
    """Versions count from 1 without a gap, one text each; there are as many as texts were fetched."""
    texts: dict[str, dict[int, set[str]]] = defaultdict(lambda: defaultdict(set))
    for decided in evidence.decided:
        texts[decided["article_id"]][decided["version"]].add(decided["content_hash"])
    for document in evidence.documents:
        if article := plan["articles"].get(document["canonical_url"]):
            versions = texts[document["article_id"]]
            fetched = len(evidence.pages.get(document["canonical_url"], ())) if article.get("texts") else None
            faults = _faults_of_versions(versions, document["version"], article["versions"], fetched)
            yield from (Finding(kind, f"{document['canonical_url']} {what}") for kind, what in faults)


def _faults_of_versions(
    versions: Mapping[int, set[str]], shown: int, published: int, fetched: int | None
) -> Iterator[Finding]:
    numbers = sorted(versions)
    if numbers != [*range(1, len(numbers) + 1)]:
        yield Finding("lost", f"has versions {numbers}")
    if any(len(hashes) > 1 for hashes in versions.values()):
        yield Finding("doubled", "has one version number for two texts")
    if len({each for hashes in versions.values() for each in hashes}) < len(numbers):
        yield Finding("doubled", "has one text under two version numbers")
    if len(numbers) > published:
        yield Finding("doubled", f"has {len(numbers)} versions, of {published} published")
    if shown != max(numbers, default=0):
        yield Finding("wrong", f"is searchable in version {shown} of {numbers}")
    if fetched is not None and fetched != len(numbers):
        yield Finding("wrong", f"was fetched with {fetched} texts and has {len(numbers)} versions")


def _audit_groups(plan: Plan, evidence: Evidence) -> Iterator[Finding]:
    """Copies and stories are those of the truth, exactly."""
    documents = {
        each["canonical_url"]: each for each in evidence.documents if each["canonical_url"] in plan["articles"]
    }
    for name, field in (("family", "family_id"), ("story", "story_id")):
        right = _group({url: plan["articles"][url][name] for url in documents})
        found = _group({url: document[field] for url, document in documents.items()})
        for members in right - found:
            yield Finding("wrong", f"the {name} of {', '.join(sorted(members))} is not together, or not alone")
    sizes = Counter(each["story_id"] for each in evidence.documents)
    for story in {document["story_id"] for document in documents.values()}:
        change = evidence.stories.get(story)
        if change is None or change["size"] != sizes[story]:
            yield Finding(
                "wrong", f"story {story} has {sizes[story]} articles, its record says {change and change['size']}"
            )


def _group(names: Mapping[str, str]) -> set[frozenset[str]]:
    groups = defaultdict(set)
    for member, name in names.items():
        groups[name].add(member)
    return {frozenset(group) for group in groups.values()}


def _audit_topics(plan: Plan, evidence: Evidence) -> Iterator[Finding]:
    """The newest record of an article is the document, and each version that is searchable was announced."""
    for document in evidence.documents:
        url, newest = document["canonical_url"], evidence.newest.get(document["article_id"])
        if url not in plan["articles"]:
            continue
        if newest is None or (newest["version"], newest["story_id"]) != (document["version"], document["story_id"]):
            yield Finding("wrong", f"{url}: the document is not the newest record of articles")
        if (document["article_id"], document["version"]) not in evidence.announced:
            yield Finding("lost", f"{url}: version {document['version']} was not announced on indexed-articles")


def _audit_poison(plan: Plan, evidence: Evidence) -> Iterator[Finding]:
    """Every malformed record is in the dead letters of each stage that reads its topic, with a reason of its kind."""
    for sent in plan["poison"]:
        if not sent["reasons"]:
            continue
        place = f"{sent['kind']} at {sent['topic']} {sent['partition']}:{sent['offset']}"
        for stage in sent["stages"]:
            reasons = evidence.letters[stage].get((sent["topic"], sent["partition"], sent["offset"]), set())
            if not reasons:
                yield Finding("lost", f"{place} is not among the dead letters of {stage}")
            elif not reasons <= set(sent["reasons"]):
                yield Finding("wrong", f"{place} is a dead letter of {stage} for {sorted(reasons)}")


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


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
