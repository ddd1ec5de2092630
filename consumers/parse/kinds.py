"""Article or not: what a page is by its own data, its address and its text, and why it is no article."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from consumers.parse.head import Head
from consumers.parse.jsonld import ArticleData
from consumers.parse.refusal import Refused
from schemas.messages import Kind

MIN_WORDS = 25
_ERROR_TITLE = re.compile(
    r"^\W*(?:(?:error\s*)?(?:40[0-9]|410|50[0-9])\b|page not found|not found|access denied|forbidden|just a moment|attention required"
    r"|service unavailable|seite nicht gefunden|page introuvable|página no encontrada|pagina non trovata|страница не найдена)|\b40[34]\W*$|page not found",
    re.IGNORECASE,
)


def find_kind(data: ArticleData, head: Head, url: str) -> Kind:
    """Return what sort of article the page says it is."""
    words = set(re.split(r"[^a-z]+", urlsplit(url).path.lower()))
    og_type = (head.text("og:type") or "").lower()
    if "LiveBlogPosting" in data.types | data.page_types or words & {"liveblog", "liveticker"}:
        return "live"
    if "video" in og_type or "VideoObject" in data.types:
        return "video"
    if data.types & {"ImageGallery", "MediaGallery"} or words & {"gallery", "fotostrecke", "galerie", "bildergalerie"}:
        return "gallery"
    return "article"


def refuse_error_page(title: str, heading: str | None, word_count: int) -> None:
    """Raise for an error page that came with status 200."""
    for text in (title, heading):
        if text and word_count < 150 and _ERROR_TITLE.search(text):
            raise Refused("error-page", f"the title says {text[:80]!r}")


def refuse_empty(title: str, body: str, word_count: int) -> None:
    """Raise for a page without title or with too few words."""
    if not body.strip():
        raise Refused("no-text", "no article text was found")
    if word_count < MIN_WORDS:
        raise Refused("too-short", f"{word_count} words, {MIN_WORDS} are needed")
    if not title:
        raise Refused("no-title", "no title was found")
