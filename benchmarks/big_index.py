"""Many synthetic articles, and the time of searches with facets and highlights, as the page sends them."""

from __future__ import annotations

import hashlib
import math
import random
import statistics
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from elasticsearch import Elasticsearch
from elasticsearch.helpers import streaming_bulk

from consumers.index.documents import Document, build_document
from newswire.elastic.client import build_alias, build_index_name
from newswire.search.request import SearchRequest
from newswire.search.search import search_articles
from schemas.messages import Article

PREFIX = "bigbench"
BEGIN = datetime(2026, 3, 1, tzinfo=UTC)
SPAN_SECONDS = 28 * 86_400
CHANCE = random.Random(7)  # noqa: S311 - the same news every time
SYLLABLES = (
    "ba",
    "dor",
    "el",
    "fin",
    "gra",
    "hol",
    "iri",
    "kov",
    "lun",
    "mar",
    "nes",
    "os",
    "pel",
    "rud",
    "sil",
    "tan",
)
WORDS = sorted({"".join(CHANCE.choices(SYLLABLES, k=size)) for size in (1, 2, 3, 3, 3, 4, 4) for _ in range(6_000)})
CHANCE.shuffle(WORDS)
LANGUAGES = ("en",) * 6 + ("de", "es", "fr", "ar")
OUTLETS = [f"Outlet {number}" for number in range(300)]
COPY_OF_FIVE = 5  # every fifth article is a copy of the one before
TEXT_WORDS = 450
SEARCHES = 200
RANKS = math.log(100), math.log(5_000)  # of the words asked for: from every fifth article to one in a thousand


def make_article(number: int) -> Article:
    """Return an article; one in five is a copy of its predecessor."""
    is_copy = number % COPY_OF_FIVE == COPY_OF_FIVE - 1
    text = random.Random(number - is_copy)  # noqa: S311 - the copy says the same
    seen = BEGIN + timedelta(seconds=number * 7919 % SPAN_SECONDS)
    outlet = OUTLETS[number * 31 % len(OUTLETS)]
    return Article(
        **dict.fromkeys(("article_id", "url_id", "content_hash"), make_id(number)),
        **dict.fromkeys(("url", "canonical_url"), f"https://outlet{number % 300}.example/news/{number}"),
        **dict.fromkeys(("source", "host"), outlet.lower().replace(" ", "")),
        **dict.fromkeys(("fetched_at", "first_seen_at"), seen),
        story_id=make_id(number // 10 * 10),
        outlet=outlet,
        language=text.choice(LANGUAGES),
        title=write_text(text, 9),
        body=write_text(text, TEXT_WORDS),
        country=text.choice(("GB", "US", "DE", "ES", "FR", "EG")),
        section=text.choice(("news", "sport", "culture", "business")),
        published_at=seen - timedelta(minutes=number % 90),
        published_source="jsonld",
        word_count=TEXT_WORDS,
        version=1,
        copy_of=make_id(number - 1) if is_copy else None,
        copy_tier="copy" if is_copy else None,
    )


def make_id(number: int) -> str:
    """Return the id for a number."""
    return hashlib.sha256(str(number).encode()).hexdigest()[:32]


def write_text(chance: random.Random, count: int) -> str:
    """Return words with the frequencies of natural text: few are common, most are rare."""
    return " ".join(WORDS[min(int(chance.paretovariate(0.5)) - 1, len(WORDS) - 1)] for _ in range(count))


def documents(count: int) -> Iterator[Document]:
    """Yield what the index stage would write."""
    for number in range(count):
        yield build_document(make_article(number), BEGIN)


def requests() -> Iterator[SearchRequest]:
    """Yield searches as the page sends them: one to four words, phrases, filters, always with facets."""
    for number in range(SEARCHES):
        words = [WORDS[int(math.exp(CHANCE.uniform(*RANKS)))] for _ in range(number % 4 + 1)]
        text = f'"{words[0]} {words[1]}" {words[2]}' if number % 8 == 7 else " ".join(words)
        languages = ("en",) if number % 3 == 0 else ()
        outlets = (CHANCE.choice(OUTLETS),) if number % 5 == 0 else ()
        yield SearchRequest(words=text, languages=languages, outlets=outlets, facets=True)


def measure(client: Elasticsearch, count: int) -> dict[str, float]:
    """Fill an index and search it; return the times of searches and the bytes of an article."""
    index = build_index_name(PREFIX, BEGIN)
    actions = ({"_index": index, "_id": one["article_id"], "_source": one} for one in documents(count))
    began = time.monotonic()
    for _ in streaming_bulk(client.options(request_timeout=120), actions, chunk_size=500):
        pass
    filled = time.monotonic() - began
    client.options(request_timeout=600).indices.forcemerge(index=index, max_num_segments=5)
    client.indices.refresh(index=index)
    # Counts would else be remembered from the round that warms up: readers rarely ask the same twice.
    client.indices.put_settings(index=index, settings={"index.requests.cache.enable": False})
    for request in requests():  # others than those that are timed: the server has read its files and compiled its loops
        search_articles(client, PREFIX, request)
    asked = list(requests())
    times, found = [], 0
    for request in asked:
        began = time.monotonic()
        found += search_articles(client, PREFIX, request).total
        times.append((time.monotonic() - began) * 1000)
    stored = client.indices.stats(index=build_alias(PREFIX), metric="store")["_all"]["primaries"]["store"]
    return {
        "articles": count,
        "filled_per_s": count / filled,
        "bytes_per_article": stored["size_in_bytes"] / count,
        "mean_hits": found / len(asked),
        "median_ms": statistics.median(times),
        "p95_ms": statistics.quantiles(times, n=20)[-1],
    }
