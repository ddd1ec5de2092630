"""What a partition of parsed-articles has taught: who came first, which version is the newest, which text is known."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Final

import msgspec
import numpy as np
import xxhash

from consumers.dedupe.grams import Grams, read_grams
from consumers.dedupe.identity import Identity
from consumers.dedupe.index import TextIndex
from consumers.dedupe.rows import Row
from consumers.dedupe.standing import StandingText
from consumers.dedupe.verdict import TIERS, Tier, answer
from newswire.fingerprint import Fingerprint, fingerprint
from newswire.stage import Answer, Out
from schemas.topics import DEDUPLICATED_ARTICLES, PARSED_ARTICLES

if TYPE_CHECKING:
    from pathlib import Path

    from newswire.stage import Record
    from schemas.messages import DeduplicatedArticle, ParsedArticle

WINDOW_MS: Final = 30 * 24 * 3600 * 1000
RENEW_MS: Final = WINDOW_MS // 2
HEAD_FILE: Final = "head.msgpack"
NO_ID: Final = bytes(16)
EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
MICROSECOND: Final = dt.timedelta(microseconds=1)


class Head(msgspec.Struct):
    """What a snapshot says of itself."""

    clock_ms: int = 0
    length: int = 0
    oldest: int = 0


class DedupeState:
    """Decides record by record. Its clock is the newest record time, so that a replay decides the same."""

    def __init__(self, folder: Path) -> None:
        self._clock_ms = 0
        self._oldest = 0  # row inside the window
        self._index = TextIndex(folder)
        self._identity = Identity()
        self._standing = StandingText()

    def decide(self, record: Record[ParsedArticle]) -> Answer:
        """Say what the article is to those before it; a redelivered record has been answered already."""
        article = record.value
        if article is None:
            return ()
        self._advance(record.timestamp_ms)
        event = record.headers.get("ce_id") or PARSED_ARTICLES.id_of(article)
        if self._identity.is_known_event(event, self._oldest):
            return ()
        self._identity.add_event(event, len(self._index.rows))
        return (Out(DEDUPLICATED_ARTICLES, self._judge(article)),)

    def _judge(self, article: ParsedArticle) -> DeduplicatedArticle:
        before = self._newest(bytes.fromhex(article.article_id))
        if before is not None:
            row = self._index.rows[before]
            if row.content == _half(article.content_hash):
                self._renew(row)
                return answer(article, row, "unchanged")
        return self._judge_text(article, before)

    def _judge_text(self, article: ParsedArticle, before: int | None) -> DeduplicatedArticle:
        rows, index = self._index.rows, self._index
        earlier = rows[before] if before is not None else None
        row = self._begin_row(article, earlier)
        old = index.grams(before) if before is not None else None
        counted = frozenset(old.sentences.tolist()) if old else frozenset[int]()
        text = _read_text(article)
        grams, keys = read_grams(text, self._standing.find(text.sentences, row.host, counted))
        exact = self._find_exact(row)
        match, keys = index.match(grams, keys, row.host, row.first)
        likeness = match.likeness if match and exact is None else None
        if exact is not None:
            row = self._fold(row, exact, "exact")
        elif match:
            row = self._fold(row, match.row, match.tier)
        if not row.tier:
            likeness = None
        index.add(row, grams, keys)
        self._identity.add(row, len(rows) - 1)
        self._count(grams, counted, row)
        return answer(article, row, "revision" if earlier else "new", earlier, likeness, _share_new(grams, old))

    def _begin_row(self, article: ParsedArticle, earlier: Row | None) -> Row:
        number = len(self._index.rows)
        first = earlier.first if earlier else number
        return Row(
            article=bytes.fromhex(article.article_id),
            copy_of=NO_ID,
            content=_half(article.content_hash),
            time_ms=self._clock_ms,
            first_seen_us=earlier.first_seen_us if earlier else (article.first_seen_at - EPOCH) // MICROSECOND,
            place=0,
            length=0,
            host=xxhash.xxh32_intdigest(article.host.encode()),
            first=first,
            family=first,
            root=number,
            version=earlier.version + 1 if earlier else 1,
            title=_hash(article.title),
            body=_hash(article.body),
            tier=0,
        )

    def _find_exact(self, row: Row) -> int | None:
        """Return the first row of another, earlier article with the same title and body."""
        for number in self._identity.same_content(row.content, self._oldest):
            other = self._index.rows[number]
            if other.first < row.first and other.content == row.content:
                return number
        return None

    def _fold(self, row: Row, number: int, tier: Tier) -> Row:
        """Point the row at its original; a derived article stays its own original."""
        other = self._index.rows[number]
        if tier == "derived":
            return row._replace(copy_of=other.article, tier=TIERS.index(tier))
        original = self._original(other)
        if original.article == row.article:  # the original itself, forgotten and seen again
            return row
        return row._replace(copy_of=original.article, family=original.first, root=original.root, tier=TIERS.index(tier))

    def _original(self, row: Row) -> Row:
        """Follow a copy to its original, which may have become a copy itself; each step goes to an earlier article."""
        while row.is_copy:
            newest = self._newest(row.copy_of)
            if newest is None or self._index.rows[newest].first != row.family:
                # Older than the window, or back after it as another article: its name is all that is left.
                return row._replace(article=row.copy_of, first=row.family, root=row.root)
            row = self._index.rows[newest]
        return row

    def _newest(self, article: bytes) -> int | None:
        for number in self._identity.versions(article, self._oldest):
            if self._index.rows[number].article == article:
                return number
        return None

    def _renew(self, row: Row) -> None:
        """Remember an article that is still seen beyond the window."""
        if self._clock_ms - row.time_ms > RENEW_MS:
            self._identity.add(row, len(self._index.rows))
            self._index.renew(row._replace(time_ms=self._clock_ms))

    def _count(self, grams: Grams, counted: frozenset[int], row: Row) -> None:
        fresh = np.array([hash_ not in counted for hash_ in grams.sentences.tolist()], np.bool_)
        sentences = grams.sentences[fresh] if counted else grams.sentences
        self._standing.add(sentences, row.host, self._clock_ms, is_linked=row.tier > 0)

    def _advance(self, time_ms: int) -> None:
        """Move the clock; forget what is older than the window, by record times alone."""
        self._clock_ms = max(self._clock_ms, time_ms)
        rows, oldest = self._index.rows, self._oldest
        while oldest < len(rows) and rows[oldest].time_ms < self._clock_ms - WINDOW_MS:
            oldest += 1
        if oldest > self._oldest:
            self._oldest = oldest
            self._index.forget(oldest)
            self._identity.forget(oldest)

    def save(self, folder: Path) -> None:
        """Write everything into an empty folder."""
        head = Head(self._clock_ms, len(self._index.rows), self._oldest)
        (folder / HEAD_FILE).write_bytes(msgspec.msgpack.encode(head))
        self._index.save(folder)
        self._identity.save(folder)
        self._standing.save(folder)

    def load(self, folder: Path) -> None:
        """Take over what `save` wrote."""
        head = msgspec.msgpack.decode((folder / HEAD_FILE).read_bytes(), type=Head)
        self._clock_ms, self._oldest = head.clock_ms, head.oldest
        self._index.load(folder, head.length, head.oldest)
        self._identity.load(folder, head.oldest)
        self._standing.load(folder)


def _read_text(article: ParsedArticle) -> Fingerprint:
    """Return the fingerprint that parse took, or take it: the same either way."""
    try:
        return Fingerprint.unpack(article.fingerprint or b"")
    except ValueError:
        return Fingerprint.unpack(fingerprint(article.title, article.body, article.language))


def _share_new(grams: Grams, old: Grams | None) -> float | None:
    if old is None:
        return None
    known = np.isin(grams.threes, old.threes, assume_unique=True)
    return 1 - float(known.mean()) if len(known) else 0.0


def _half(content_hash: str) -> int:
    return int(content_hash[:16], 16)


def _hash(text: str) -> int:
    return xxhash.xxh32_intdigest(" ".join(text.casefold().split()).encode())
