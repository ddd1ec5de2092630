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
FetchKind = Literal["page", "feed", "sitemap", "front-page"]
Outcome = Literal["fetched", "unchanged", "gone", "refused", "failed", "deferred"]
CopyTier = Annotated[
    Literal["exact", "copy", "derived"],
    Meta(description="exact: the same text; copy: nearly; derived: takes much from it"),
]


class Message(Struct, frozen=True, kw_only=True):
    """The root of all messages; readers ignore fields they do not know."""


class CrawlRequest(Message, frozen=True, kw_only=True):
    """Someone wants a source crawled now."""

    request_id: Annotated[str, Meta(description="chosen by the writer; makes the request repeatable")]
    source: Annotated[str, Meta(description="the source's id: the name of its file in sources/")]
    requested_at: Annotated[Time, Meta(description="when it was requested")]
    requested_by: Annotated[str, Meta(description="who requests it: a person or a service")]
    limit: Annotated[int, Meta(ge=1, le=500, description="how many pages at most")] = 50
    fresh: Annotated[bool, Meta(description="true: read lists that say nothing has changed too")] = False


class FeedEntry(Struct, frozen=True, kw_only=True):
    """The entry of a feed or sitemap for the URL."""

    title: Annotated[str | None, Meta(description="the entry's title")] = None
    published_at: Annotated[Time | None, Meta(description="the entry's date")] = None
    summary: Annotated[str | None, Meta(description="the entry's teaser")] = None
    authors: Annotated[tuple[str, ...], Meta(description="the entry's authors")] = ()
    language: Annotated[str | None, Meta(description="the feed's or the entry's language")] = None


class FetchedPage(Message, frozen=True, kw_only=True):
    """A page as the site sent it.

    `body` is the zstd-compressed response body (base64 in JSON); a body too large for a message is
    in the body store and `body_ref` names it. Exactly one of the two is set.
    """

    url_id: Annotated[Id, Meta(description="hash of the normalised requested URL")]
    url: Annotated[str, Meta(description="the requested URL, normalised")]
    final_url: Annotated[str, Meta(description="the URL after redirects")]
    source: Annotated[str, Meta(description="the source's id: the name of its file in sources/")]
    outlet: Annotated[str, Meta(description="the outlet's name for people")]
    host: Annotated[str, Meta(description="the host that was asked")]
    fetched_at: Annotated[Time, Meta(description="when the page arrived")]
    first_seen_at: Annotated[Time, Meta(description="when the URL was seen first; never changes")]
    status: Annotated[int, Meta(description="HTTP status")]
    body: Annotated[bytes | None, Meta(description="the response body, zstd-compressed")]
    body_ref: Annotated[
        str | None, Meta(description="the body's reference in the body store, if it is not in body")
    ] = None
    body_bytes: Annotated[int, Meta(description="size before compression")]
    body_sha256: Annotated[str, Meta(description="SHA-256 of the body as it came")]
    content_type: Annotated[str | None, Meta(description="the Content-Type header")] = None
    http_charset: Annotated[str | None, Meta(description="the charset that the header names")] = None
    robots_tag: Annotated[str | None, Meta(description="the X-Robots-Tag header")] = None
    etag: Annotated[str | None, Meta(description="the ETag header")] = None
    last_modified: Annotated[str | None, Meta(description="the Last-Modified header")] = None
    robots_ai_use: Annotated[bool | None, Meta(description="whether robots.txt allows AI use; null: not stated")] = None
    language_hint: Annotated[str | None, Meta(description="the source's own language")] = None
    country: Country | None = None
    is_agency: Annotated[bool, Meta(description="whether the source is a news agency")] = False
    feed: Annotated[FeedEntry | None, Meta(description="the entry of the feed or sitemap, if there is one")] = None


