"""Read pages that are too costly for the fast tree: BeautifulSoup with lxml, over capped input."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bs4 import BeautifulSoup, Tag

from consumers.parse.body.boilerplate import is_boilerplate_line
from consumers.parse.body.cascade import Body
from consumers.parse.rejection import Rejected

MAX_CHARS = 600_000
MAX_TAGS = 12_000
_TEXTUAL = ["p", "h2", "h3", "h4", "li", "blockquote"]
_MIN_CHARS = 40
_LONG_TAG = re.compile(r"<([a-zA-Z][a-zA-Z0-9]*)[^<>]{2000,}>")
_TAG = re.compile(r"<[/a-zA-Z!][^<>]*>")


def read_fallback(text: str, danger: str) -> Body:
    """Return the paragraphs at the beginning of a dangerous page.

    Raises Rejected (`too-costly`, with the danger) where there are none.
    """
    soup = BeautifulSoup(_cap(text), "lxml")
    kept: list[str] = []
    for paragraph in _paragraphs(soup):
        if paragraph not in kept[-50:]:
            kept.append(paragraph)
    if not kept:
        raise Rejected("too-costly", f"{danger}, and no paragraphs at its beginning")
    return Body("\n\n".join(kept), "slow")


def _cap(text: str) -> str:
    """Return the page up to MAX_CHARS and MAX_TAGS, without the attributes of over-long tags."""
    text = _LONG_TAG.sub(r"<\1>", text[: 4 * MAX_CHARS])[:MAX_CHARS]
    for count, tag in enumerate(_TAG.finditer(text)):
        if count == MAX_TAGS:
            return text[: tag.start()]
    return text


def _paragraphs(soup: BeautifulSoup) -> Iterator[str]:
    for tag in soup.find_all(_TEXTUAL):
        if isinstance(tag, Tag) and not tag.find(_TEXTUAL):
            words = " ".join(tag.get_text(" ").split())
            if len(words) >= _MIN_CHARS and not is_boilerplate_line(words):
                yield words
