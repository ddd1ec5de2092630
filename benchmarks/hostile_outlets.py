"""One outlet with impossible dates and one whose pages overrun, beside twenty sound ones, on the real servers.

Prints how long it takes until every sound page is searchable, and what became of the others. Exit code 1 if a sound
page or a page with an impossible date is lost. No page within the parser's limits needs the budget of 10 s of CPU,
so the budget is set to half a second, of which a sound page needs a tenth.
"""

from __future__ import annotations

import datetime as dt
import json
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any

import msgspec
from kafka import KafkaProducer
from rich.console import Console

from benchmarks.chaos.articles import ChaosArticle, make_articles
from benchmarks.chaos.product import Product
from newswire.elastic.client import build_alias, open_elasticsearch
from newswire.kafka.body_store import pack_body
from newswire.kafka.clients import connection_options
from newswire.kafka.reader import read_topic
from newswire.settings import Settings
from newswire.stack.standstill import Standstill
from newswire.text.ids import url_id
from schemas.messages import FetchedPage

SOUND, HOSTILE, OUTLETS = 400, 400, 20
DATE = "9999-12-31T23:59:59.9999999-05:00"  # .NET's DateTime.MaxValue, west of Greenwich
STANDSTILL_SECONDS = 120.0
PARAGRAPHS = 13_500  # just within the parser's limits
SETTINGS = {"NEWSWIRE_PARSE_SECONDS": "0.5", "NEWSWIRE_DURABLE": "false"}


def make_pages() -> list[FetchedPage]:
    """Return all pages, mixed."""
    articles = make_articles(SOUND + HOSTILE, OUTLETS, seed=4)
    pages = [_page(f"sound-{article.outlet}", article, _html(article)) for article in articles[:SOUND]]
    pages += [_page("hostile-dates", article, _html(article, DATE)) for article in articles[SOUND:]]
    pages += [_page("overrunning", article, _heavy(article)) for article in articles[SOUND:]]
    random.Random(4).shuffle(pages)  # noqa: S311 - not a secret
    return pages


def main() -> int:
    """Send the pages, and wait until those of the sound outlets are searchable."""
    console = Console(stderr=True)
    with tempfile.TemporaryDirectory() as folder:
        product = Product(Path(folder) / "state", SETTINGS, seed=4, parts="postgres,kafka,elasticsearch,consumers")
        with product.running():
            result = _measure(product.settings, console)
    print(json.dumps(result, indent=1))
    is_good = result["sound"] == SOUND and result["hostile-dates"] == HOSTILE
    console.print("Every sound page is searchable" if is_good else "Pages are lost: see the numbers above")
    return 0 if is_good else 1


def _measure(settings: Settings, console: Console) -> dict[str, Any]:
    pages = make_pages()
    producer = KafkaProducer(**connection_options(settings, "benchmark"), acks="all", max_request_size=8 << 20)
    began = time.monotonic()
    for page in pages:
        producer.send("fetched-pages", key=page.url_id.encode(), value=msgspec.json.encode(page))
    producer.flush(120)
    producer.close(5)
    after: dict[str, float] = {}
    standstill = Standstill(STANDSTILL_SECONDS)
    while len(after) < 2 and not standstill.is_over:
        counts = _count(settings)
        standstill.observe(counts)
        for name, wanted in (("sound", SOUND), ("hostile-dates", HOSTILE)):
            if counts[name] >= wanted:
                after.setdefault(name, round(time.monotonic() - began, 1))
        console.print(f"{time.monotonic() - began:6.1f} s: searchable {counts}")
        time.sleep(1)
    reasons = [dict(raw.headers).get("dlq.error.type", b"").decode() for raw in read_topic(settings, "parse-dlq")]
    letters = {reason: reasons.count(reason) for reason in sorted(set(reasons))}
    return {**_count(settings), "seconds until all are searchable": after, "dead letters of parse": letters}


def _count(settings: Settings) -> dict[str, int]:
    """Return how many articles of each kind of outlet are searchable."""
    with open_elasticsearch(settings) as client:
        aggregations = {"kinds": {"terms": {"field": "source", "size": 100}}}
        index = build_alias(settings.index_prefix)
        found = client.search(index=index, size=0, aggs=aggregations, ignore_unavailable=True)  # none at first
    counts = {"sound": 0, "hostile-dates": 0, "overrunning": 0}
    for bucket in found.get("aggregations", {}).get("kinds", {}).get("buckets", []):
        name = "sound" if bucket["key"].startswith("sound") else bucket["key"]
        counts[name] += bucket["doc_count"]
    return counts


def _page(source: str, article: ChaosArticle, html: str) -> FetchedPage:
    url, now = f"https://{source}.example{article.path}", dt.datetime.now(dt.UTC)
    return FetchedPage(
        url_id=url_id(url), url=url, final_url=url, source=source, outlet=source, host=f"{source}.example",
        fetched_at=now, first_seen_at=now, status=200, body=pack_body(html.encode()), body_bytes=len(html),
        body_sha256="0" * 64, content_type="text/html; charset=utf-8", language_hint=article.language,
    )  # fmt: skip


def _html(article: ChaosArticle, date: str = "") -> str:
    title, *paragraphs = map(escape, article.texts[0])
    meta = f'<meta property="article:published_time" content="{date}">' if date else ""
    body = "".join(f"<p>{paragraph}</p>" for paragraph in paragraphs)
    head = f"<title>{title}</title>{meta}"
    return f'<html lang="{article.language}">{head}<article><h1>{title}</h1>{body}</article></html>'


def _heavy(article: ChaosArticle) -> str:
    def paragraphs() -> Iterator[str]:
        for number in range(PARAGRAPHS):
            yield f"<p>Paragraph {number} of {article.path} goes on for a while, and <a>a link</a> goes on too.</p>"

    return f"<html><title>A heavy page</title><body>{''.join(paragraphs())}"


if __name__ == "__main__":
    sys.exit(main())
