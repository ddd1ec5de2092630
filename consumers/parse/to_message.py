"""Convert between messages and extraction: a fetched page to its origin, an extraction to a parsed article."""

from __future__ import annotations

from consumers.parse.extraction import Extraction
from consumers.parse.fields.dates import as_utc
from consumers.parse.fields.metadata import Origin
from consumers.parse.words import hash_content
from newswire.sources.rules import SiteRule
from newswire.text.fingerprint import fingerprint
from newswire.text.ids import article_id
from newswire.text.urls import host_of, normalise_url
from schemas.messages import FetchedPage, ParsedArticle

MAX_TITLE_CHARS = 500
MAX_BODY_CHARS = 400_000
MAX_FIELD_CHARS = 2_000


def origin_of(page: FetchedPage, rules: tuple[SiteRule, ...] = ()) -> Origin:
    """Return what is known about a page before it is read."""
    return Origin(
        url=page.final_url,
        fetched_at=page.fetched_at,
        feed=page.feed,
        robots_tag=page.robots_tag,
        language_hint=page.language_hint,
        robots_ai_use=page.robots_ai_use,
        rules=rules,
    )


def to_message(page: FetchedPage, found: Extraction) -> ParsedArticle:
    """Return the parsed article of a page."""
    meta = found.meta
    canonical = normalise_url(meta.canonical)
    title, body = meta.title[:MAX_TITLE_CHARS], found.body[:MAX_BODY_CHARS]
    heading = _short(meta.heading)
    return ParsedArticle(
        article_id=article_id(canonical),
        url_id=page.url_id,
        url=page.final_url,
        canonical_url=canonical,
        source=page.source,
        outlet=page.outlet,
        host=host_of(canonical),
        language=found.language,
        title=title,
        body=body,
        content_hash=hash_content(title, body),
        fetched_at=page.fetched_at,
        first_seen_at=page.first_seen_at,
        heading=heading if heading != title else None,
        authors=meta.authors,
        published_at=as_utc(meta.published) if meta.published else None,
        published_source=meta.published_source,
        modified_at=as_utc(meta.modified) if meta.modified else None,
        site_name=_short(meta.site_name),
        section=_short(meta.section),
        tags=tuple(tag[:200] for tag in meta.tags),
        image=_short(meta.image),
        summary=_short(meta.summary),
        kind=found.kind,
        word_count=found.word_count,
        is_paywalled=meta.is_paywalled,
        allows_ai_use=meta.allows_ai_use,
        country=page.country,
        is_agency=page.is_agency,
        reader=found.reading.reader,
        agreement=found.reading.agreement,
        provenance=meta.provenance,
        notes=tuple(note[:300] for note in meta.notes),
        fingerprint=fingerprint(title, body, found.language) or None,
    )


def _short(text: str | None) -> str | None:
    return text[:MAX_FIELD_CHARS] or None if text else None
