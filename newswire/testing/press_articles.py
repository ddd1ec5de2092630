"""Build the messages that stages read from the demo press's articles, without a crawl and without parse."""

from __future__ import annotations

import datetime as dt
from typing import Any, TypeVar

from msgspec import structs

from newswire.demo.press.desk import PressArticle
from newswire.text.fingerprint import fingerprint
from schemas.message_builder import make_article
from schemas.messages import ArticleText, ParsedArticle

T = TypeVar("T", bound=ArticleText)


def make_press_article(kind: type[T], article: PressArticle, phase: int, *, seen_at: dt.datetime, **others: Any) -> T:
    """Return a message of this kind with the article's edition of a phase."""
    edition, outlet = article.at(phase), article.outlet
    if edition is None:
        raise ValueError(f"{article.key} is not published in phase {phase}")
    return make_article(
        kind,
        article.key,
        edition.title,
        "\n\n".join(edition.paragraphs),
        host=outlet.address,
        seen_at=seen_at,
        source=outlet.id,
        outlet=outlet.name,
        language=outlet.language,
        country=outlet.country,
        is_agency=outlet.is_agency,
        published_at=article.published.astimezone(dt.UTC),
        **others,
    )


def make_parsed_press_article(article: PressArticle, phase: int, seen_at: dt.datetime) -> ParsedArticle:
    """Return the message that parse would send for the article, including its fingerprint."""
    bare = make_press_article(ParsedArticle, article, phase, seen_at=seen_at, reader="test")
    return structs.replace(bare, fingerprint=fingerprint(bare.title, bare.body, bare.language))
