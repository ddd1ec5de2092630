"""Do readers find what they look for? Judged searches over the demo press on a real Elasticsearch, scored by nDCG@10.

    python benchmarks/search.py [--full] [--servers STATE_DIR]

The judgements stand in judgements/searches.yml; a hit stands for its family of copies, as readers see it. `--full` also
measures how long searches with facets and highlights take among 200,000 made-up articles, and what an article weighs.
The gate of that is the promise: 95 of 100 within 100 ms.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import statistics
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import yaml
from elasticsearch import Elasticsearch
from msgspec import Struct, convert

from benchmarks import big_index
from benchmarks.elastic_server import open_server
from benchmarks.press import read_articles
from consumers.index.indexer import ArticleIndexer
from newswire.clock import SystemClock
from newswire.search.request import SearchRequest
from newswire.search.search import search_articles
from newswire.stage import Record
from schemas.topics import ARTICLES

HERE = Path(__file__).parent
BASELINE = HERE / "baselines" / "search.json"
JUDGEMENTS = HERE / "judgements" / "searches.yml"
PREFIX = "searchbench"
LEAST_NDCG = 0.9
LONGEST_MS = 100.0
TOLERANCE = 0.01
SHOWN = 10
BEST, TOLD, RELATED = 3, 2, 1


class Judgement(Struct, frozen=True, forbid_unknown_fields=True):
    """A query and the articles that answer it; see searches.yml."""

    query: str
    language: str
    story: str | None = None
    told: int = TOLD
    best: tuple[str, ...] = ()
    related: tuple[str, ...] = ()


class Family(Struct, frozen=True):
    """The near-duplicates of one text: their keys in the demo press, their event and language."""

    keys: frozenset[str]
    story: str
    language: str


def read_judgements() -> list[Judgement]:
    """Return the judged queries."""
    return convert(yaml.safe_load(JUDGEMENTS.read_text("utf-8")), list[Judgement])


def grade(judgement: Judgement, family: Family) -> int:
    """Return the grade of a family for a query."""
    if family.keys & {*judgement.best}:
        return BEST
    is_told = family.story == judgement.story and family.language == judgement.language
    return max(judgement.told if is_told else 0, RELATED if family.keys & {*judgement.related} else 0)


def ndcg(grades: Sequence[int], possible: Sequence[int]) -> float:
    """Return the nDCG of an order of grades, with gains of 2^grade - 1 (Järvelin and Kekäläinen 2002)."""
    best = _gain(sorted(possible, reverse=True))
    return _gain(grades) / best if best else 0.0


def _gain(grades: Sequence[int]) -> float:
    return sum((2**value - 1) / math.log2(place + 2) for place, value in enumerate(grades[:SHOWN]))


def fill(client: Elasticsearch) -> dict[str, Family]:
    """Index the press and return article id -> its family, with the families of our own dedupe stage."""
    told = read_articles()
    indexer = ArticleIndexer(client, PREFIX, SystemClock())
    indexer([Record(ARTICLES.name, 0, 0, 0, None, article) for _, article in told])
    groups = defaultdict(list)
    for telling, article in told:
        original = article.copy_of if article.copy_tier in {"exact", "copy"} else None
        groups[original or article.article_id].append((telling, article))
    families = {}
    for members in groups.values():
        first = members[0][0]
        family = Family(frozenset(telling.key for telling, _ in members), first.story, first.outlet.language)
        families |= {article.article_id: family for _, article in members}
    return families


def score(client: Elasticsearch, families: Mapping[str, Family]) -> Iterator[tuple[Judgement, float]]:
    """Run every query without filters, and score the first hits."""
    every = {id(family): family for family in families.values()}.values()
    for judgement in read_judgements():
        results = search_articles(client, PREFIX, SearchRequest(words=judgement.query, limit=SHOWN))
        grades = [grade(judgement, families[hit.article.article_id]) for hit in results.hits]
        yield judgement, ndcg(grades, [grade(judgement, family) for family in every])


def measure(client: Elasticsearch) -> dict[str, float]:
    """Return the means of all queries and of each language, and the worst queries."""
    scores = list(score(client, fill(client)))
    by_language = defaultdict(list)
    for judgement, value in scores:
        by_language[judgement.language].append(value)
    for judgement, value in sorted(scores, key=lambda pair: pair[1])[:8]:
        print(f"  {value:.3f}  {judgement.language}  {judgement.query}")
    means = {f"ndcg_{language}": statistics.fmean(values) for language, values in sorted(by_language.items())}
    return {"queries": len(scores), "ndcg": statistics.fmean(value for _, value in scores)} | means


def find_regressions(found: Mapping[str, float], baseline: Mapping[str, float]) -> list[str]:
    """Return in words what is below its limit or the baseline."""
    worse = []
    if found["ndcg"] < LEAST_NDCG:
        worse.append(f"nDCG@10 is {found['ndcg']:.3f}, promised are {LEAST_NDCG}")
    worse += [
        f"{name} is {found[name]:.3f}, the baseline is {value:.3f}"
        for name, value in baseline.items()
        if name.startswith("ndcg") and found[name] < value - TOLERANCE
    ]
    if found.get("p95_ms", 0.0) > LONGEST_MS:
        worse.append(f"95 of 100 searches take up to {found['p95_ms']:.0f} ms, promised are {LONGEST_MS:.0f}")
    return worse


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, compare; exit status 1 on a regression."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--full", action="store_true", help="speed and size with many articles too")
    parser.add_argument("--articles", type=int, default=200_000, help="how many those are")
    parser.add_argument("--servers", type=Path, help="the state directory of servers that run already")
    parser.add_argument("--accept", action="store_true", help="write the figures as the new baseline")
    chosen = parser.parse_args(arguments)
    print(f"machine: {os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}")
    with open_server(chosen.servers, PREFIX) as client:
        found = measure(client)
    if chosen.full:
        with open_server(chosen.servers, big_index.PREFIX) as client:
            found |= big_index.measure(client, chosen.articles)
    for name, value in found.items():
        print(f"{name:24} {value:12,.3f}")
    if chosen.accept:
        kept = {name: round(value, 4) for name, value in found.items() if name.startswith(("queries", "ndcg"))}
        BASELINE.write_text(json.dumps(kept, indent=1) + "\n", "utf-8")
    worse = find_regressions(found, json.loads(BASELINE.read_text("utf-8")))
    print(*(f"REGRESSION: {line}" for line in worse), sep="\n", end="\n" if worse else "", file=sys.stderr)
    return 1 if worse else 0


if __name__ == "__main__":
    sys.exit(main())
