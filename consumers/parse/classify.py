"""Decide whether a page is an article, and of which kind, by its own data, its URL and its text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from consumers.parse.body.boilerplate import is_consent, is_demand
from consumers.parse.fields.head import PageHead
from consumers.parse.fields.jsonld import ArticleData
from consumers.parse.input.tree import Block
from consumers.parse.rejection import Rejected, RejectReason
from consumers.parse.vocabulary import pattern
from consumers.parse.words import count_words
from schemas.messages import Kind

MIN_WORDS = 25
_FEW_WORDS = 60  # fewer make a page with a video or with pictures a video or gallery page, not an article
_ERROR_WORDS = 150
_WALL_CHARS = 1_500
_PARAGRAPH_WORDS = 15
_READABLE_SHARE = 0.6
_ARTICLE_WORDS = 60  # in paragraphs that long: no listing has as many
_HEADLINE_CHARS = range(20, 160)
_LISTING_LINKS = 15
_ERROR_TITLE = pattern("error_titles")
_SIGNS = re.compile(r"[^\w\s]|[\d_]")
_LIVE_WORDS = frozenset({"liveblog", "liveticker", "newsblog", "ticker", "directo", "direct"})
_GALLERY_WORDS = frozenset(
    {"gallery", "galleries", "fotostrecke", "bildergalerie", "galerie", "galeria", "fotogalerie", "slideshow", "photos"}
)
_REASONS: dict[Kind, RejectReason] = {"video": "video-page", "gallery": "gallery-page"}
_LISTING_TYPES = frozenset({"CollectionPage", "ItemList", "SearchResultsPage", "ProfilePage"})


@dataclass(frozen=True, slots=True)
class Signs:
    """What distinguishes an article from other pages, counted once."""

    title: str
    heading: str | None
    body: str
    words: int
    has_date: bool
    headline_links: int


def count_headline_links(blocks: Sequence[Block]) -> int:
    """Return how many blocks are only a link as long as a headline."""
    return sum(block.link_share > 0.9 and len(block.text) in _HEADLINE_CHARS for block in blocks)


def find_kind(data: ArticleData, head: PageHead, url: str) -> Kind:
    """Return which kind of article the page is, by its data and its URL."""
    words = set(re.split(r"[^a-z]+", urlsplit(url).path.lower()))
    og_type = (head.text("og:type") or "").lower()
    if "LiveBlogPosting" in data.types | data.page_types or words & _LIVE_WORDS:
        return "live"
    if og_type.startswith("video") or (not data.types and "VideoObject" in data.page_types):
        return "video"
    if data.page_types & {"ImageGallery", "MediaGallery"} or words & _GALLERY_WORDS:
        return "gallery"
    return "article"


def reject_non_articles(signs: Signs, kind: Kind, data: ArticleData, head: PageHead, url: str) -> None:
    """Raise Rejected with the reason if a page is not an article."""
    _reject_errors(signs)
    if not signs.body.strip():
        raise Rejected("no-text", "no article text was found")
    _reject_noise(signs.body)
    _reject_walls(signs)
    is_declared = bool(data.headline or data.body) or (head.text("og:type") or "").lower() == "article"
    _reject_listings(signs, data, url, is_declared=is_declared)
    if (reason := _REASONS.get(kind)) and signs.words < _FEW_WORDS:
        raise Rejected(reason, f"a page of kind {kind} with {signs.words} words")
    if signs.words < MIN_WORDS:
        raise Rejected("too-short", f"{signs.words} words; an article has at least {MIN_WORDS}")


def _reject_errors(signs: Signs) -> None:
    for text in (signs.title, signs.heading):
        if text and signs.words < _ERROR_WORDS and _ERROR_TITLE.search(text):
            raise Rejected("error-page", f"the title is {text[:80]!r}")


def _reject_noise(body: str) -> None:
    sample = body[:2_000]
    signs = len(_SIGNS.findall(sample))
    if signs > (1 - _READABLE_SHARE) * len(sample) or sample.count(" ") + sample.count("\n") < len(sample) // 400:
        raise Rejected("not-text", "the text is not writing in any language")


def _reject_walls(signs: Signs) -> None:
    if len(signs.body) > _WALL_CHARS:
        return
    demands = sum(len(line) for line in signs.body.split("\n\n") if is_demand(line) or is_consent(line))
    if demands >= 0.5 * len(signs.body):
        raise Rejected("wall", "the text asks for consent, a login or a subscription")


def _reject_listings(signs: Signs, data: ArticleData, url: str, *, is_declared: bool) -> None:
    if urlsplit(url).path in {"", "/"} and not urlsplit(url).query and not data.headline:
        raise Rejected("front-page", "the URL is that of a front page")
    if is_declared or (signs.has_date and signs.words > _ERROR_WORDS):
        return
    counts = map(count_words, signs.body.split("\n\n"))
    prose = sum(count for count in counts if count >= _PARAGRAPH_WORDS)
    if prose >= _ARTICLE_WORDS:
        return
    if types := data.page_types & _LISTING_TYPES:
        raise Rejected("listing", f"its data declare a {min(types)}")
    if signs.headline_links >= _LISTING_LINKS:
        raise Rejected("listing", f"{signs.headline_links} headlines as links, {prose} words of prose")
