"""Stories without the articles that are taken down: in what cluster sends, and in what its state keeps.

What is taken down is not in the log. It therefore never changes which story an article belongs to, nor a revision's
number: after a replay, both are as they were.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, Final

import msgspec

from consumers.cluster.story_log import MAX_LISTED, Central, Change, StoryLog
from consumers.cluster.story_records import StoryMember, StoryRecord
from consumers.cluster.titles import choose_title, is_hashed
from newswire.stage import Out, TakenDownIds
from schemas.messages import Article, DeduplicatedArticle, StoryChanged
from schemas.topics import ARTICLES, STORIES

REPLACED: Final[Change] = "grew"  # as for any other new headline


class StoryTakedowns:
    """What is taken down, and what follows from it for the story log."""

    def __init__(self) -> None:
        self.ids = TakenDownIds()
        self._by_url: set[str] = set()  # articles whose address is taken down, and not they themselves

    def filter(
        self, story_log: StoryLog, article: DeduplicatedArticle, outs: Sequence[Out[Any]], central: Central
    ) -> tuple[Out[Any], ...]:
        """Return the answer to an article without what is taken down."""
        if self.ids.covers(article) and (member := story_log.find_member(article.article_id)):
            self._by_url.add(article.article_id)
            story_log.forget_text(member)
        return (*self._allow(story_log, outs, central),)

    def enforce(self, story_log: StoryLog, changed: AbstractSet[str], central: Central) -> tuple[Out[Any], ...]:
        """Forget the texts of the articles in `changed` that are taken down; return what replaces what was sent."""
        self._by_url -= changed
        members = [member for name in sorted(changed) if (member := story_log.find_member(name))]
        names = dict.fromkeys(story_log.story_ids[member.article_id] for member in members)
        taken = [member for member in members if member.article_id in self.ids.article_ids]
        for member in taken:
            story_log.forget_text(member)
        stories = [story_log.stories[name] for name in names]
        return (
            *map(_tombstone, taken),
            *(Out(STORIES, self._show(story, story_log.message_of(story, REPLACED), central)) for story in stories),
        )

    def _allow(self, story_log: StoryLog, outs: Sequence[Out[Any]], central: Central) -> Iterator[Out[Any]]:
        for out in outs:
            if isinstance(out.value, StoryChanged):
                yield Out(STORIES, self._show(story_log.stories[out.value.story_id], out.value, central))
            elif not isinstance(out.value, Article) or not self.ids.covers(out.value):
                yield out

    def _show(self, story: StoryRecord, message: StoryChanged, central: Central) -> StoryChanged:
        """Return a story's announcement without the members that are taken down and without hashed titles."""
        shown = [member for member in story.members if not self._is_hidden(member.article_id)]
        if len(shown) == len(story.members) and not is_hashed(message.headline):
            return message
        titles = {member.article_id: member.title for member in shown if not is_hashed(member.title)}
        return msgspec.structs.replace(
            message,
            headline=choose_title(titles, central(story.story_id)),
            size=len(shown),
            members=tuple(member.article_id for member in shown[:MAX_LISTED]),
            outlets=tuple(dict.fromkeys(member.outlet for member in shown)),
            languages=tuple(dict.fromkeys(member.language for member in shown)),
        )

    def _is_hidden(self, article_id: str) -> bool:
        return article_id in self.ids.article_ids or article_id in self._by_url


def _tombstone(member: StoryMember) -> Out[Article]:
    headers = {"first_seen_at": member.seen_at.isoformat()}
    return Out(ARTICLES, None, key=member.article_id.encode(), headers=headers)
