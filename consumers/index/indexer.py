"""Indexes batches of articles: keeps superseded versions, writes the newest, applies takedowns, announces."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from itertools import groupby

import msgspec
import structlog
from elasticsearch import Elasticsearch
from elasticsearch.helpers import scan

from consumers.index.documents import (
    Document,
    build_document,
    build_revisions,
    external_version,
    revision_id,
    searchable_since,
)
from newswire.clock import Clock
from newswire.elastic.bulk import Write, read_all, write_all
from newswire.elastic.client import MonthlyKind, build_index_name, elastic_outages_as_retry
from newswire.elastic.templates import TemplateGate
from newswire.stage import Answer, Out, Record, Reject
from newswire.takedowns.taken_down import find_taken_down_articles
from schemas.bounds import is_in_time
from schemas.messages import Article, IndexedArticle, Time
from schemas.topics import INDEXED_ARTICLES

FULL_BATCH = 100
REFRESH_SECONDS = 1.0
NO_MONTH = Reject("tombstone-without-month", "a tombstone needs its article_id as key and first_seen_at as a header")
Placement = str | Reject | None  # the index where a search finds it, why it is refused, or nothing to announce

log = structlog.get_logger()


class ArticleIndexer:
    """The handler of the index stage; it announces a version only once a search can find it."""

    def __init__(
        self, client: Elasticsearch, prefix: str, clock: Clock, prepare: Callable[[], object] | None = None
    ) -> None:
        self._client = client
        self._prefix = prefix
        self._clock = clock
        self._templates = TemplateGate(client, prefix, prepare)
        self._unrefreshed: set[str] = set()
        self._refreshed_at = -REFRESH_SECONDS

    def __call__(self, records: Sequence[Record[Article]], /) -> Sequence[Answer]:
        """Index a batch. Raises Retry when the server is unavailable, busy or without its templates."""
        with elastic_outages_as_retry():
            self._templates.require()
            placements = [
                placement
                for is_takedown, run in groupby(records, lambda record: record.value is None)
                for placement in (self._take_down([*run]) if is_takedown else self._index_allowed(_articles_of(run)))
            ]
            self._refresh(is_full=len(records) >= FULL_BATCH)
        now = self._clock.now()
        return [_answer(record.value, placement, now) for record, placement in zip(records, placements, strict=True)]

    def _index_allowed(self, articles: Sequence[Article]) -> list[Placement]:
        """Index the articles that are not taken down; the others leave no trace, in whatever version they come."""
        taken = find_taken_down_articles(self._client, self._prefix, articles)
        allowed = [article for article in articles if not taken.covers(article)]
        if len(allowed) < len(articles):
            log.info("index.taken_down_left_out", articles=len(articles) - len(allowed))
        placements = iter(self._index(allowed))
        return [None if taken.covers(article) else next(placements) for article in articles]

    def _index(self, articles: Sequence[Article]) -> list[Placement]:
        """Write superseded versions first, then the newest: in the other order, a crash in between would lose one."""
        known = {article.article_id for article in articles if article.version > 1 or article.story_revision > 0}
        changed = [article for article in articles if article.article_id in known]
        stored = read_all(self._client, {article.article_id: self._index_of(article) for article in changed})
        revisions = build_revisions(changed, stored, self._clock.now())
        revisions_in = {article.article_id: self._index_of(article, "revisions") for article in changed}
        refused = self._write(
            [
                Write("create", revisions_in[document["article_id"]], id_, document)
                for id_, document in revisions.items()
            ]
        )
        newest = {article.article_id: article for article in sorted(articles, key=external_version)}
        refused |= self._write(
            [self._build_write(article, stored.get(article.article_id)) for article in newest.values()]
        )
        return [self._placement_of(article, newest[article.article_id], refused) for article in articles]

    def _index_of(self, article: Article, kind: MonthlyKind = "articles") -> str:
        return build_index_name(self._prefix, article.first_seen_at, kind)

    def _build_write(self, article: Article, stored: Document | None) -> Write:
        document = build_document(article, self._clock.now(), searchable_since(stored))
        return Write("index", self._index_of(article), article.article_id, document, external_version(article))

    def _placement_of(self, article: Article, newest: Article, refused: Mapping[str, Reject]) -> Placement:
        """Return where a search finds the article; one superseded within its own batch is among the revisions."""
        if article.version == newest.version:
            return refused.get(article.article_id) or self._index_of(article)
        return refused.get(revision_id(article.article_id, article.version)) or self._index_of(article, "revisions")

    def _take_down(self, tombstones: Sequence[Record[Article]]) -> list[Placement]:
        """Delete articles with all their revisions."""
        months = {id_: seen_at for record in tombstones if (id_ := _id_of(record)) and (seen_at := _month_of(record))}
        indexes = {id_: build_index_name(self._prefix, seen_at) for id_, seen_at in months.items()}
        deletes = [*self._revisions_of(months), *(Write("delete", index, id_) for id_, index in indexes.items())]
        refused = self._write(deletes)
        ids = [_id_of(record) for record in tombstones]
        return [refused.get(id_) if id_ in months else NO_MONTH for id_ in ids]

    def _revisions_of(self, months: Mapping[str, datetime]) -> list[Write]:
        indexes = sorted({build_index_name(self._prefix, seen_at, "revisions") for seen_at in months.values()})
        if not indexes:
            return []
        self._client.indices.refresh(index=indexes, ignore_unavailable=True)  # the newest may not be searchable yet
        query = {"query": {"terms": {"article_id": list(months)}}, "_source": False}
        found = scan(self._client, query=query, index=indexes, ignore_unavailable=True)
        return [Write("delete", hit["_index"], hit["_id"]) for hit in found]

    def _write(self, writes: Sequence[Write]) -> dict[str, Reject]:
        self._unrefreshed.update(write.index for write in writes)
        refused = write_all(self._client, writes) if writes else {}
        for id_, refusal in refused.items():
            log.warning("index.document_refused", id=id_, detail=refusal.detail)
        return refused

    def _refresh(self, *, is_full: bool) -> None:
        """Make what was written searchable; for small batches at most once a second, while the next batch grows."""
        if not self._unrefreshed:
            return
        wait_seconds = self._refreshed_at + REFRESH_SECONDS - self._clock.monotonic()
        if wait_seconds > 0 and not is_full:
            self._clock.sleep(wait_seconds)
        self._client.indices.refresh(index=sorted(self._unrefreshed), ignore_unavailable=True)
        self._refreshed_at = self._clock.monotonic()
        self._unrefreshed.clear()


def _articles_of(records: Iterable[Record[Article]]) -> list[Article]:
    return [record.value for record in records if record.value is not None]


def _id_of(tombstone: Record[Article]) -> str:
    return (tombstone.key or b"").decode("utf-8", "replace")


def _month_of(tombstone: Record[Article]) -> datetime | None:
    try:
        moment = msgspec.convert(tombstone.headers.get("first_seen_at"), Time)
    except msgspec.ValidationError:
        return None
    return moment if is_in_time(moment) else None


def _answer(article: Article | None, placement: Placement, now: datetime) -> Answer:
    if isinstance(placement, Reject):
        return placement
    if article is None or placement is None:
        return ()
    announced = IndexedArticle(
        article_id=article.article_id,
        url_id=article.url_id,
        source=article.source,
        language=article.language,
        version=article.version,
        story_id=article.story_id,
        story_revision=article.story_revision,
        index=placement,
        fetched_at=article.fetched_at,
        first_seen_at=article.first_seen_at,
        indexed_at=now,
    )
    return (Out(INDEXED_ARTICLES, announced),)
