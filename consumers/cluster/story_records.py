"""What the log of stories keeps of each story and of each article in it."""

from __future__ import annotations

import datetime as dt
from typing import Final

import msgspec
import zstandard
from msgspec import Struct

from schemas.messages import Article

STORY_SCORE: Final = "story"  # prefix of the scores that cluster gives
STORY_REASON: Final = "reports the same event"
STORY_REASONS: Final = (STORY_REASON, "told of the same event")  # the second is in older snapshots and indexes


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


def pack_article(article: Article) -> bytes:
    """Return an article as a member keeps it."""
    return zstandard.compress(msgspec.msgpack.encode(article), 1)


def _unpack(text: bytes) -> Article:
    return msgspec.msgpack.decode(zstandard.decompress(text), type=Article)


def carry_reasons(member: StoryMember, article: Article) -> Article:
    """Copy to a new version the reasons for which the first version was assigned to its story."""
    if not member.text:
        return article
    before = _unpack(member.text)
    scores = {name: value for name, value in before.scores.items() if name.startswith(STORY_SCORE)}
    reasons = [reason for reason in before.reasons if reason.startswith(STORY_REASONS)]
    return msgspec.structs.replace(article, scores={**article.scores, **scores}, reasons=(*article.reasons, *reasons))


def with_story(member: StoryMember, story_id: str) -> Article:
    """Return a member's article with its current story, and store it."""
    article = msgspec.structs.replace(_unpack(member.text), story_id=story_id, story_revision=member.story_revision)
    member.text = pack_article(article)
    return article
