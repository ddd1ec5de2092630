"""The log of stories: which articles belong to each, and what cluster announces when that changes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, Literal

import msgspec
from msgspec import Struct

from consumers.cluster.story_records import (
    StoryMember,
    StoryMove,
    StoryRecord,
    carry_reasons,
    pack_article,
    with_story,
)
from consumers.cluster.titles import choose_title, hash_title, is_same_title
from newswire.stage import Out
from schemas.messages import Article, StoryChanged
from schemas.topics import ARTICLES, STORIES

MEMORY_MS: Final = 30 * 24 * 3600 * 1000  # as long as dedupe may name an article as an original
TEXTS_MS: Final = 6 * 24 * 3600 * 1000  # a story that has not grown for this long can no longer change
MAX_LISTED: Final = 500  # members listed in a message; `size` counts all
COPY_TIERS: Final = {"exact", "copy"}

Change = Literal["created", "grew", "merged", "split"]
Central = Callable[[str], Sequence[str]]


class StoryLog(Struct):
    """All stories of the last weeks; `touched`, `texts` and `events` are ordered by time, the oldest first.

    Its fields, and those of its records and members, are part of the snapshot format.
    """

    clock_ms: int = 0
    count: int = 0
    stories: dict[str, StoryRecord] = msgspec.field(default_factory=dict)
    story_ids: dict[str, str] = msgspec.field(default_factory=dict)
    touched: dict[str, int] = msgspec.field(default_factory=dict)
    texts: dict[str, int] = msgspec.field(default_factory=dict)
    events: dict[str, int] = msgspec.field(default_factory=dict)

    def is_new_event(self, event: str) -> bool:
        """Record an event id; return False if it was answered before, at whatever offset."""
        if event in self.events:
            return False
        self.events[event] = self.clock_ms
        return True

    def story_of(self, article_id: str | None) -> str | None:
        """Return the story that an article belongs to."""
        return self.story_ids.get(article_id or "")

    def find_member(self, article_id: str) -> StoryMember | None:
        """Return an article as a member of its story."""
        story = self.stories.get(self.story_ids.get(article_id, ""))
        return next((each for each in story.members if each.article_id == article_id), None) if story else None

    def add(self, article: Article, moves: Sequence[StoryMove], central: Central) -> Iterator[Out[Any]]:
        """Add a new article and apply the moves that it causes; yield what is to be announced."""
        names = dict.fromkeys([article.story_id, *(name for move in moves for name in (move.source, move.target))])
        before = {name: _ids(self.stories.get(name)) for name in names}
        stories_before = {article_id: name for name, ids in before.items() for article_id in ids}
        self._join(article)
        for move in moves:
            self._move(move)
        yield Out(ARTICLES, msgspec.structs.replace(article, story_id=self.story_ids[article.article_id]))
        for name in names:
            story = self.stories[name]
            yield from (
                Out(ARTICLES, with_story(member, name))
                for member in story.members
                if stories_before.get(member.article_id, name) != name and member.text
            )
            if _ids(story) != before[name]:
                yield self._announce(story, _change(before[name], story, article.article_id), central)

    def revise(self, article: Article, central: Central) -> Iterator[Out[Any]]:
        """Replace a member by its new version, which may change the story's headline."""
        story = self.stories[article.story_id]
        self._touch(story)
        member = next(each for each in story.members if each.article_id == article.article_id)
        article = carry_reasons(member, article)
        member.title, member.story_revision, member.text = article.title, article.story_revision, pack_article(article)
        yield Out(ARTICLES, article)
        if not is_same_title(_headline(story, central), story.headline):
            yield self._announce(story, "grew", central)

    def forget(self) -> None:
        """Forget, by record times, what can no longer change or be referred to."""
        for _ in _pop_before(self.events, self.clock_ms - MEMORY_MS):
            pass
        for name in _pop_before(self.texts, self.clock_ms - TEXTS_MS):
            for member in self.stories[name].members:
                member.text = b""
        for name in _pop_before(self.touched, self.clock_ms - MEMORY_MS):
            for member in self.stories.pop(name).members:
                del self.story_ids[member.article_id]

    def _join(self, article: Article) -> None:
        story = self.stories.setdefault(article.story_id, StoryRecord(article.story_id))
        self._touch(story)
        original = article.copy_of if article.copy_tier in COPY_TIERS else None
        story.members.append(
            StoryMember(
                self.count,
                article.article_id,
                article.outlet,
                article.language,
                article.title,
                article.first_seen_at,
                original,
                text=pack_article(article),
            )
        )
        self.count += 1
        self.story_ids[article.article_id] = story.story_id

    def _move(self, move: StoryMove) -> None:
        source = self.stories[move.source]
        target = self.stories.setdefault(move.target, StoryRecord(move.target))
        chosen = None if move.articles is None else {*move.articles}
        going = [each for each in source.members if chosen is None or chosen & {each.article_id, each.original}]
        gone = {each.article_id for each in going}
        source.members = [each for each in source.members if each.article_id not in gone]
        source.merged_into = None if source.members else target.story_id
        # In the order of the log again: a story's first member gives it its id.
        target.members = sorted([*target.members, *going], key=lambda each: each.number)
        target.merged_into = None
        for each in going:
            self.story_ids[each.article_id] = target.story_id
            each.story_revision += 1
        self._touch(source)
        self._touch(target)

    def _touch(self, story: StoryRecord) -> None:
        for times in (self.touched, self.texts):
            times.pop(story.story_id, None)
            times[story.story_id] = self.clock_ms

    def _announce(self, story: StoryRecord, change: Change, central: Central) -> Out[StoryChanged]:
        members = story.members
        if members:
            story.headline = _headline(story, central)
            story.first_seen_at = min(member.seen_at for member in members)
            story.last_seen_at = max(member.seen_at for member in members)
        story.revision += 1
        return Out(STORIES, self.message_of(story, change))

    def message_of(self, story: StoryRecord, change: Change) -> StoryChanged:
        """Return the announcement of a story as it is now."""
        members = story.members
        begin = story.first_seen_at or dt.datetime.fromtimestamp(self.clock_ms / 1000, dt.UTC)
        return StoryChanged(
            story_id=story.story_id,
            revision=story.revision,
            change=change,
            headline=story.headline,
            size=len(members),
            members=tuple(_ids(story)[:MAX_LISTED]),
            outlets=tuple(dict.fromkeys(member.outlet for member in members)),
            languages=tuple(dict.fromkeys(member.language for member in members)),
            first_seen_at=begin,
            last_seen_at=story.last_seen_at or begin,
            merged_into=story.merged_into,
        )

    def forget_text(self, member: StoryMember) -> None:
        """Forget a member's text; its title becomes a hash, which decides as the title would."""
        member.text = b""
        for story in self.stories.values():
            if story.headline == member.title:
                story.headline = hash_title(story.headline)
        member.title = hash_title(member.title)


def _change(before: list[str], story: StoryRecord, new_article: str) -> Change:
    after = _ids(story)
    if not after:
        return "merged"
    if not before:
        return "created" if after == [new_article] else "split"
    return "grew" if {*before} <= {*after} else "split"


def _headline(story: StoryRecord, central: Central) -> str:
    return choose_title({member.article_id: member.title for member in story.members}, central(story.story_id))


def _ids(story: StoryRecord | None) -> list[str]:
    return [member.article_id for member in story.members] if story else []


def _pop_before(times: dict[str, int], oldest_ms: int) -> Iterator[str]:
    """Remove and yield the names whose time is before `oldest_ms`."""
    while times:
        name = next(iter(times))
        if times[name] >= oldest_ms:
            return
        del times[name]
        yield name
