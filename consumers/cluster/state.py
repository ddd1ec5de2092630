"""The state of cluster for one partition of deduplicated-articles, and its decisions."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import msgspec
from msgspec import Struct

from consumers.cluster.assignment import Assignment, StoryAssigner
from consumers.cluster.candidates import Doc
from consumers.cluster.idf import load_vocabulary
from consumers.cluster.similarity import build_profile
from consumers.cluster.story_log import COPY_TIERS, StoryLog
from consumers.cluster.story_records import STORY_REASON, STORY_SCORE
from consumers.cluster.takedowns import StoryTakedowns
from consumers.cluster.words import read_article_words
from newswire.stage import Answer, Out, TakenDownIds
from schemas.messages import Article, ArticleText, DeduplicatedArticle
from schemas.topics import DEDUPLICATED_ARTICLES

if TYPE_CHECKING:
    from collections.abc import Sequence
    from collections.abc import Set as AbstractSet
    from pathlib import Path

    from newswire.stage import Record

FILE: Final = "state.msgpack"
MAX_DATE_AGE: Final = timedelta(days=14)  # before it was first seen; an older date is not that of the text


class SavedCluster(Struct):
    """The snapshot of a ClusterState, without its StoryAssigner; the story log is called `chronicle` there."""

    count: int
    story_log: StoryLog = msgspec.field(name="chronicle")


class ClusterState:
    """Decides record by record; the clock is the newest record time, so a replay decides the same."""

    def __init__(self, vocabularies: Path | None = None) -> None:
        self._vocabularies = vocabularies
        self._count = 0
        self._assigner = StoryAssigner()
        self._story_log = StoryLog()
        self._takedowns = StoryTakedowns()

    def honour(self, taken: TakenDownIds, changed: AbstractSet[str]) -> Sequence[Out[Any]]:
        """Forget the texts of these articles and send none from now on; return what replaces those that were sent.

        That are tombstones behind whatever this state has sent to `articles`, and their stories without them.
        """
        self._takedowns.ids = taken
        return self._takedowns.enforce(self._story_log, changed, self._assigner.central)

    def decide(self, record: Record[DeduplicatedArticle]) -> Answer:
        """Assign the article to a story; nothing for one that is unchanged or was answered before."""
        article, story_log = record.value, self._story_log
        if article is None:
            return ()
        story_log.clock_ms = max(story_log.clock_ms, record.timestamp_ms)
        story_log.forget()
        self._assigner.forget(story_log.clock_ms)
        event = record.headers.get("ce_id") or DEDUPLICATED_ARTICLES.id_of(article)
        if not story_log.is_new_event(event) or article.verdict == "unchanged":
            return ()
        if known := story_log.story_of(article.article_id):
            outs = (*story_log.revise(_build_article(article, Assignment(known)), self._assigner.central),)
        else:
            outs = self._assign(article)
        return self._takedowns.filter(story_log, article, outs, self._assigner.central)

    def _assign(self, article: DeduplicatedArticle) -> tuple[Out[Any], ...]:
        source = self._story_log.story_of(article.copy_of)
        if source and article.copy_tier in COPY_TIERS:
            assignment = Assignment(source)
        else:
            words = read_article_words(article.title, article.body, article.language)
            vocabulary = load_vocabulary(article.language, self._vocabularies)
            doc = Doc(
                self._count,
                article.article_id,
                article.host,
                _time_ms(article),
                self._story_log.clock_ms,
                build_profile(words, vocabulary),
            )
            self._count += 1
            assignment = self._assigner.assign(doc, source)
        return (*self._story_log.add(_build_article(article, assignment), assignment.moves, self._assigner.central),)

    def save(self, folder: Path) -> None:
        """Write the state into the folder."""
        self._assigner.save(folder)
        (folder / FILE).write_bytes(msgspec.msgpack.encode(SavedCluster(self._count, self._story_log)))

    def load(self, folder: Path) -> None:
        """Take over what `save` wrote."""
        saved = msgspec.msgpack.decode((folder / FILE).read_bytes(), type=SavedCluster)
        self._count, self._story_log = saved.count, saved.story_log
        self._assigner.load(folder)


def _time_ms(article: DeduplicatedArticle) -> int:
    """Return its publication time if that is plausible, otherwise when it was first seen; in milliseconds."""
    seen: datetime = article.first_seen_at
    published = article.published_at
    is_plausible = published is not None and seen - MAX_DATE_AGE <= published <= seen
    return int((published if published and is_plausible else seen).timestamp() * 1000)


def _build_article(article: DeduplicatedArticle, assignment: Assignment) -> Article:
    """Return the article with its story, and the reasons for it."""
    fields = {name: getattr(article, name) for name in ArticleText.__struct_fields__}
    verdict = {name: getattr(article, name) for name in ("version", "copy_of", "copy_tier", "scores", "reasons")}
    if assignment.features is not None:
        shares = {f"{STORY_SCORE}_{name}": round(value, 3) for name, value in assignment.features._asdict().items()}
        verdict["scores"] = {**article.scores, STORY_SCORE: round(assignment.score or 0.0, 3), **shares}
        reason = f"{STORY_REASON} as {assignment.nearest}: {assignment.features.in_words()}"
        verdict["reasons"] = (*article.reasons, reason)
    return Article(**fields, **verdict, story_id=assignment.story_id)
