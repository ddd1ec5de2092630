"""What a partition of deduplicated-articles has taught: each article's story, and what each story holds."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, Literal

import msgspec
from msgspec import Struct

from newswire.stage import Answer, Out
from schemas.messages import Article, ArticleText, DeduplicatedArticle, StoryChanged
from schemas.topics import ARTICLES, DEDUPLICATED_ARTICLES, STORIES

if TYPE_CHECKING:
    from pathlib import Path

    from newswire.stage import Record

WINDOW_MS = 30 * 24 * 3600 * 1000
FILE = "state.msgpack"
Change = Literal["created", "grew"]


class Story(Struct):
    """The members of a story and what is said of them."""

    story_id: str
    headline: str
    first_seen_at: dt.datetime
    last_seen_at: dt.datetime
    touched_ms: int
    members: list[str] = []
    outlets: list[str] = []
    languages: list[str] = []
    revision: int = 0


class Memory(Struct):
    """All that is kept; dicts are in the order of last use, so that the oldest are forgotten first."""

    clock_ms: int = 0
    story_of: dict[str, str] = {}
    stories: dict[str, Story] = {}
    events: dict[str, int] = {}


class ClusterState:
    """Decides record by record; the clock is the newest record time, so a replay decides the same."""

    def __init__(self) -> None:
        self._memory = Memory()

    def decide(self, record: Record[DeduplicatedArticle]) -> Answer:
        """Place the article; what is unchanged or was answered before needs no message."""
        memory, article = self._memory, record.value
        if article is None:
            return ()
        memory.clock_ms = max(memory.clock_ms, record.timestamp_ms)
        self._forget()
        event = record.headers.get("ce_id") or DEDUPLICATED_ARTICLES.id_of(article)
        if event in memory.events:
            return ()
        memory.events[event] = memory.clock_ms
        return () if article.verdict == "unchanged" else self._place(article)

    def _place(self, article: DeduplicatedArticle) -> tuple[Out[Any], ...]:
        memory = self._memory
        known = memory.story_of.get(article.article_id)
        story = memory.stories.pop(known or self._choose(article), None) or _begin(article)
        memory.stories[story.story_id] = story
        story.touched_ms = memory.clock_ms
        if known:
            return (_announce_article(article, story),)
        memory.story_of[article.article_id] = story.story_id
        _add(story, article)
        return _announce_article(article, story), _announce_story(
            story, "created" if len(story.members) == 1 else "grew"
        )

    def _choose(self, article: DeduplicatedArticle) -> str:
        """Return the story of the article's original, or the article's own."""
        is_copy = article.copy_of and article.copy_tier != "derived"
        return self._memory.story_of.get(article.copy_of or "", "") if is_copy else ""

    def _forget(self) -> None:
        memory, oldest_ms = self._memory, self._memory.clock_ms - WINDOW_MS
        while memory.events and next(iter(memory.events.values())) < oldest_ms:
            del memory.events[next(iter(memory.events))]
        while memory.stories and (oldest := next(iter(memory.stories.values()))).touched_ms < oldest_ms:
            del memory.stories[oldest.story_id]
            for member in oldest.members:
                del memory.story_of[member]

    def save(self, folder: Path) -> None:
        """Write everything into one file."""
        (folder / FILE).write_bytes(msgspec.msgpack.encode(self._memory))

    def load(self, folder: Path) -> None:
        """Take over what `save` wrote."""
        self._memory = msgspec.msgpack.decode((folder / FILE).read_bytes(), type=Memory)


def _begin(article: DeduplicatedArticle) -> Story:
    seen = article.first_seen_at
    return Story(article.article_id, article.title, first_seen_at=seen, last_seen_at=seen, touched_ms=0)


def _add(story: Story, article: DeduplicatedArticle) -> None:
    story.members.append(article.article_id)
    story.outlets += [article.outlet] if article.outlet not in story.outlets else []
    story.languages += [article.language] if article.language not in story.languages else []
    story.first_seen_at = min(story.first_seen_at, article.first_seen_at)
    story.last_seen_at = max(story.last_seen_at, article.first_seen_at)
    story.revision += 1


def _announce_article(article: DeduplicatedArticle, story: Story) -> Out[Article]:
    fields = {name: getattr(article, name) for name in ArticleText.__struct_fields__}
    verdict = {name: getattr(article, name) for name in ("version", "copy_of", "copy_tier", "scores", "reasons")}
    return Out(ARTICLES, Article(**fields, **verdict, story_id=story.story_id))


def _announce_story(story: Story, change: Change) -> Out[StoryChanged]:
    return Out(
        STORIES,
        StoryChanged(
            story_id=story.story_id,
            revision=story.revision,
            change=change,
            headline=story.headline,
            size=len(story.members),
            members=tuple(story.members),
            outlets=tuple(story.outlets),
            languages=tuple(story.languages),
            first_seen_at=story.first_seen_at,
            last_seen_at=story.last_seen_at,
        ),
    )
