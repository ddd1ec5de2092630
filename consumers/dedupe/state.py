"""What a partition of parsed-articles has taught: who came first, which version is the newest, which text is known."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Literal

import msgspec
import xxhash
from msgspec import Struct

from newswire.stage import Answer, Out
from schemas.messages import ArticleText, DeduplicatedArticle, ParsedArticle
from schemas.topics import DEDUPLICATED_ARTICLES, PARSED_ARTICLES

if TYPE_CHECKING:
    from pathlib import Path

    from newswire.stage import Record

WINDOW_MS = 30 * 24 * 3600 * 1000
FILE = "state.msgpack"
Part = Literal["title", "body"]


class Known(Struct, array_like=True):
    """The newest version of an article."""

    version: int
    content_hash: str
    title_hash: int
    body_hash: int
    first_seen_at: dt.datetime
    seen_ms: int
    copy_of: str | None = None


class Memory(Struct):
    """All that is kept; each dict is in the order of last use, so that the oldest are forgotten first."""

    clock_ms: int = 0
    articles: dict[str, Known] = {}
    texts: dict[str, tuple[str, int]] = {}
    events: dict[str, int] = {}


class DedupeState:
    """Decides record by record; the clock is the newest record time, so a replay decides the same."""

    def __init__(self) -> None:
        self._memory = Memory()

    def decide(self, record: Record[ParsedArticle]) -> Answer:
        """Say what the article is to those before it; a redelivered record has been answered already."""
        memory, article = self._memory, record.value
        if article is None:
            return ()
        memory.clock_ms = max(memory.clock_ms, record.timestamp_ms)
        self._forget()
        event = record.headers.get("ce_id") or PARSED_ARTICLES.id_of(article)
        if event in memory.events:
            return ()
        memory.events[event] = memory.clock_ms
        return (Out(DEDUPLICATED_ARTICLES, self._judge(article)),)

    def _judge(self, article: ParsedArticle) -> DeduplicatedArticle:
        memory, clock_ms = self._memory, self._memory.clock_ms
        before = memory.articles.pop(article.article_id, None)
        title_hash, body_hash = _hash(article.title), _hash(article.body)
        if before and before.content_hash == article.content_hash:
            memory.articles[article.article_id] = before
            before.seen_ms = clock_ms
            return _answer(article, before, "unchanged")
        original, _ = memory.texts.setdefault(article.content_hash, (article.article_id, clock_ms))
        known = Known(
            version=before.version + 1 if before else 1,
            content_hash=article.content_hash,
            title_hash=title_hash,
            body_hash=body_hash,
            first_seen_at=before.first_seen_at if before else article.first_seen_at,
            seen_ms=clock_ms,
            copy_of=None if original == article.article_id else original,
        )
        memory.articles[article.article_id] = known
        return _answer(article, known, "revision" if before else "new", before)

    def _forget(self) -> None:
        """Forget what is older than the window, by record times alone."""
        memory, oldest_ms = self._memory, self._memory.clock_ms - WINDOW_MS
        while memory.events and next(iter(memory.events.values())) < oldest_ms:
            del memory.events[next(iter(memory.events))]
        while memory.texts and next(iter(memory.texts.values()))[1] < oldest_ms:
            del memory.texts[next(iter(memory.texts))]
        while memory.articles and next(iter(memory.articles.values())).seen_ms < oldest_ms:
            del memory.articles[next(iter(memory.articles))]

    def save(self, folder: Path) -> None:
        """Write everything into one file."""
        (folder / FILE).write_bytes(msgspec.msgpack.encode(self._memory))

    def load(self, folder: Path) -> None:
        """Take over what `save` wrote."""
        self._memory = msgspec.msgpack.decode((folder / FILE).read_bytes(), type=Memory)


def _hash(text: str) -> int:
    return xxhash.xxh3_64_intdigest(" ".join(text.casefold().split()).encode()) >> 1  # msgpack has signed 64 bits


def _answer(
    article: ParsedArticle, known: Known, verdict: Literal["new", "revision", "unchanged"], before: Known | None = None
) -> DeduplicatedArticle:
    fields = {name: getattr(article, name) for name in ArticleText.__struct_fields__}
    changed: list[Part] = []
    if before:
        changed += ["title"] if before.title_hash != known.title_hash else []
        changed += ["body"] if before.body_hash != known.body_hash else []
    return DeduplicatedArticle(
        **fields | {"first_seen_at": known.first_seen_at},
        verdict=verdict,
        version=known.version,
        copy_of=known.copy_of,
        copy_tier="exact" if known.copy_of else None,
        reasons=("title and body are the same",) if known.copy_of else (),
        changed=tuple(changed),
    )
