"""The record of the stories: who belongs to which, and what is announced when one changes."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Final, Literal

import msgspec
from msgspec import Struct

from schemas.messages import StoryChanged

if TYPE_CHECKING:
    from schemas.messages import DeduplicatedArticle

MEMORY_MS: Final = 35 * 24 * 3600 * 1000  # as long as the log: until then a revision or a copy may come
MAX_LISTED: Final = 500  # members in a message; `size` counts on


class Known(Struct):
    """One story as it is announced."""

    story_id: str
    headline: str
    first_seen_at: dt.datetime
    last_seen_at: dt.datetime
    touched_ms: int
    headline_of: str = ""  # the article that gave it
    members: list[str] = []
    outlets: list[str] = []
    languages: list[str] = []
    revision: int = 0


class Chronicle(Struct):
    """Dicts are in the order of last use, so that the oldest are forgotten first."""

    stories: dict[str, Known] = msgspec.field(default_factory=dict)
    members: dict[str, str] = msgspec.field(default_factory=dict)
    events: dict[str, int] = msgspec.field(default_factory=dict)

    def is_new_event(self, event: str, clock_ms: int) -> bool:
        """Note a record; False when it was answered before, under this offset or another."""
        if event in self.events:
            return False
        self.events[event] = clock_ms
        return True

    def story_of(self, article_id: str) -> str | None:
        """Return the story that an article belongs to."""
        return self.members.get(article_id)

    def add(self, story_id: str, article: DeduplicatedArticle, clock_ms: int, *, is_copy: bool) -> StoryChanged:
        """Let an article belong to a story; return what is to be announced."""
        story = self._touch(story_id, article, clock_ms)
        self.members[article.article_id] = story_id
        story.members.append(article.article_id)
        story.outlets += [article.outlet] if article.outlet not in story.outlets else []
        story.languages += [article.language] if article.language not in story.languages else []
        story.first_seen_at = min(story.first_seen_at, article.first_seen_at)
        story.last_seen_at = max(story.last_seen_at, article.first_seen_at)
        if article.title and not is_copy and not story.headline:
            story.headline, story.headline_of = article.title, article.article_id
        return _announce(story, "created" if len(story.members) == 1 else "grew")

    def revise(self, story_id: str, article: DeduplicatedArticle, clock_ms: int) -> StoryChanged | None:
        """Note a new version of a member; return what is to be announced when the headline was its own."""
        story = self._touch(story_id, article, clock_ms)
        if story.headline_of != article.article_id or story.headline == article.title or not article.title:
            return None
        story.headline = article.title
        return _announce(story, "grew")

    def forget(self, clock_ms: int) -> None:
        """Forget what has been still for longer than the log reaches back."""
        oldest_ms = clock_ms - MEMORY_MS
        while self.events and next(iter(self.events.values())) < oldest_ms:
            del self.events[next(iter(self.events))]
        while self.stories and (oldest := next(iter(self.stories.values()))).touched_ms < oldest_ms:
            del self.stories[oldest.story_id]
            for member in oldest.members:
                del self.members[member]

    def _touch(self, story_id: str, article: DeduplicatedArticle, clock_ms: int) -> Known:
        seen = article.first_seen_at
        story = self.stories.pop(story_id, None) or Known(story_id, "", seen, seen, clock_ms)
        story.touched_ms = clock_ms
        self.stories[story_id] = story
        return story


def _announce(story: Known, change: Literal["created", "grew"]) -> StoryChanged:
    story.revision += 1
    return StoryChanged(
        story_id=story.story_id,
        revision=story.revision,
        change=change,
        headline=story.headline,
        size=len(story.members),
        members=tuple(story.members[:MAX_LISTED]),
        outlets=tuple(story.outlets),
        languages=tuple(story.languages),
        first_seen_at=story.first_seen_at,
        last_seen_at=story.last_seen_at,
    )
