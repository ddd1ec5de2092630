"""How soon saved searches send alerts: 1,000 of them on a real Elasticsearch, with 50 synthetic articles a second.

    python benchmarks/watch.py [--searches 1000] [--rate 50] [--seconds 30] [--stored 10000] [--servers STATE_DIR]

One process indexes and watches in turn, so it has half the time that two stages have. The gate is the promise itself:
95 of 100 alerts within ten seconds of their article being searchable, and no backlog that grows.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
import random
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import msgspec
from elasticsearch import Elasticsearch

from benchmarks.elastic_server import open_server
from consumers.index.indexer import ArticleIndexer
from consumers.watch.watcher import Watcher
from newswire.clock import SystemClock
from newswire.elastic.bulk import Write, write_all
from newswire.elastic.client import build_saved_searches_index
from newswire.saved.searches import SavedSearch, search_id_of
from newswire.search.request import SearchRequest
from newswire.stage import Record
from schemas.messages import Article, IndexedArticle
from schemas.topics import ARTICLES, INDEXED_ARTICLES

LONGEST_SECONDS = 10.0
PREFIX = "watchbench"
SYLLABLES = ("ba", "dor", "el", "fin", "gra", "hol", "iri", "kov", "lun", "mar", "nes", "os", "pel", "rud", "sil")
CHANCE = random.Random(1)  # noqa: S311 - the same news every time
WORDS = sorted({"".join(CHANCE.choices(SYLLABLES, k=3)) for _ in range(4000)})
CHANCE.shuffle(WORDS)
LANGUAGES = ("en",) * 5 + ("de", "fr", "es", "ru", "ar")


def write_text(count: int) -> str:
    """Return words with the frequencies of natural text: few are common, most are rare."""
    return " ".join(WORDS[min(int(CHANCE.paretovariate(0.6)) - 1, len(WORDS) - 1)] for _ in range(count))


def make_article(number: int) -> Article:
    """Return an article of 400 words."""
    digest, now = hashlib.sha256(str(number).encode()).hexdigest()[:32], datetime.now(UTC)
    ids = dict.fromkeys(("article_id", "url_id", "content_hash", "story_id"), digest)
    host = f"outlet{number % 40}.example"
    places = dict.fromkeys(("url", "canonical_url", "source", "outlet", "host"), host)
    times = dict.fromkeys(("fetched_at", "first_seen_at", "published_at"), now)
    texts = {"title": write_text(8), "body": write_text(400), "language": CHANCE.choice(LANGUAGES)}
    return Article(**ids, **places, **times, **texts, version=1)


def make_request(number: int) -> SearchRequest:
    """Return a search of one of five kinds."""
    one, two, *more = CHANCE.sample(WORDS, 6)
    kinds = (
        {"words": f"{one} {two}"},
        {"words": f'"{one} {two}"'},
        {"words": f"{one} -{two}"},
        {"words": one, "outlets": (f"outlet{number % 40}.example",)},
        {"words": " ".join(more), "languages": ("en", "de")},
    )
    return msgspec.convert(kinds[number % len(kinds)], SearchRequest)


class Desk:
    """Indexes and announces articles; the record of each has the time from which a search can find it."""

    def __init__(self, client: Elasticsearch) -> None:
        self._index = ArticleIndexer(client, PREFIX, SystemClock())
        self._number = 0

    def publish(self, count: int) -> list[Record[IndexedArticle]]:
        """Return the announcements of new articles."""
        articles = [make_article(number) for number in range(self._number, self._number + count)]
        answers = self._index([Record(ARTICLES.name, 0, 0, 0, None, article) for article in articles])
        announced = [out.value for answer in answers for out in answer]
        records = [
            Record(INDEXED_ARTICLES.name, 0, self._number + place, 0, None, value)
            for place, value in enumerate(announced)
        ]
        self._number += count
        return records


def save(client: Elasticsearch, count: int) -> None:
    """Save searches with alerts."""
    now = datetime.now(UTC)
    searches = [
        SavedSearch(query_id=search_id_of(f"s{n}"), name=f"s{n}", request=make_request(n), created_at=now, pushes=True)
        for n in range(count)
    ]
    home = build_saved_searches_index(PREFIX)
    documents = [msgspec.to_builtins(search, builtin_types=(datetime,)) for search in searches]
    write_all(client, [Write("create", home, document["query_id"], document) for document in documents])
    client.indices.refresh(index=home)


def measure(client: Elasticsearch, chosen: argparse.Namespace) -> Iterator[tuple[str, float]]:
    """Yield the figures."""
    desk, watch = Desk(client), Watcher(client, PREFIX, SystemClock())
    for _ in range(0, chosen.stored, 500):
        desk.publish(500)
    save(client, chosen.searches)
    watch(desk.publish(chosen.rate))  # the server has seen the searches once
    begin, done, delays, batches, alerts = time.monotonic(), 0, [], [], 0
    while (passed := time.monotonic() - begin) < chosen.seconds:
        due = int(passed * chosen.rate) - done
        if not due:
            time.sleep(0.01)
            continue
        records = desk.publish(due)
        searchable = time.monotonic()
        alerts += sum(map(len, watch(records)))
        batches.append(time.monotonic() - searchable)
        delays += [batches[-1]] * due
        done += due
    yield "searches", chosen.searches
    yield "articles_per_s", done / passed
    yield "backlog_s", passed - done / chosen.rate
    yield "alerts", alerts
    yield "batches", len(batches)
    yield "median_s", statistics.median(delays)
    yield "p95_s", statistics.quantiles(delays, n=20)[-1]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, and compare with the limit."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("searches", 1000), ("rate", 50), ("seconds", 30), ("stored", 10_000)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--servers", type=Path, help="the state directory of servers that run already")
    parser.add_argument("--json", type=Path)
    chosen = parser.parse_args(arguments)
    print(f"machine: {os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}")
    with open_server(chosen.servers, PREFIX) as client:
        found = dict(measure(client, chosen))
    for name, value in found.items():
        print(f"{name:20s} {value:12,.3f}")
    if chosen.json:
        chosen.json.write_text(json.dumps(found, indent=1) + "\n", "utf-8")
    is_late = found["p95_s"] > LONGEST_SECONDS or found["backlog_s"] > LONGEST_SECONDS
    print("too late" if is_late else "good")
    return int(is_late)


if __name__ == "__main__":
    sys.exit(main())
