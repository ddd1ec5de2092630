"""Decide every field around the body, and record the place it was taken from."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from urllib.parse import urljoin

from consumers.parse.fields.ai_use import read_ai_use
from consumers.parse.fields.authors import clean_names, house_names, is_house, without_house
from consumers.parse.fields.canonical_url import choose_canonical
from consumers.parse.fields.head import WRITTEN_BY, PageHead, metas_of
from consumers.parse.fields.jsonld import ArticleData
from consumers.parse.fields.publication_time import set_times
from consumers.parse.fields.titles import cut_site
from consumers.parse.fields.visible import Visible
from consumers.parse.vocabulary import names
from consumers.parse.words import fold
from newswire.sources.rules import SiteRule
from schemas.messages import DateSource, FeedEntry

_AUTHOR_METAS = names("author_metas")


@dataclass(slots=True)
class Metadata:
    """The fields around the body; `provenance` is the origin of each, `notes` are what was refused."""

    url: str
    title: str = ""
    heading: str | None = None
    authors: tuple[str, ...] = ()
    published: dt.datetime | None = None
    published_source: DateSource | None = None
    modified: dt.datetime | None = None
    canonical: str = ""
    site_name: str | None = None
    section: str | None = None
    tags: tuple[str, ...] = ()
    image: str | None = None
    summary: str | None = None
    is_paywalled: bool | None = None
    allows_ai_use: bool | None = None
    language_hint: str | None = None
    provenance: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Origin:
    """What is known about the page before it is read."""

    url: str
    fetched_at: dt.datetime
    feed: FeedEntry | None = None
    robots_tag: str | None = None
    language_hint: str | None = None
    robots_ai_use: bool | None = None
    rules: tuple[SiteRule, ...] = ()


Candidate = tuple[str | None, str]  # a value, and where it was found


def read_metadata(data: ArticleData, head: PageHead, visible: Visible, origin: Origin) -> Metadata:
    """Return every field, taken from JSON-LD, metas, the visible page or the feed, in this order of trust."""
    meta = Metadata(url=origin.url, heading=visible.heading, language_hint=head.language)
    _set_site(meta, data, head)
    _set_title(meta, data, head, origin)
    _set_authors(meta, data, head, visible, origin)
    set_times(meta, data, head, visible, origin)
    canonical = head.canonical, head.text("og:url"), data.url
    meta.canonical, note = choose_canonical(origin.url, canonical)
    meta.notes += [note] if note else []
    _set_rights(meta, data, head, origin)
    return meta


def _take(meta: Metadata, name: str, candidates: Iterable[Candidate]) -> str | None:
    """Return the first candidate with a value, and record its source as the field's provenance."""
    for value, source in candidates:
        if value:
            meta.provenance[name] = source
            return value
    return None


def _set_site(meta: Metadata, data: ArticleData, head: PageHead) -> None:
    meta.site_name = _take(
        meta,
        "site_name",
        [*metas_of(head, ["og:site_name"]), (data.publisher, "jsonld"), *metas_of(head, ["application-name"])],
    )
    meta.section = _take(
        meta, "section", [(data.section, "jsonld"), *metas_of(head, ["article:section", "og:section", "section"])]
    )
    meta.image = _take(
        meta, "image", [*metas_of(head, ["og:image", "og:image:url", "twitter:image"]), (data.image, "jsonld")]
    )
    meta.image = urljoin(meta.url, meta.image) if meta.image else None
    meta.summary = _take(
        meta,
        "summary",
        [*metas_of(head, ["og:description", "description", "twitter:description"]), (data.summary, "jsonld")],
    )
    listed = [(data.tags, "jsonld"), (head.metas.get("article:tag", ()), "meta article:tag")]
    listed += [(_split(head.text(name)), f"meta {name}") for name in ("news_keywords", "keywords")]
    meta.tags, source = next(((tuple(dict.fromkeys(tags))[:50], source) for tags, source in listed if tags), ((), ""))
    if source:
        meta.provenance["tags"] = source


def _split(text: str | None) -> tuple[str, ...]:
    return tuple(word for part in (text or "").split(",") if (word := part.strip()))


def _set_title(meta: Metadata, data: ArticleData, head: PageHead, origin: Origin) -> None:
    candidates: list[Candidate] = [(data.headline, "jsonld")]
    candidates += metas_of(head, ["og:title", "twitter:title"])
    candidates += [(meta.heading, "h1"), (head.title, "title")]
    candidates += [(origin.feed.title if origin.feed else None, "feed")]
    title = _take(meta, "title", candidates) or ""
    meta.title = " ".join(cut_site(title, meta.site_name, meta.heading).split())


def _set_authors(meta: Metadata, data: ArticleData, head: PageHead, visible: Visible, origin: Origin) -> None:
    house = frozenset(fold(name) for name in (meta.site_name, data.publisher, *house_names(meta.url)) if name)
    for bylines, source in _bylines(data, head, visible, origin):
        if authors := without_house(clean_names(bylines), house):
            is_personal = not is_house(authors, house)
            if is_personal or not meta.authors:
                meta.authors, meta.provenance["authors"] = authors, source
            if is_personal:  # sites that name themselves in the metadata often name the person in the byline
                return


def _bylines(
    data: ArticleData, head: PageHead, visible: Visible, origin: Origin
) -> Iterator[tuple[tuple[str, ...], str]]:
    yield data.authors, "jsonld"
    for name in (*_AUTHOR_METAS, WRITTEN_BY):
        yield head.metas.get(name, ()), f"meta {name}"
    yield visible.bylines, "byline"
    yield origin.feed.authors if origin.feed else (), "feed"


def _set_rights(meta: Metadata, data: ArticleData, head: PageHead, origin: Origin) -> None:
    tier = (head.text("article:content_tier") or "").lower()
    meta.is_paywalled = {"free": False, "metered": True, "locked": True}.get(tier)
    if data.is_free is not None:
        meta.is_paywalled = not data.is_free
    meta.allows_ai_use, source = read_ai_use(head, origin.robots_tag, robots_txt=origin.robots_ai_use)
    if source:
        meta.provenance["allows_ai_use"] = source
