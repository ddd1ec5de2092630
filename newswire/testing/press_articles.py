"""The demo press's tellings as the messages that stages are fed with, without a crawl and without parse."""

from __future__ import annotations

import datetime as dt
from typing import Any, TypeVar

from msgspec import structs

from newswire.demo.press.desk import PressArticle as Telling
from newswire.text.fingerprint import fingerprint
from schemas.message_builder import make_article
from schemas.messages import ArticleText, ParsedArticle

T = TypeVar("T", bound=ArticleText)


def make_press_article(kind: type[T], telling: Telling, phase: int, *, seen_at: dt.datetime, **others: Any) -> T:
    """Return a message of this kind with what the press tells in a phase."""
    edition, outlet = telling.at(phase), telling.outlet
    if edition is None:
        raise ValueError(f"{telling.key} is not told in phase {phase}")
    return make_article(
        kind,
        telling.key,
        edition.title,
        "\n\n".join(edition.paragraphs),
        host=outlet.address,
        seen_at=seen_at,
        source=outlet.id,
        outlet=outlet.name,
        language=outlet.language,
        country=outlet.country,
        is_agency=outlet.is_agency,
        published_at=telling.published.astimezone(dt.UTC),
        **others,
    )


def make_parsed_press_article(telling: Telling, phase: int, seen_at: dt.datetime) -> ParsedArticle:
    """Return what parse would say of a telling, its fingerprint included."""
    bare = make_press_article(ParsedArticle, telling, phase, seen_at=seen_at, reader="test")
    return structs.replace(bare, fingerprint=fingerprint(bare.title, bare.body, bare.language))
