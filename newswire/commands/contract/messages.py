"""The messages that consumers stumble over: what `newswire contract check` sends and `contract messages` writes."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import msgspec

from schemas.envelope import build_headers, read_headers
from schemas.topics import ARTICLES, STORIES, TOPICS, Topic

Document = dict[str, Any]

ID = "[0-9a-f]{32}"
TIME = "2026-03-02T09:15:00Z"
# What a reader compares before it takes a record of a key that it has; without, the later record wins.
RANKS = {ARTICLES.name: ("version", "story_revision"), STORIES.name: ("revision",)}


@dataclass(frozen=True, slots=True)
class Case:
    """One message of the set; `value` is None for a tombstone."""

    name: str
    says: str
    key: str
    value: Document | None
    headers: list[tuple[str, bytes]]

    def document(self) -> Document:
        """Return it as plain data."""
        headers = read_headers(self.headers)
        return {"name": self.name, "says": self.says, "key": self.key, "headers": headers, "value": self.value}

    def encoded(self) -> bytes | None:
        """Return the record's value."""
        return None if self.value is None else json.dumps(self.value, ensure_ascii=False).encode()


def downstream_topics() -> list[Topic[Any]]:
    """Return the topics that services downstream read."""
    return [topic for topic in TOPICS if "downstream" in topic.read_by]


def build_cases(topic: Topic[Any], run: str) -> list[Case]:
    """Return the set in order; each run has keys of its own, so that it finds no memory of an earlier one."""
    tell = _Teller(topic, run)
    cases = [*(_articles(tell) if topic is ARTICLES else _examples(tell)), *_additions(tell)]
    return [*cases, *_tombstones(tell)] if topic.compacted else cases


def what_is_left(topic: Topic[Any], cases: list[Case]) -> dict[str, Document]:
    """Return what a correct consumer holds after the set.

    Of a compacted topic the greatest record of each key that was not taken down; of others each event once, by ce_id.
    """
    ranks = RANKS.get(topic.name, ())
    held: dict[str, Document] = {}
    for case in cases:
        place = case.key if topic.compacted else read_headers(case.headers)["ce_id"]
        if case.value is None:
            held.pop(place, None)
        elif _rank(case.value, ranks) >= _rank(held.get(place, case.value), ranks):
            held[place] = case.value
    return held


class _Teller:
    """Makes cases of one topic for one run."""

    def __init__(self, topic: Topic[Any], run: str) -> None:
        self.topic = topic
        self._run = run
        folder = files("schemas").joinpath(f"examples/{topic.name}.v{topic.version}")
        self.examples: dict[str, Document] = {
            file.name.removesuffix(".json"): json.loads(file.read_text("utf-8"))
            for file in sorted(folder.iterdir(), key=lambda each: each.name)
        }
        self.first = next(iter(self.examples.values()))

    def id(self, name: str) -> str:
        """Return an id that no other run has."""
        return hashlib.sha256(f"{self._run}|{name}".encode()).hexdigest()[:32]

    def renamed(self, example: Document, name: str = "") -> Document:
        """Return an example whose key, and whose ids in the event's identity, no other run has, nor another name."""
        ids = [field for field in self.topic.identity if re.fullmatch(ID, str(example[field]))]
        return example | {field: self.id(f"{name}{example[field]}") for field in {self.topic.key, *ids}}

    def say(self, name: str, says: str, value: Document, **headers: str) -> Case:
        """Make a case of a message."""
        decoded = msgspec.convert(value, self.topic.message)
        own = self._headers(decoded) + [(key, text.encode()) for key, text in headers.items()]
        return Case(name, says, str(value[self.topic.key]), value, own)

    def take_down(self, name: str, says: str, key: str) -> Case:
        """Make a case of a tombstone."""
        return Case(name, says, key, None, [*self._headers(None), ("first_seen_at", TIME.encode())])

    def _headers(self, decoded: Any) -> list[tuple[str, bytes]]:
        trace = f"00-{self.id('trace')}-{self.id('span')[:16]}-01"
        return build_headers(self.topic, decoded, source="conformance", time=TIME, traceparent=trace)


def _articles(tell: _Teller) -> Iterator[Case]:
    ferry = tell.examples["revision"] | {"article_id": tell.id("ferry"), "story_id": tell.id("story")}
    original = ferry | {"version": 1, "story_revision": 0}
    copy = ferry | {"article_id": tell.id("copy"), "version": 1, "story_revision": 0, "copy_of": ferry["article_id"]}
    revision = original | {"version": 2, "body": "The ferry runs again.\n\nTickets cost five crowns, not four."}
    scripts = {"title": "عودة العبّارة ⛴️ 渡轮复航 \u2028 <b>&amp;</b>", "language": "ar"}
    yield tell.say("new", "an article that was never there before", original)
    yield tell.say("copy", "another outlet's copy of it", copy | {"copy_tier": "exact"})
    yield tell.say("scripts", "other scripts, an emoji, a line separator and what looks like HTML", copy | scripts
                   | {"article_id": tell.id("scripts"), "copy_of": None})  # fmt: skip
    yield tell.say("revision", "a new version of the first article", revision)
    yield tell.say("redelivery", "the same record again, with the same ce_id", revision)
    yield tell.say(
        "story-moved",
        "the same version in another story",
        revision | {"story_revision": 1, "story_id": tell.id("other")},
    )
    yield tell.say("older-story", "an older story_revision after a newer one", revision)
    yield tell.say("older-version", "an older version after a newer one", original)


def _examples(tell: _Teller) -> Iterator[Case]:
    for name, example in tell.examples.items():
        yield tell.say(name, "a record as it comes", tell.renamed(example))
    yield tell.say("redelivery", "the first record again, with the same ce_id", tell.renamed(tell.first))


def _additions(tell: _Teller) -> Iterator[Case]:
    unknown = tell.renamed(tell.first, "unknown") | {"x_note": "ignore me"}
    later = tell.renamed(tell.first, "next") | {"mood": {"name": "sunny", "scores": [0.5, None]}, "reviewed_at": TIME}
    required = msgspec.json.schema_components((tell.topic.message,))[1][tell.topic.message.__name__]["required"]
    least = {name: value for name, value in tell.renamed(tell.first, "least").items() if name in required}
    yield tell.say("unknown-field", "a field that no schema has", unknown)
    yield tell.say("next-release", "fields and a header that a later release adds", later, x_next="1")
    yield tell.say("least", "required fields only", least)


def _tombstones(tell: _Teller) -> Iterator[Case]:
    key = tell.renamed(tell.first, "least")[tell.topic.key]
    yield tell.take_down("tombstone", "what had required fields only is taken down: no value", key)
    yield tell.take_down("tombstone-of-unknown", "a key is taken down that was never there", tell.id("never"))


def _rank(value: Document, names: tuple[str, ...]) -> tuple[Any, ...]:
    return tuple(value.get(name, 0) for name in names)
