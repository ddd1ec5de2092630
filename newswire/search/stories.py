"""Opens a story: its articles in the order in which they came out, who was first; and lists the stories there are."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final, Literal

from elasticsearch import Elasticsearch
from msgspec import Struct, convert

from newswire.elastic.client import build_alias
from newswire.search.articles import read_articles
from newswire.search.client import ask
from newswire.search.results import FoundArticle

MOST_MERGES: Final = 20  # a story merged into one that was merged into one …


class Story(Struct, frozen=True, kw_only=True):
    """A story as lists show it; `size` counts its articles, copies included."""

    story_id: str
    headline: str
    size: int
    outlets: tuple[str, ...]
    languages: tuple[str, ...]
    first_seen_at: datetime
    last_seen_at: datetime
    merged_into: str | None = None


class StoryView(Struct, frozen=True, kw_only=True):
    """A story and its articles as they came out.

    `first` is the earliest one with a date of publication, else the one seen first. `asked_for` is the id that was
    asked for: it differs where that story has been merged into this one.
    """

    story: Story
    articles: tuple[FoundArticle, ...]
    first: FoundArticle | None
    asked_for: str


def read_story(client: Elasticsearch, prefix: str, story_id: str) -> StoryView | None:
    """Return a story, or the one that it was merged into; None where there is none of that id."""
    story = _follow(client, prefix, story_id)
    articles = read_articles(client, prefix, {"story_id": story.story_id if story else story_id})
    if story is None and not articles:
        return None
    return StoryView(
        story=story or _told_by(articles), articles=tuple(articles), first=_first(articles), asked_for=story_id
    )


def list_stories(
    client: Elasticsearch,
    prefix: str,
    *,
    since: datetime | None = None,
    sort: Literal["newest", "largest"] = "newest",
    limit: int = 20,
    offset: int = 0,
) -> tuple[Story, ...]:
    """Return the stories that had an article since, those with the newest article or the most outlets first."""
    filters: list[dict[str, Any]] = [{"range": {"size": {"gte": 1}}}]
    if since:
        filters.append({"range": {"last_seen_at": {"gte": since}}})
    newest = [{"last_seen_at": "desc"}, {"story_id": "asc"}]
    body = {
        "query": {"bool": {"filter": filters}},
        "sort": [{"outlet_count": "desc"}, {"size": "desc"}, *newest] if sort == "largest" else newest,
        "from": offset,
        "size": limit,
    }
    return tuple(_ask_stories(client, prefix, body))


def _follow(client: Elasticsearch, prefix: str, story_id: str) -> Story | None:
    story = None
    for _ in range(MOST_MERGES):
        found = _ask_stories(client, prefix, {"query": {"term": {"story_id": story_id}}, "size": 1})
        story = found[0] if found else story
        if not found or found[0].merged_into is None:
            return story
        story_id = found[0].merged_into
    return story


def _ask_stories(client: Elasticsearch, prefix: str, body: dict[str, Any]) -> list[Story]:
    (answer,) = ask(client, [build_alias(prefix, "stories")], [body | {"_source": list(Story.__struct_fields__)}])
    return [convert(hit["_source"], Story) for hit in answer["hits"]["hits"]]


def _told_by(articles: list[FoundArticle]) -> Story:
    """Return the story that its articles alone tell of: its own record comes a moment later."""
    seen = [article.first_seen_at for article in articles]
    return Story(
        story_id=articles[0].story_id,
        headline=articles[0].title,
        size=len(articles),
        outlets=tuple(dict.fromkeys(article.outlet for article in articles)),
        languages=tuple(dict.fromkeys(article.language for article in articles)),
        first_seen_at=min(seen),
        last_seen_at=max(seen),
    )


def _first(articles: list[FoundArticle]) -> FoundArticle | None:
    published = [article for article in articles if article.published_at and article.published_at == article.dated_at]
    return min(published or articles, key=lambda article: article.dated_at, default=None)
