"""The index stage compared with a bare streaming_bulk of the same documents, on one Elasticsearch, in turns.

    python benchmarks/index.py [--articles 6000] [--rounds 3] [--servers STATE_DIR]

The stage makes the documents, finds out what each answer means, refreshes what it announces and announces it; the bare
loop has the documents ready and does none of it. Both refresh at the end. The gate is the ratio of their rates: it
holds on a slow or busy machine too.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import sys
import time
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from elasticsearch import Elasticsearch
from elasticsearch.helpers import streaming_bulk

from benchmarks.big_index import BEGIN, make_article
from benchmarks.elastic_server import open_server
from consumers.index import STAGE
from consumers.index.documents import build_document, external_version
from consumers.index.indexer import ArticleIndexer
from newswire.clock import SystemClock
from newswire.elastic.bulk import CHUNK_BYTES, CHUNK_RECORDS
from newswire.elastic.client import build_index_name
from newswire.settings import Settings
from newswire.stage import Record
from schemas.messages import Article
from schemas.topics import ARTICLES

BASELINE = Path(__file__).parent / "baselines" / "index.json"
PREFIX = "indexbench"
LEAST_RATIO = 0.9


def run_bare(client: Elasticsearch, articles: Sequence[Article]) -> float:
    """Return the seconds of the bare loop."""
    index = build_index_name(PREFIX, BEGIN)
    actions = [
        {
            "_op_type": "index",
            "_index": index,
            "_id": article.article_id,
            "version": external_version(article),
            "version_type": "external",
            "_source": build_document(article, BEGIN),
        }
        for article in articles
    ]
    began = time.monotonic()
    for _ in streaming_bulk(client, actions, chunk_size=CHUNK_RECORDS, max_chunk_bytes=CHUNK_BYTES):
        pass
    client.indices.refresh(index=index)
    return time.monotonic() - began


def run_stage(client: Elasticsearch, articles: Sequence[Article]) -> float:
    """Return the seconds of the stage's handler on batches of the size that its process reads."""
    size = STAGE.batch_records or Settings(_env_file=None).batch_records
    handle = ArticleIndexer(client, PREFIX, SystemClock())
    records = [Record(ARTICLES.name, 0, 0, 0, None, article) for article in articles]
    began = time.monotonic()
    announced = 0
    for start in range(0, len(records), size):
        announced += sum(map(len, handle(records[start : start + size])))
    seconds = time.monotonic() - began
    if announced != len(records):
        raise RuntimeError(f"{announced} of {len(records)} articles were announced")
    return seconds


def measure(client: Elasticsearch, count: int, rounds: int) -> dict[str, float]:
    """Return the rates of both; they alternate and swap their order, each on an empty index."""
    articles = [make_article(number) for number in range(count)]
    seconds: dict[str, list[float]] = {"bare": [], "stage": []}
    runs = {"bare": run_bare, "stage": run_stage}
    for turn in range(rounds + 1):
        for name in sorted(runs, reverse=bool(turn % 2)):
            client.options(ignore_status=404).indices.delete(index=build_index_name(PREFIX, BEGIN))
            passed = runs[name](client, articles)
            if turn:  # the first turn warms the server up
                seconds[name].append(passed)
    found = {f"{name}_per_s": count / statistics.median(values) for name, values in seconds.items()}
    ratios = [bare / stage for bare, stage in zip(seconds["bare"], seconds["stage"], strict=True)]
    return {"articles": count, **found, "ratio": statistics.median(ratios)}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, and compare with the limit; exit status 1 if it is exceeded."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--articles", type=int, default=6_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--servers", type=Path, help="the state directory of servers that run already")
    parser.add_argument("--accept", action="store_true", help="write the figures as the new baseline")
    chosen = parser.parse_args(arguments)
    print(f"machine: {os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}")
    with open_server(chosen.servers, PREFIX) as client:
        found = measure(client, chosen.articles, chosen.rounds)
    for name, value in found.items():
        print(f"{name:16} {value:12,.3f}")
    if chosen.accept:
        BASELINE.write_text(json.dumps({name: round(value, 3) for name, value in found.items()}, indent=1) + "\n")
    if found["ratio"] < LEAST_RATIO:
        print(f"REGRESSION: the stage reaches {found['ratio']:.2f} of a bare bulk, promised are {LEAST_RATIO}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