class ArticleText(Message, frozen=True, kw_only=True):
    """The fields that an article carries from parse to index."""

    article_id: Annotated[Id, Meta(description="hash of the normalised canonical URL; the same through all versions")]
    url_id: Annotated[Id, Meta(description="hash of the normalised requested URL")]
    url: Annotated[str, Meta(description="the requested URL, normalised")]
    canonical_url: Annotated[str, Meta(description="the URL that the page declares as its own, normalised")]
    source: Annotated[str, Meta(description="the source's id: the name of its file in sources/")]
    outlet: Annotated[str, Meta(description="the outlet's name for people")]
    host: Annotated[str, Meta(description="the host of the page")]
    language: Language
    title: Annotated[str, Meta(description="the headline")]
    body: Annotated[str, Meta(description="paragraphs separated by an empty line")]
    content_hash: Annotated[Id, Meta(description="hash of the normalised title and body")]
    fetched_at: Annotated[Time, Meta(description="when this version was fetched")]
    first_seen_at: Annotated[Time, Meta(description="when the URL was seen first; never changes")]
    heading: Annotated[str | None, Meta(description="the visible h1, where it differs from the title")] = None
    authors: Annotated[tuple[str, ...], Meta(description="names, without titles of office")] = ()
    published_at: Annotated[
        Time | None, Meta(description="publication time as the outlet states it, where plausible")
    ] = None
    published_source: Annotated[DateSource | None, Meta(description="where published_at was found")] = None
    modified_at: Annotated[Time | None, Meta(description="time of the last change as the outlet states it")] = None
    site_name: Annotated[str | None, Meta(description="the name that the page gives its site")] = None
    section: Annotated[str | None, Meta(description="the outlet's section")] = None
    tags: Annotated[tuple[str, ...], Meta(description="the outlet's keywords")] = ()
    image: Annotated[str | None, Meta(description="URL of the lead image")] = None
    summary: Annotated[str | None, Meta(description="the outlet's own teaser")] = None
    kind: Annotated[Kind, Meta(description="what sort of page it is")] = "article"
    word_count: Annotated[int, Meta(description="words of the body")] = 0
    is_paywalled: Annotated[bool | None, Meta(description="whether the page declares a paywall; null: not stated")] = (
        None
    )
    allows_ai_use: Annotated[bool | None, Meta(description="whether the site allows AI use; null: not stated")] = None
    country: Country | None = None
    is_agency: Annotated[bool, Meta(description="whether the source is a news agency")] = False
    provenance: Annotated[dict[str, str], Meta(description="field -> where it came from")] = {}


class ParsedArticle(ArticleText, frozen=True, kw_only=True):
    """Clean text of one fetch, and how it was obtained."""

    reader: Annotated[str, Meta(description="which reader won the body")]
    agreement: Annotated[float | None, Meta(description="of two cheap readers, 0 to 1")] = None
    notes: Annotated[tuple[str, ...], Meta(description="values that were not used, and why")] = ()
    fingerprint: Annotated[bytes | None, Meta(description="packed token hashes, for dedupe")] = None


class DeduplicatedArticle(ArticleText, frozen=True, kw_only=True):
    """An article and what it is to those before it in the log."""

    verdict: Annotated[Literal["new", "revision", "unchanged"], Meta(description="against its own earlier versions")]
    version: Annotated[int, Meta(ge=1, description="counts changes of title or body, from 1")]
    copy_of: Annotated[Id | None, Meta(description="the original's article_id")] = None
    copy_tier: CopyTier | None = None
    scores: Annotated[dict[str, float], Meta(description="the numbers behind the verdict, by name")] = {}
    reasons: Annotated[tuple[str, ...], Meta(description="the verdict in words")] = ()
    changed: Annotated[tuple[Literal["title", "body"], ...], Meta(description="of a revision")] = ()


class Article(ArticleText, frozen=True, kw_only=True):
    """The newest version of an article, as services downstream read it."""

    version: Annotated[int, Meta(ge=1, description="counts changes of title or body, from 1")]
    story_id: Annotated[Id, Meta(description="the story it belongs to; may change")]
    story_revision: Annotated[int, Meta(ge=0, description="changes of the story since this version")] = 0
    copy_of: Annotated[Id | None, Meta(description="article_id of the original; null: it is one")] = None
    copy_tier: CopyTier | None = None
    scores: Annotated[dict[str, float], Meta(description="the numbers behind copy and story, by name")] = {}
    reasons: Annotated[tuple[str, ...], Meta(description="why it is a copy, in words")] = ()


