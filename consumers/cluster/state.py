"""What a partition of deduplicated-articles has taught: each article's story, and what each story holds."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import msgspec
from msgspec import Struct

from consumers.cluster.assignment import Assignment, StoryAssigner
from consumers.cluster.candidates import Doc
from consumers.cluster.idf import load_vocabulary
from consumers.cluster.similarity import profile
from consumers.cluster.story_log import FOLDED, STORY_REASON, STORY_SCORE, StoryLog
from consumers.cluster.words import read_words
from newswire.stage import Answer, Out
from schemas.messages import Article, ArticleText, DeduplicatedArticle
from schemas.topics import DEDUPLICATED_ARTICLES

if TYPE_CHECKING:
    from pathlib import Path

    from newswire.stage import Record

FILE: Final = "state.msgpack"
BELIEVED: Final = timedelta(days=14)  # an older date of publication says when something began, not when it was told


class SavedCluster(Struct):
    """A snapshot, but for what `StoryAssigner` writes."""

    count: int
    chronicle: StoryLog


class ClusterState:
    """Decides record by record; the clock is the newest record time, so a replay decides the same."""

    def __init__(self, vocabularies: Path | None = None) -> None:
        self._vocabularies = vocabularies
        self._count = 0
        self._placing = StoryAssigner()
        self._chronicle = StoryLog()

    def decide(self, record: Record[DeduplicatedArticle]) -> Answer:
        """Place the article; what is unchanged or was answered before needs no message."""
        article, chronicle = record.value, self._chronicle
        if article is None:
            return ()
        chronicle.clock_ms = max(chronicle.clock_ms, record.timestamp_ms)
        chronicle.forget()
        self._placing.forget(chronicle.clock_ms)
        event = record.headers.get("ce_id") or DEDUPLICATED_ARTICLES.id_of(article)
        if not chronicle.is_new_event(event) or article.verdict == "unchanged":
            return ()
        if known := chronicle.story_of(article.article_id):
            return (*chronicle.revise(_told(article, Assignment(known)), self._placing.central),)
        return self._place(article)

    def _place(self, article: DeduplicatedArticle) -> tuple[Out[Any], ...]:
        source = self._chronicle.story_of(article.copy_of)
        if source and article.copy_tier in FOLDED:
            placement = Assignment(source)
        else:
            words = read_words(article.title, article.body, article.language)
            vocabulary = load_vocabulary(article.language, self._vocabularies)
            doc = Doc(
                self._count,
                article.article_id,
                article.host,
                _time_ms(article),
                self._chronicle.clock_ms,
                profile(words, vocabulary),
            )
            self._count += 1
            placement = self._placing.place(doc, source)
        return (*self._chronicle.add(_told(article, placement), placement.moves, self._placing.central),)

    def save(self, folder: Path) -> None:
        """Write everything into the folder."""
        self._placing.save(folder)
        (folder / FILE).write_bytes(msgspec.msgpack.encode(SavedCluster(self._count, self._chronicle)))

    def load(self, folder: Path) -> None:
        """Take over what `save` wrote."""
        saved = msgspec.msgpack.decode((folder / FILE).read_bytes(), type=SavedCluster)
        self._count, self._chronicle = saved.count, saved.chronicle
        self._placing.load(folder)


def _time_ms(article: DeduplicatedArticle) -> int:
    """Return when it was published, as far as that can be true."""
    seen: datetime = article.first_seen_at
    published = article.published_at
    is_believed = published is not None and seen - BELIEVED <= published <= seen
    return int((published if published and is_believed else seen).timestamp() * 1000)


def _told(article: DeduplicatedArticle, placement: Assignment) -> Article:
    """Return the article with its story, and why it stands there."""
    fields = {name: getattr(article, name) for name in ArticleText.__struct_fields__}
    verdict = {name: getattr(article, name) for name in ("version", "copy_of", "copy_tier", "scores", "reasons")}
    if placement.evidence is not None:
        shares = {f"{STORY_SCORE}_{name}": round(value, 3) for name, value in placement.evidence._asdict().items()}
        verdict["scores"] = {**article.scores, STORY_SCORE: round(placement.score or 0.0, 3), **shares}
        reason = f"{STORY_REASON} as {placement.nearest}: {placement.evidence.in_words()}"
        verdict["reasons"] = (*article.reasons, reason)
    return Article(**fields, **verdict, story_id=placement.story_id)
