"""Typed topics, read from topics.yml: the one way to encode and decode what travels."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any, Final, Generic, TypeVar

import msgspec
import yaml

from schemas.bounds import check_bounds
from schemas.messages import (
    Alert,
    Article,
    CrawlRequest,
    DeduplicatedArticle,
    FetchedPage,
    FetchOutcome,
    IndexedArticle,
    ParsedArticle,
    StoryChanged,
    Takedown,
)

M = TypeVar("M")

DAY_MS = 86_400_000
COMPACTION_LAG_MS = 3_600_000  # a reader less behind than this sees every version
TOMBSTONE_DAYS = 7  # a reader that was away longer may miss one


@dataclass(frozen=True, slots=True)
class Topic(Generic[M]):
    """One topic: how its records are keyed, placed, written and read."""

    name: str
    message: type[M]
    description: str
    version: int
    key: str
    identity: tuple[str, ...]
    partitions: int
    written_by: tuple[str, ...]
    read_by: tuple[str, ...]
    consulted_by: tuple[str, ...] = ()
    retention_days: int | None = None
    compacted: bool = False
    compression: str = "producer"
    by_language: bool = False
    languages: dict[str, int] = field(default_factory=dict, repr=False)

    @property
    def readers(self) -> tuple[str, ...]:
        """Return all who read it, in a group or without one."""
        return (*self.consulted_by, *self.read_by)

    def encode(self, value: M) -> bytes:
        """Return the message as JSON."""
        return msgspec.json.encode(value)

    def decode(self, raw: bytes) -> M:
        """Read a message; raises msgspec.ValidationError, out of bounds too, or msgspec.DecodeError."""
        value = msgspec.json.decode(raw, type=self.message)
        if isinstance(value, msgspec.Struct):
            check_bounds(value)
        return value

    def key_of(self, value: M) -> bytes:
        """Return the record's key."""
        return str(getattr(value, self.key)).encode()

    def partition_of(self, value: M) -> int | None:
        """Return the partition that a language has by table; None leaves it to the key's hash."""
        if not self.by_language:
            return None
        return self.languages.get(str(getattr(value, self.key)), self.languages["other"])

    def kept(self) -> dict[str, str]:
        """Return the broker's settings for how long records stay."""
        if not self.compacted:
            return {"cleanup.policy": "delete", "retention.ms": str((self.retention_days or 7) * DAY_MS)}
        return {
            "cleanup.policy": "compact",
            "min.compaction.lag.ms": str(COMPACTION_LAG_MS),
            "delete.retention.ms": str(TOMBSTONE_DAYS * DAY_MS),
        }

    def id_of(self, value: M) -> str:
        """Return the deterministic event id: the same message gets the same id in every run."""
        parts = [msgspec.json.encode(getattr(value, name)).decode() for name in self.identity]
        return hashlib.sha256("|".join([self.message.__name__, *parts]).encode()).hexdigest()[:32]


@cache
def _file() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(files("schemas").joinpath("topics.yml").read_text("utf-8"))
    return loaded


def _topic(name: str, message: type[M]) -> Topic[M]:
    entry = dict(_file()["topics"][name])
    if entry.pop("message") != message.__name__:
        raise ValueError(f"schemas/topics.yml: {name} does not carry {message.__name__}")
    for lists in ("identity", "written_by", "read_by", "consulted_by"):
        entry[lists] = tuple(entry.get(lists, ()))
    languages = _file()["language_partitions"] if entry.get("by_language") else {}
    return Topic(name=name, message=message, languages=languages, **entry)


CRAWL_REQUESTS = _topic("crawl-requests", CrawlRequest)
FETCHED_PAGES = _topic("fetched-pages", FetchedPage)
PARSED_ARTICLES = _topic("parsed-articles", ParsedArticle)
DEDUPLICATED_ARTICLES = _topic("deduplicated-articles", DeduplicatedArticle)
ARTICLES = _topic("articles", Article)
STORIES = _topic("stories", StoryChanged)
INDEXED_ARTICLES = _topic("indexed-articles", IndexedArticle)
ALERTS = _topic("alerts", Alert)
FETCH_OUTCOMES = _topic("fetch-outcomes", FetchOutcome)
TAKEDOWNS = _topic("takedowns", Takedown)

TOPICS: tuple[Topic[Any], ...] = (
    CRAWL_REQUESTS,
    FETCHED_PAGES,
    PARSED_ARTICLES,
    DEDUPLICATED_ARTICLES,
    ARTICLES,
    STORIES,
    INDEXED_ARTICLES,
    ALERTS,
    FETCH_OUTCOMES,
    TAKEDOWNS,
)


@dataclass(frozen=True, slots=True)
class DeadLetterTopic(Topic[bytes]):
    """The topic of a stage's dead letters: the record as it came, its value untouched."""

    def encode(self, value: bytes) -> bytes:
        """Return the original value."""
        return value

    def decode(self, raw: bytes) -> bytes:
        """Return the original value."""
        return raw


def dead_letters_of(stage: str) -> DeadLetterTopic:
    """Return the dead-letter topic of a stage."""
    entry = dict(_file()["dead_letters"])
    return DeadLetterTopic(
        name=f"{stage}-dlq",
        message=bytes,
        description=f"What {stage} could not take, with who, when, where and why in dlq.* headers.",
        version=1,
        key="",
        identity=(),
        written_by=(stage,),
        read_by=tuple(entry.pop("read_by")),
        **entry,
    )


# Readers of topics that are no stage of this pipeline.
OUTSIDERS: Final = frozenset({"crawl_source", "dlq", "downstream"})


def stage_names() -> list[str]:
    """Return the stages that topics.yml names as readers."""
    return sorted({reader for topic in TOPICS for reader in topic.read_by} - OUTSIDERS)


def dead_letters_for(reader: str) -> tuple[DeadLetterTopic, ...]:
    """Return the dead-letter topics of all stages but the reader's own, which it would feed while it reads."""
    return tuple(dead_letters_of(stage) for stage in stage_names() if stage != reader)
