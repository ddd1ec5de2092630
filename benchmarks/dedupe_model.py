"""A model check of dedupe's protocol: several parse workers, one log, a decider that is killed at any moment.

A trial writes copies of a few texts into one log, in a random interleaving and with records delivered twice; then a
decider works through it that loses its state, moves to another owner, snapshots and replays as chance will have it.
What it sends must be what an undisturbed decider says, and of every text exactly one article stays an original.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import random
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from consumers.dedupe.state import DedupeState
from newswire.stage import Record, Reject
from newswire.text.fingerprint import fingerprint
from schemas.messages import DeduplicatedArticle, ParsedArticle
from schemas.topics import PARSED_ARTICLES

BEGIN = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)
WORDS = [f"{a}{b}{c}" for a in "bdfgklm" for b in "aeiou" for c in ("n", "r", "st", "x", "ld")]
Log = list[Record[ParsedArticle]]
Sent = dict[str, DeduplicatedArticle]


@dataclass
class Broker:
    """What survives a killed decider: the log, the committed offset, the records sent."""

    log: Log
    committed: int = 0
    sent: Sent = field(default_factory=dict)
    contradictions: int = 0

    def send(self, answers: dict[str, DeduplicatedArticle]) -> None:
        """Accept answers; one that was sent before must be the same."""
        self.contradictions += sum(self.sent.get(key, value) != value for key, value in answers.items())
        self.sent |= answers


def make_article(name: str, body: str, minute: int = 0, host: str | None = None, **fields: Any) -> ParsedArticle:
    """Return an article whose outlet has no other."""
    digest, title = hashlib.sha256(name.encode()).hexdigest()[:32], f"About {name}"
    values = {
        "article_id": digest,
        "url_id": digest,
        "url": f"https://{name}.example/",
        "canonical_url": f"https://{name}.example/",
        "source": name,
        "outlet": name,
        "host": host or f"{name}.example",
        "language": "en",
        "title": title,
        "body": body,
        "content_hash": hashlib.sha256(f"{title}\n{body}".encode()).hexdigest()[:32],
        "fetched_at": BEGIN + dt.timedelta(minutes=minute),
        "first_seen_at": BEGIN + dt.timedelta(minutes=minute),
        "reader": "model",
    } | fields
    packed = fingerprint(values["title"], values["body"], values["language"])
    return ParsedArticle(**values, fingerprint=packed)


def make_record(value: ParsedArticle, offset: int, timestamp_ms: int | None = None) -> Record[ParsedArticle]:
    """Return the article as a record of the log."""
    when = offset * 1000 if timestamp_ms is None else timestamp_ms
    headers = {"ce_id": PARSED_ARTICLES.id_of(value)}
    return Record(PARSED_ARTICLES.name, 0, offset, when, value.language.encode(), value, headers)


def make_log(chance: random.Random) -> tuple[Log, dict[str, str]]:
    """Return a log of copies and revisions, and the group of each article."""
    groups: dict[str, str] = {}
    workers: list[list[ParsedArticle]] = [[] for _ in range(3)]
    for group in "ab"[: chance.randint(1, 2)]:
        base = chance.choices(WORDS, k=40)
        for copy in range(chance.randint(2, 4)):
            words = list(base)
            words[chance.randrange(len(words))] = chance.choice(WORDS)
            article = make_article(f"{group}{copy}", " ".join(words), chance.randrange(9))
            groups[article.article_id] = group
            chance.choice(workers).append(article)
    values: list[ParsedArticle] = []
    while any(workers):
        worker = chance.choice([worker for worker in workers if worker])
        values.append(worker.pop(0))
        if chance.random() < 0.15:
            values.append(chance.choice(values))
    return [make_record(value, offset) for offset, value in enumerate(values)], groups


def decide(state: DedupeState, records: Log) -> Sent:
    """Return the answers by the event that they answer."""
    sent: Sent = {}
    for record in records:
        answer = state.decide(record)
        if isinstance(answer, Reject):
            raise TypeError("dedupe rejects nothing")
        if answer and answer[0].value:
            sent[record.headers["ce_id"]] = answer[0].value
    return sent


def run_disturbed(broker: Broker, chance: random.Random, folder: Path) -> None:
    """Process the log with kills, moves to other owners and snapshots at random points."""
    snapshots: list[tuple[int, Path]] = []
    state = _restart(broker, snapshots, folder)
    while broker.committed < len(broker.log):
        end = min(len(broker.log), broker.committed + chance.randint(1, 3))
        answers = decide(state, broker.log[broker.committed : end])
        fate = chance.random()
        if fate < 0.15:  # killed before anything was sent
            state = _restart(broker, snapshots, folder)
            continue
        broker.send(answers)
        if fate < 0.3:  # killed between the acknowledgement and the commit
            state = _restart(broker, snapshots, folder)
            continue
        broker.committed = end
        if fate < 0.4:
            path = folder / f"snapshot-{len(snapshots)}"
            path.mkdir()
            state.save(path)
            snapshots.append((end, path))
        elif fate < 0.5:  # the partition moves
            state = _restart(broker, snapshots, folder)
        if snapshots and chance.random() < 0.1:  # a snapshot is lost
            shutil.rmtree(snapshots.pop()[1])


def _restart(broker: Broker, snapshots: list[tuple[int, Path]], folder: Path) -> DedupeState:
    state, offset = DedupeState(folder / "texts"), 0
    if snapshots:
        offset, path = snapshots[-1]
        state.load(path)
    decide(state, broker.log[offset : broker.committed])
    return state


def count_violations(seed: int, folder: Path) -> int:
    """Run one trial; return how often it violated the protocol."""
    chance = random.Random(seed)  # noqa: S311 - a reproducible trial
    log, groups = make_log(chance)
    undisturbed = decide(DedupeState(folder / "texts"), log)
    broker = Broker(log)
    run_disturbed(broker, chance, folder)
    originals = [groups[found.article_id] for found in broker.sent.values() if found.copy_of is None]
    wrong_groups = sum(originals.count(group) != 1 for group in set(groups.values()))
    return broker.contradictions + (broker.sent != undisturbed) + wrong_groups
