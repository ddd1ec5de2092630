"""Stories' quality and speed on synthetic news of a busy week, compared with one pass by the cosine of all words.

    python benchmarks/stories.py [--events 400] [--json FILE]

The gate on speed is relative to a plain hash of the same text in the same run, so that it holds on a busy machine too.
"""

from __future__ import annotations

import argparse
import datetime as dt
import hashlib
import json
import random
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).parents[1]))

from consumers.cluster.idf import load_vocabulary
from consumers.cluster.similarity import Profile, build_profile, compare_profiles
from consumers.cluster.state import ClusterState
from consumers.cluster.words import read_article_words
from newswire.stage import Record, Reject
from schemas.messages import Article, DeduplicatedArticle
from schemas.topics import DEDUPLICATED_ARTICLES

BASELINE = Path(__file__).parent / "baselines" / "stories.json"
TOLERANCE = 0.25
F1_TOLERANCE = 0.005
COSINE = 0.32
BEGIN = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)
COMMON = [f"c{n}" for n in range(3000)]
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
    "tar",
)


class Telling(NamedTuple):
    """A synthetic article and the event that it reports."""

    event: int
    article: DeduplicatedArticle


def make_week(events: int, seed: int = 1) -> list[Telling]:
    """Return one to six reports of each event, in order; the events of each of ten subjects share its words."""
    chance = random.Random(seed)  # noqa: S311 - the same week every time
    subjects = [[_name(chance) for _ in range(30)] for _ in range(10)]
    told = []
    for event in range(events):
        own = [_name(chance) for _ in range(25)]
        subject, begin = chance.choice(subjects), chance.uniform(0, 7)
        times = (begin + chance.expovariate(2) for _ in range(chance.choice((1, 1, 1, 2, 2, 3, 4, 6))))
        told += [(day, event, _tell(chance, own, subject)) for day in times]
    return [Telling(event, _article(n, day, text)) for n, (day, event, text) in enumerate(sorted(told))]


def _name(chance: random.Random) -> str:
    return "".join(chance.choices(SYLLABLES, k=3)).title()


def _tell(chance: random.Random, own: Sequence[str], subject: Sequence[str]) -> tuple[str, str]:
    """Return a headline and a body; every report has only some of the event's words."""
    known = chance.sample(own, 12)
    words = chance.choices(known, k=45) + chance.choices(subject, k=45) + chance.choices(COMMON, k=160)
    chance.shuffle(words)
    lead = [*known[:3], *chance.sample(subject, 2), *chance.choices(COMMON, k=15)]
    chance.shuffle(lead)
    sentences = [" ".join(words[at : at + 18]) for at in range(0, len(words), 18)]
    return " ".join([*known[:2], subject[0], *chance.choices(COMMON, k=4)]), ". so ".join([" ".join(lead), *sentences])


def _article(number: int, day: float, text: tuple[str, str]) -> DeduplicatedArticle:
    digest, seen = hashlib.sha256(str(number).encode()).hexdigest()[:32], BEGIN + dt.timedelta(days=day)
    host = f"outlet{number % 40}.example"
    fields = {**dict.fromkeys(("article_id", "url_id", "content_hash"), digest), "title": text[0], "body": text[1]}
    places = dict.fromkeys(("url", "canonical_url", "source", "outlet", "host"), host)
    times = dict.fromkeys(("fetched_at", "first_seen_at", "published_at"), seen)
    return DeduplicatedArticle(**fields, **places, **times, language="en", verdict="new", version=1)


def run(week: Sequence[Telling]) -> tuple[ClusterState, dict[str, str]]:
    """Return the stage's state after the week, and every article's story."""
    state, stories = ClusterState(), {}
    for number, (_, article) in enumerate(week):
        when = int(article.first_seen_at.timestamp() * 1000)
        answer = state.decide(Record(DEDUPLICATED_ARTICLES.name, 0, number, when, None, article))
        for out in () if isinstance(answer, Reject) else answer:
            if isinstance(out.value, Article):
                stories[out.value.article_id] = out.value.story_id
    return state, stories


def run_cosine(week: Sequence[Telling]) -> dict[str, str]:
    """Return the stories of a baseline: an article joins that of the most similar one within four days."""
    vocabulary, known, stories = load_vocabulary("en"), [], {}
    for _, article in week:
        mine = build_profile(read_article_words(article.title, article.body, "en"), vocabulary)
        near = [(p, i) for p, i, seen in known if article.first_seen_at - seen < dt.timedelta(days=4)]
        profiles: list[Profile] = [p for p, _ in near]
        cosines = compare_profiles(mine, profiles)[:, 0] if near else [0.0]
        best = max(range(len(cosines)), key=lambda place: cosines[place])
        joins = cosines[best] >= COSINE
        stories[article.article_id] = stories[near[best][1]] if joins else article.article_id
        known.append((mine, article.article_id, article.first_seen_at))
    return stories


def bcubed(week: Sequence[Telling], stories: Mapping[str, str]) -> float:
    """Return the BCubed F1 of the stories."""
    pairs = [(telling.event, stories[telling.article.article_id]) for telling in week]
    both, true, said = Counter(pairs), Counter(e for e, _ in pairs), Counter(s for _, s in pairs)
    precision = sum(both[pair] / said[pair[1]] for pair in pairs) / len(pairs)
    recall = sum(both[pair] / true[pair[0]] for pair in pairs) / len(pairs)
    return 2 * precision * recall / (precision + recall)


def measure(events: int) -> Iterator[tuple[str, float]]:
    """Yield the figures."""
    week = make_week(events)
    begin = time.process_time()
    for _, article in week:
        for word in article.body.split():
            hashlib.sha256(word.encode()).digest()
    yardstick = time.process_time() - begin
    begin = time.process_time()
    state, stories = run(week)
    spent = time.process_time() - begin
    yield "articles", len(week)
    yield "ms_per_article", 1000 * spent / len(week)
    yield "yardstick_ratio", yardstick / spent
    yield "bcubed_f1", bcubed(week, stories)
    yield "cosine_bcubed_f1", bcubed(week, run_cosine(week))
    with tempfile.TemporaryDirectory() as folder:
        state.save(Path(folder))
        yield "kb_per_article", sum(path.stat().st_size for path in Path(folder).iterdir()) / 1024 / len(week)
        begin = time.process_time()
        ClusterState().load(Path(folder))
        yield "loaded_per_s", len(week) / (time.process_time() - begin)


def main() -> int:
    """Measure, print, and compare with the baseline."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=400)
    parser.add_argument("--json", type=Path)
    chosen = parser.parse_args()
    found = dict(measure(chosen.events))
    for name, value in found.items():
        print(f"{name:20s} {value:12,.3f}")
    if chosen.json:
        chosen.json.write_text(json.dumps(found, indent=1) + "\n", "utf-8")
    baseline: defaultdict[str, float] = defaultdict(float)
    baseline |= json.loads(BASELINE.read_text("utf-8")) if BASELINE.exists() else {}
    is_slower = found["yardstick_ratio"] < baseline["yardstick_ratio"] * (1 - TOLERANCE)
    is_worse = found["bcubed_f1"] < baseline["bcubed_f1"] - F1_TOLERANCE
    print("slower than the baseline" if is_slower else "worse than the baseline" if is_worse else "good")
    return int(is_slower or is_worse)


if __name__ == "__main__":
    sys.exit(main())