class StoryChanged(Message, frozen=True, kw_only=True):
    """The newest state of a story."""

    story_id: Annotated[Id, Meta(description="the key; hash")]
    revision: Annotated[int, Meta(ge=1, description="counts changes of the story, from 1")]
    change: Annotated[Literal["created", "grew", "merged", "split"], Meta(description="what happened last")]
    headline: Annotated[str, Meta(description="the title shown for the story")]
    size: Annotated[int, Meta(description="number of members; 0 once merged away, or all are taken down")]
    members: Annotated[tuple[Id, ...], Meta(description="article_ids in order of arrival, at most 500; size counts on")]
    outlets: Annotated[tuple[str, ...], Meta(description="names of the outlets that report it")]
    languages: Annotated[tuple[str, ...], Meta(description="ISO 639 codes")]
    first_seen_at: Annotated[Time, Meta(description="of its first member")]
    last_seen_at: Annotated[Time, Meta(description="of its newest member")]
    merged_into: Annotated[Id | None, Meta(description="the story that took all its members over")] = None


class IndexedArticle(Message, frozen=True, kw_only=True):
    """An article version that a search can find."""

    article_id: Annotated[Id, Meta(description="as in articles")]
    url_id: Annotated[Id, Meta(description="hash of the normalised requested URL")]
    source: Annotated[str, Meta(description="the source's id: the name of its file in sources/")]
    language: Language
    version: Annotated[int, Meta(description="the article's version that is searchable")]
    story_id: Annotated[Id, Meta(description="the article's story")]
    story_revision: Annotated[int, Meta(description="changes of the story since this version")]
    index: Annotated[str, Meta(description="the Elasticsearch index that holds it")]
    fetched_at: Annotated[Time, Meta(description="when this version was fetched")]
    first_seen_at: Annotated[Time, Meta(description="when the URL was seen first")]
    indexed_at: Annotated[Time, Meta(description="when a search could find it")]


class Alert(Message, frozen=True, kw_only=True):
    """A saved search has found an article version; sent once for each version, and again only with the same ce_id."""

    alert_id: Annotated[Id, Meta(description="hash of query_id, article_id and version")]
    query_id: Annotated[Id, Meta(description="the key; the saved search")]
    query_name: Annotated[str, Meta(description="the name that the search was saved under")]
    article_id: Annotated[Id, Meta(description="as in articles")]
    version: Annotated[int, Meta(ge=1, description="the article's version that was found")]
    title: Annotated[str, Meta(description="the headline of that version")]
    outlet: Annotated[str, Meta(description="the outlet's name for people")]
    url: Annotated[str, Meta(description="the requested URL, normalised")]
    story_id: Annotated[Id, Meta(description="the story it belonged to then")]
    language: Language
    published_at: Annotated[
        Time | None, Meta(description="publication time as the outlet states it, where plausible")
    ] = None
    matched_at: Annotated[Time, Meta(description="when the search first found it")]


class FetchOutcome(Message, frozen=True, kw_only=True):
    """One attempt to get a page or a list of a source, and how it ended."""

    source: Annotated[str, Meta(description="the source's id, the name of its file")]
    outlet: Annotated[str, Meta(description="the outlet's name for people")]
    host: Annotated[str, Meta(description="the key; where the URL leads")]
    kind: Annotated[FetchKind, Meta(description="what was requested")]
    url: Annotated[str, Meta(description="the requested URL, before redirects")]
    at: Annotated[Time, Meta(description="when the attempt ended")]
    outcome: Annotated[
        Outcome, Meta(description="deferred: it will be tried again; refused: by us or the site, for good")
    ]
    reason: Annotated[str | None, Meta(description="why it was neither fetched nor unchanged, for counting")] = None
    status: Annotated[int | None, Meta(description="the HTTP status; null where there was no answer")] = None
    bytes: Annotated[int | None, Meta(description="of the body, unpacked")] = None
    seconds: Annotated[float | None, Meta(description="from the last request to the end of its answer")] = None
    new_urls: Annotated[int | None, Meta(description="of a list: addresses not known before")] = None


class Takedown(Message, frozen=True, kw_only=True):
    """An operator has taken an article down, or has undone that; nothing of the article's content."""

    article_id: Annotated[Id, Meta(description="the key; as in articles")]
    url_id: Annotated[Id, Meta(description="hash of the normalised requested URL")]
    url_ids: Annotated[tuple[Id, ...], Meta(description="of all URLs known to show it")] = ()
    url: Annotated[str, Meta(description="the requested URL, normalised")]
    reason: Annotated[str, Meta(description="why it was taken down, as the operator wrote it")]
    by: Annotated[str, Meta(description="who took it down, or undid that")]
    at: Annotated[Time, Meta(description="when it was taken down, or when that was undone")]
    is_undone: Annotated[bool, Meta(description="true: the article may be kept and shown again")] = False
