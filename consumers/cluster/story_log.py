"""The log of stories: which articles belong to each, and what cluster announces when that changes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, Literal

import msgspec
import zstandard
from msgspec import Struct

from newswire.stage import Out
from schemas.messages import Article, StoryChanged
from schemas.topics import ARTICLES, STORIES

MEMORY_MS: Final = 30 * 24 * 3600 * 1000  # as long as dedupe may name an article as an original
TEXTS_MS: Final = 6 * 24 * 3600 * 1000  # a story that has not grown for this long can no longer change
MAX_LISTED: Final = 500  # members listed in a message; `size` counts all
STORY_SCORE: Final = "story"  # prefix of the scores that cluster gives
STORY_REASON: Final = "reports the same event"
STORY_REASONS: Final = (STORY_REASON, "told of the same event")  # the second is in older snapshots and indexes
COPY_TIERS: Final = {"exact", "copy"}

Change = Literal["created", "grew", "merged", "split"]
Central = Callable[[str], Sequence[str]]


class StoryMove(Struct, frozen=True):
    """Articles that now belong to another story; `articles` is None for all articles of `source`."""

    source: str
    target: str
    articles: tuple[str, ...] | None = None


class StoryMember(Struct):
    """An article of a story; `text` is its last announcement, compressed, kept while it may have to be sent again."""

    number: int  # in the order of the log
    article_id: str
    outlet: str
    language: str
    title: str
    seen_at: dt.datetime
    original: str | None  # article_id of the original it is a copy of
    story_revision: int = 0
    text: bytes = b""


class StoryRecord(Struct):
    """The members of a story in the order of the log; a story without members was merged into another."""

    story_id: str
    members: list[StoryMember] = []
    headline: str = ""
    first_seen_at: dt.datetime | None = None
    last_seen_at: dt.datetime | None = None
    revision: int = 0
    merged_into: str | None = None


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
                Out(ARTICLES, _with_story(member, name))
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
        article = _carry(member, article)
        member.title, member.story_revision, member.text = article.title, article.story_revision, _pack(article)
        yield Out(ARTICLES, article)
        if _headline(story, central) != story.headline:
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
                text=_pack(article),
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
        begin = story.first_seen_at or dt.datetime.fromtimestamp(self.clock_ms / 1000, dt.UTC)
        return Out(
            STORIES,
            StoryChanged(
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
            ),
        )


def _change(before: list[str], story: StoryRecord, new_article: str) -> Change:
    after = _ids(story)
    if not after:
        return "merged"
    if not before:
        return "created" if after == [new_article] else "split"
    return "grew" if {*before} <= {*after} else "split"


def _headline(story: StoryRecord, central: Central) -> str:
    """Return the title of the most central member that has one, else of the first."""
    titles = {member.article_id: member.title for member in story.members if member.title.strip()}
    order = [*central(story.story_id), *titles]
    return next((titles[name] for name in order if name in titles), "")


def _ids(story: StoryRecord | None) -> list[str]:
    return [member.article_id for member in story.members] if story else []


def _pack(article: Article) -> bytes:
    return zstandard.compress(msgspec.msgpack.encode(article), 1)


def _unpack(text: bytes) -> Article:
    return msgspec.msgpack.decode(zstandard.decompress(text), type=Article)


def _carry(member: StoryMember, article: Article) -> Article:
    """Copy to a new version the reasons for which the first version was assigned to its story."""
    if not member.text:
        return article
    before = _unpack(member.text)
    scores = {name: value for name, value in before.scores.items() if name.startswith(STORY_SCORE)}
    reasons = [reason for reason in before.reasons if reason.startswith(STORY_REASONS)]
    return msgspec.structs.replace(article, scores={**article.scores, **scores}, reasons=(*article.reasons, *reasons))


def _with_story(member: StoryMember, story_id: str) -> Article:
    """Return a member's article with its current story, and store it."""
    article = msgspec.structs.replace(_unpack(member.text), story_id=story_id, story_revision=member.story_revision)
    member.text = _pack(article)
    return article


def _pop_before(times: dict[str, int], oldest_ms: int) -> Iterator[str]:
    """Remove and yield the names whose time is before `oldest_ms`."""
    while times:
        name = next(iter(times))
        if times[name] >= oldest_ms:
            return
        del times[name]
        yield name
