"""The messages on the topics: frozen structs, one for each topic, all times aware and in UTC."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal

from msgspec import Meta, Struct

Time = Annotated[dt.datetime, Meta(tz=True)]
Id = Annotated[str, Meta(pattern="^[0-9a-f]{32}$", description="32 hex digits of a SHA-256")]
Language = Annotated[str, Meta(pattern="^[a-z]{2,3}$", description="ISO 639 code; und where unknown")]
DateSource = Literal["jsonld", "meta", "time", "feed", "text"]
Country = Annotated[str, Meta(pattern="^[A-Z]{2}$", description="ISO 3166-1 alpha-2 code of the source's country")]
Kind = Literal["article", "live", "gallery", "video"]


class Message(Struct, frozen=True, kw_only=True):
    """The root of all messages; readers ignore fields they do not know."""


class CrawlRequest(Message, frozen=True, kw_only=True):
    """Someone wants a source crawled now."""

    request_id: str
    source: str
    requested_at: Time
    requested_by: str
    limit: Annotated[int, Meta(ge=1, le=500)] = 50
    fresh: bool = False


class FeedEntry(Struct, frozen=True, kw_only=True):
    """What the feed or sitemap said of the URL."""

    title: str | None = None
    published_at: Time | None = None
    summary: str | None = None
    authors: tuple[str, ...] = ()
    language: str | None = None


class FetchedPage(Message, frozen=True, kw_only=True):
    """A page as the site sent it.

    `body` is the zstd-compressed response body (base64 in JSON); a body too large for a message stands
    in the blob store and `body_ref` names it. Exactly one of the two is set.
    """

    url_id: Id
    url: str
    final_url: str
    source: str
    outlet: str
    host: str
    fetched_at: Time
    first_seen_at: Time
    status: int
    body: bytes | None
    body_ref: str | None = None
    body_bytes: Annotated[int, Meta(description="size before compression")]
    body_sha256: str
    content_type: str | None = None
    http_charset: str | None = None
    robots_tag: Annotated[str | None, Meta(description="the X-Robots-Tag header")] = None
    etag: str | None = None
    last_modified: str | None = None
    robots_ai_use: Annotated[bool | None, Meta(description="what robots.txt says of AI use; null: nothing")] = None
    language_hint: Annotated[str | None, Meta(description="the source's own language")] = None
    country: Country | None = None
    is_agency: Annotated[bool, Meta(description="whether the source is a news agency")] = False
    feed: FeedEntry | None = None


class ArticleText(Message, frozen=True, kw_only=True):
    """The fields that an article carries from parse to index."""

    article_id: Id
    url_id: Id
    url: str
    canonical_url: str
    source: str
    outlet: str
    host: str
    language: Language
    title: str
    body: Annotated[str, Meta(description="paragraphs parted by an empty line")]
    content_hash: Id
    fetched_at: Time
    first_seen_at: Time
    heading: Annotated[str | None, Meta(description="the visible h1, where it differs from the title")] = None
    authors: tuple[str, ...] = ()
    published_at: Time | None = None
    published_source: DateSource | None = None
    modified_at: Time | None = None
    site_name: str | None = None
    section: str | None = None
    tags: tuple[str, ...] = ()
    image: str | None = None
    summary: str | None = None
    kind: Kind = "article"
    word_count: int = 0
    is_paywalled: bool | None = None
    allows_ai_use: bool | None = None
    country: Country | None = None
    is_agency: Annotated[bool, Meta(description="whether the source is a news agency")] = False


class ParsedArticle(ArticleText, frozen=True, kw_only=True):
    """Clean text of one fetch, and how it was come by."""

    reader: Annotated[str, Meta(description="which reader won the body")]
    agreement: Annotated[float | None, Meta(description="of two cheap readers, 0 to 1")] = None
    provenance: Annotated[dict[str, str], Meta(description="field -> where it came from")] = {}
    notes: Annotated[tuple[str, ...], Meta(description="what was refused, and why")] = ()
    fingerprint: Annotated[bytes | None, Meta(description="packed token hashes, for dedupe")] = None


class DeduplicatedArticle(ArticleText, frozen=True, kw_only=True):
    """An article and what it is to those before it in the log."""

    verdict: Literal["new", "revision", "unchanged"]
    version: Annotated[int, Meta(ge=1)]
    copy_of: Annotated[Id | None, Meta(description="the original's article_id")] = None
    copy_tier: Literal["exact", "copy", "derived"] | None = None
    scores: dict[str, float] = {}
    reasons: Annotated[tuple[str, ...], Meta(description="the verdict in words")] = ()
    changed: Annotated[tuple[Literal["title", "body"], ...], Meta(description="of a revision")] = ()


class Article(ArticleText, frozen=True, kw_only=True):
    """The newest version of an article, as services downstream read it."""

    version: Annotated[int, Meta(ge=1)]
    story_id: Id
    story_revision: Annotated[int, Meta(ge=0, description="changes of the story since this version")] = 0
    copy_of: Id | None = None
    copy_tier: Literal["exact", "copy", "derived"] | None = None
    scores: dict[str, float] = {}
    reasons: tuple[str, ...] = ()


class StoryChanged(Message, frozen=True, kw_only=True):
    """The newest state of a story."""

    story_id: Id
    revision: Annotated[int, Meta(ge=1)]
    change: Literal["created", "grew", "merged", "split"]
    headline: str
    size: int
    members: tuple[Id, ...]
    outlets: tuple[str, ...]
    languages: tuple[str, ...]
    first_seen_at: Time
    last_seen_at: Time
    merged_into: Id | None = None


class IndexedArticle(Message, frozen=True, kw_only=True):
    """An article version that a search can find."""

    article_id: Id
    url_id: Id
    source: str
    language: Language
    version: int
    story_id: Id
    story_revision: int
    index: str
    fetched_at: Time
    first_seen_at: Time
    indexed_at: Time
