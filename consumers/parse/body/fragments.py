"""Convert small HTML fragments, as in feeds and JSON-LD, to paragraphs, with BeautifulSoup."""

from __future__ import annotations

import html
import re

from bs4 import BeautifulSoup

_MAX_CHARS = 300_000
_MARKUP = re.compile(r"</?[a-zA-Z][^<>]*>")
_ENTITY = re.compile(r"&(?:[a-zA-Z]{2,8}|#\d{2,6});")
_BREAK = re.compile(r"\n\s*\n|\r\n|\n|\u2029")
_BLOCKS = ["p", "div", "li", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "tr", "pre"]


def to_paragraphs(text: str) -> str:
    """Return the plain paragraphs, separated by empty lines, of a text that may be HTML."""
    text = text[:_MAX_CHARS]
    if _MARKUP.search(text):
        text = _strip_markup(text)
    elif _ENTITY.search(text):
        text = html.unescape(text)
    lines = (" ".join(line.split()) for line in _BREAK.split(text))
    return "\n\n".join(line for line in lines if line)


def _strip_markup(text: str) -> str:
    soup = BeautifulSoup(text, "lxml")
    for tag in soup.find_all(["script", "style", "figure", "iframe"]):
        tag.decompose()
    for tag in soup.find_all("br"):
        tag.replace_with("\n")
    for tag in soup.find_all(_BLOCKS):
        tag.insert_before("\n\n")
        tag.append("\n\n")
    return soup.get_text()
