"""Reads a story, with its articles in the order of publication, and lists stories."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final, Literal

from elasticsearch import Elasticsearch
from msgspec import Struct, convert

from newswire.elastic.client import build_alias
from newswire.search.articles import read_articles
from newswire.search.client import run_searches
from newswire.search.results import FoundArticle

MAX_MERGES: Final = 20  # followed in a row: a story may be merged into one that was itself merged


class Story(Struct, frozen=True, kw_only=True):
    """A story in lists; `size` counts its articles, including copies."""

    story_id: str
    headline: str
    size: int
    outlets: tuple[str, ...]
    languages: tuple[str, ...]
    first_seen_at: datetime
    last_seen_at: datetime
    merged_into: str | None = None


class StoryView(Struct, frozen=True, kw_only=True):
    """A story and its articles, in the order of publication.

    `first` is the earliest article with a publication date, otherwise the one seen first. `asked_for` is the requested
    id; it differs if that story was merged into this one.
    """

    story: Story
    articles: tuple[FoundArticle, ...]
    first: FoundArticle | None
    asked_for: str


def read_story(client: Elasticsearch, prefix: str, story_id: str) -> StoryView | None:
    """Return a story, or the one that it was merged into; None if no story has this id."""
    story = _follow(client, prefix, story_id)
    articles = read_articles(client, prefix, {"story_id": story.story_id if story else story_id})
    if story is None and not articles:
        return None
    return StoryView(
        story=story or _story_of(articles), articles=tuple(articles), first=_first(articles), asked_for=story_id
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
    """Return the stories with an article since then, those with the newest article or the most outlets first."""
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
    for _ in range(MAX_MERGES):
        found = _ask_stories(client, prefix, {"query": {"term": {"story_id": story_id}}, "size": 1})
        story = found[0] if found else story
        if not found or found[0].merged_into is None:
            return story
        story_id = found[0].merged_into
    return story


def _ask_stories(client: Elasticsearch, prefix: str, body: dict[str, Any]) -> list[Story]:
    (answer,) = run_searches(
        client, [build_alias(prefix, "stories")], [body | {"_source": list(Story.__struct_fields__)}]
    )
    return [convert(hit["_source"], Story) for hit in answer["hits"]["hits"]]


def _story_of(articles: list[FoundArticle]) -> Story:
    """Return a story made from its articles alone; its own record may be indexed a moment later."""
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
