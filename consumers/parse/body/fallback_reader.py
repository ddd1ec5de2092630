"""The slow path: pages that would hurt a fast tree are read by BeautifulSoup with lxml, on capped input."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bs4 import BeautifulSoup, Tag

from consumers.parse.body.boilerplate_lines import is_boilerplate
from consumers.parse.body.cascade import Body
from consumers.parse.rejection import Rejected

MAX_CHARS = 600_000
MAX_TAGS = 12_000
_TEXTUAL = ["p", "h2", "h3", "h4", "li", "blockquote"]
_LEAST_CHARS = 40
_LONG_TAG = re.compile(r"<([a-zA-Z][a-zA-Z0-9]*)[^<>]{2000,}>")
_TAG = re.compile(r"<[/a-zA-Z!][^<>]*>")


def read_fallback(text: str, danger: str) -> Body:
    """Return what paragraphs the beginning of a dangerous page holds; raises Refused with the danger where none."""
    soup = BeautifulSoup(_cap(text), "lxml")
    kept: list[str] = []
    for paragraph in _paragraphs(soup):
        if paragraph not in kept[-50:]:
            kept.append(paragraph)
    if not kept:
        raise Rejected("too-costly", f"{danger}, and no paragraphs in its beginning")
    return Body("\n\n".join(kept), "slow")


def _cap(text: str) -> str:
    """Cut the page after so many characters and tags, and the attributes of over-long tags."""
    text = _LONG_TAG.sub(r"<\1>", text[: 4 * MAX_CHARS])[:MAX_CHARS]
    for count, tag in enumerate(_TAG.finditer(text)):
        if count == MAX_TAGS:
            return text[: tag.start()]
    return text


def _paragraphs(soup: BeautifulSoup) -> Iterator[str]:
    for tag in soup.find_all(_TEXTUAL):
        if isinstance(tag, Tag) and not tag.find(_TEXTUAL):
            words = " ".join(tag.get_text(" ").split())
            if len(words) >= _LEAST_CHARS and not is_boilerplate(words):
                yield words
