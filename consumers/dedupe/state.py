"""The state of dedupe for one partition of parsed-articles, and its decisions."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, Final

import msgspec
import numpy as np
import xxhash

from consumers.dedupe.boilerplate import Boilerplate
from consumers.dedupe.key_index import KeyIndex, event_id_of
from consumers.dedupe.near_duplicates import NearDuplicateIndex
from consumers.dedupe.row_table import VersionRow
from consumers.dedupe.shingles import Shingles, read_shingles, share_new
from consumers.dedupe.to_message import TIERS, Tier, build_verdict, without_text
from newswire.stage import Answer, Out, TakenDownIds
from newswire.text.fingerprint import Fingerprint, fingerprint
from schemas.topics import DEDUPLICATED_ARTICLES

if TYPE_CHECKING:
    from collections.abc import Sequence
    from collections.abc import Set as AbstractSet
    from pathlib import Path

    from numpy.typing import NDArray

    from newswire.stage import Record
    from schemas.messages import DeduplicatedArticle, ParsedArticle

    Keys = NDArray[np.uint32]

DAY_MS: Final = 24 * 3600 * 1000
WINDOW_MS: Final = 30 * DAY_MS  # older texts are no longer compared
KNOWN_MS: Final = 400 * DAY_MS  # an older article counts as new when it is seen again
RENEW_MS: Final = WINDOW_MS // 2
HEAD_FILE: Final = "head.msgpack"
NO_ID: Final = bytes(16)
EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
MICROSECOND: Final = dt.timedelta(microseconds=1)
WINDOW: Final = dt.timedelta(milliseconds=WINDOW_MS)
HOUR: Final = dt.timedelta(hours=1)
NOTHING: Final = frozenset[int]()


class ArticleHead(msgspec.Struct):
    """The part of a snapshot that is not in tables; the field names are part of its format."""

    clock_ms: int = 0
    length: int = 0
    oldest: int = 0
    known: int = 0


class DedupeState:
    """Decides record by record; its clock is the newest record time, so a replay gives the same decisions."""

    def __init__(self, folder: Path) -> None:
        self._clock_ms = 0
        self._oldest = 0  # row inside the window
        self._known = 0  # oldest row whose article is remembered
        self._index = NearDuplicateIndex(folder)
        self._keys = KeyIndex()
        self._boilerplate = Boilerplate()
        self._taken = TakenDownIds()

    def honour(self, taken: TakenDownIds, _changed: AbstractSet[str]) -> Sequence[Out[Any]]:
        """Send no text of these articles from now on; there is none to forget, as a state holds hashes only."""
        self._taken = taken
        return ()

    def decide(self, record: Record[ParsedArticle]) -> Answer:
        """Return the verdict on the article; nothing for a redelivered record, which has been answered."""
        article = record.value
        if article is None:
            return ()
        self._advance(record.timestamp_ms)
        event = event_id_of(record)
        id_ = bytes.fromhex(article.article_id)
        found = self._keys.find(id_, _half(article.content_hash), event)
        if found.events and found.events[-1] >= self._oldest:
            return ()
        number, before = len(self._index.rows), self._newest(id_, found.versions)
        if before is not None and self._index.rows[before].content == _half(article.content_hash):
            verdict = self._renew(article, before)
        else:
            verdict = self._judge(article, before, found.same_content)
        row = self._index.rows[number] if number < len(self._index.rows) else None
        self._keys.add(event, number, row)
        if self._taken.covers(article):
            verdict = without_text(verdict)
        return (Out(DEDUPLICATED_ARTICLES, verdict),)

    def _judge(self, article: ParsedArticle, before: int | None, same_content: list[int]) -> DeduplicatedArticle:
        rows, index = self._index.rows, self._index
        earlier = rows[before] if before is not None else None
        row = self._begin_row(article, earlier)
        old = index.shingles(before) if before is not None and before >= self._oldest else None
        counted = frozenset(old.sentences.tolist()) if old else NOTHING
        shingles, keys = self._read(article, row.host, counted)
        exact = self._find_exact(row, same_content)
        match, keys = index.match(shingles, keys, row.host, row.first)
        overlap = match.overlap if match and exact is None else None
        if exact is not None:
            row = self._link(row, exact, "exact")
        elif match:
            row = self._link(row, match.row, match.tier)
        if not row.tier:
            overlap = None
        self._add(row, shingles, keys, counted)
        return build_verdict(article, row, "revision" if earlier else "new", earlier, overlap, share_new(shingles, old))

    def _read(self, article: ParsedArticle, host: int, counted: frozenset[int]) -> tuple[Shingles, Keys]:
        """Return the shingles and keys of a text without its boilerplate."""
        text = _read_text(article)
        boilerplate = self._boilerplate.find(text.sentences, host, self._index.rows, self._oldest, counted)
        return read_shingles(text, boilerplate)

    def _add(self, row: VersionRow, shingles: Shingles, keys: Keys, counted: frozenset[int]) -> None:
        sentences = shingles.sentences
        if counted:
            sentences = sentences[[hash_ not in counted for hash_ in sentences.tolist()]]
        self._boilerplate.add(sentences, len(self._index.rows))
        self._index.add(row, shingles, keys)

    def _begin_row(self, article: ParsedArticle, earlier: VersionRow | None) -> VersionRow:
        number = len(self._index.rows)
        first = earlier.first if earlier else number
        return VersionRow(
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
            version=earlier.version + 1 if earlier else _first_version(article),
            title=xxhash.xxh32_intdigest(article.title.encode()),
            body=xxhash.xxh32_intdigest(article.body.encode()),
            tier=0,
        )

    def _find_exact(self, row: VersionRow, same_content: list[int]) -> int | None:
        """Return the first row of another, earlier article with the same title and body."""
        for number in same_content:
            if number >= self._oldest:
                other = self._index.rows[number]
                if other.first < row.first and other.content == row.content:
                    return number
        return None

    def _link(self, row: VersionRow, number: int, tier: Tier) -> VersionRow:
        """Point the row at its original; a derived article stays its own original."""
        other = self._index.rows[number]
        if tier == "derived":
            return row._replace(copy_of=other.article, tier=TIERS.index(tier))
        original = self._original(other)
        if original.article == row.article:  # the original itself, forgotten and seen again
            return row
        return row._replace(copy_of=original.article, family=original.first, root=original.root, tier=TIERS.index(tier))

    def _original(self, row: VersionRow) -> VersionRow:
        """Follow a copy to its original, which may have become a copy itself; each step goes to an earlier article."""
        while row.is_copy:
            newest = self._newest(row.copy_of, self._keys.versions(row.copy_of))
            if newest is None or self._index.rows[newest].first != row.family:
                # Older than the window, or seen again after it as a new article: only its id is left.
                return row._replace(article=row.copy_of, first=row.family, root=row.root)
            row = self._index.rows[newest]
        return row

    def _newest(self, article: bytes, versions: list[int]) -> int | None:
        for number in reversed(versions):
            if number >= self._known and self._index.rows[number].article == article:
                return number
        return None

    def _renew(self, article: ParsedArticle, before: int) -> DeduplicatedArticle:
        """Remember beyond the window an article that is still seen, unchanged."""
        row = self._index.rows[before]._replace(time_ms=self._clock_ms)
        if before < self._oldest:  # its text was forgotten; from now on it can be copied again
            self._add(row, *self._read(article, row.host, NOTHING), NOTHING)
        elif self._clock_ms - self._index.rows[before].time_ms > RENEW_MS:
            self._index.renew(row)
        return build_verdict(article, row, "unchanged")

    def _advance(self, time_ms: int) -> None:
        """Advance the clock; forget what is older than the window, by record times alone."""
        self._clock_ms = max(self._clock_ms, time_ms)
        oldest = self._first_since(self._clock_ms - WINDOW_MS, self._oldest)
        if oldest > self._oldest:
            self._oldest = oldest
            self._index.forget(oldest)
            self._boilerplate.forget(oldest)
        known = self._first_since(self._clock_ms - KNOWN_MS, self._known)
        if known > self._known:
            self._known = known
            self._index.rows.forget(known)
            self._keys.forget(known)

    def _first_since(self, time_ms: int, number: int) -> int:
        """Return the first row from `number` on that is not older than a time."""
        rows = self._index.rows
        while number < len(rows) and rows.time_ms(number) < time_ms:
            number += 1
        return number

    def save(self, folder: Path) -> None:
        """Write everything into an empty folder."""
        head = ArticleHead(self._clock_ms, len(self._index.rows), self._oldest, self._known)
        (folder / HEAD_FILE).write_bytes(msgspec.msgpack.encode(head))
        self._index.save(folder)
        self._keys.save(folder)
        self._boilerplate.save(folder)

    def load(self, folder: Path) -> None:
        """Take over what `save` wrote."""
        head = msgspec.msgpack.decode((folder / HEAD_FILE).read_bytes(), type=ArticleHead)
        self._clock_ms, self._oldest, self._known = head.clock_ms, head.oldest, head.known
        self._index.load(folder, head.length, head.oldest)
        self._keys.load(folder, head.known)
        self._boilerplate.load(folder, head.oldest)


def _read_text(article: ParsedArticle) -> Fingerprint:
    """Return the fingerprint that parse computed, or compute it: the result is the same."""
    try:
        return Fingerprint.unpack(article.fingerprint or b"")
    except ValueError:
        return Fingerprint.unpack(fingerprint(article.title, article.body, article.language))


def _first_version(article: ParsedArticle) -> int:
    """Return the number of the first version in this log.

    For an article from before the log it is higher than any number given then (docs/decisions/0022).
    """
    age = article.fetched_at - article.first_seen_at
    return 1 + age // HOUR if age >= WINDOW else 1


def _half(content_hash: str) -> int:
    return int(content_hash[:16], 16)
