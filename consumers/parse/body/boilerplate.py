"""Boilerplate: what is on the page but not in the article, known by the names of page parts and by single lines."""

from __future__ import annotations

import re
from functools import lru_cache

from consumers.parse.input.tree import Element
from consumers.parse.vocabulary import pattern, words

_NAME_PARTS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")

_BOILERPLATE_TAGS = frozenset({"nav", "footer", "aside", "form", "figure"})
_ROLES = frozenset(
    {"navigation", "complementary", "contentinfo", "search", "dialog", "alert", "banner", "menu", "tablist", "note"}
)

PICTURE_WORDS = words("picture_words")
_WORDS = words("boilerplate_words")
_PART_WORDS = words("part_words")
_COMMENT_WORDS = words("comment_words")
_HIDDEN = words("hidden_names")
_PAIRS = pattern("boilerplate_pairs")
_ARTICLE_NAMES = pattern("article_names")
_NEUTRAL_NAMES = pattern("neutral_names")
_ALWAYS_TEXT = frozenset({"html", "body", "main", "blockquote"})
_NEVER_PARTS = frozenset({"p", "li", "blockquote", "td", "tr", "tbody", "h2", "h3", "h4"})
_HIDDEN_STYLE = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_MAX_LINE_CHARS = 250
_MAX_DATED_CHARS = 120
_MAX_CONSENT_CHARS = 700
_WHOLE_LINE = pattern("whole_lines", r"^\W*{}\W*$")
_LINE_BEGINNING = pattern("line_beginnings", r"^\W*{}")
_DATED_LINE = pattern("dated_lines")
_CONSENT = pattern("consent")
_DEMAND = pattern("demands")


def judge(element: Element) -> str:
    """Return why an element's name marks it as boilerplate, or an empty string; cached on the element."""
    if element.boilerplate_reason is None:
        element.boilerplate_reason = _judge(element)
    return element.boilerplate_reason


def _judge(element: Element) -> str:
    if element.tag in _ALWAYS_TEXT:
        return ""
    if element.tag in _BOILERPLATE_TAGS:
        return element.tag
    attributes = element.node.attributes
    return _judge_attributes(attributes) if attributes else ""


def _judge_attributes(attributes: dict[str, str | None]) -> str:
    if "hidden" in attributes or attributes.get("aria-hidden") == "true":
        return "hidden"
    if (style := attributes.get("style")) and _HIDDEN_STYLE.search(style):
        return "hidden"
    if (role := attributes.get("role")) and role.lower() in _ROLES:
        return role.lower()
    return _judge_name(f"{attributes.get('class') or ''} {attributes.get('id') or ''}".strip())


def judge_part(element: Element) -> str:
    """Return why a small part inside the article is boilerplate, by words too general to judge a large part by."""
    if element.tag in _NEVER_PARTS:
        return ""
    attributes = element.node.attributes
    name = f"{attributes.get('class') or ''} {attributes.get('id') or ''}"
    parts = {word.lower() for word in _NAME_PARTS.findall(name[:400])}
    return min(parts & PICTURE_WORDS, default="") or min(parts & _PART_WORDS, default="")


def name_of(element: Element) -> str:
    """Return the tag and class of an element."""
    return f"{element.tag} {element.node.attributes.get('class') or ''}"


@lru_cache(maxsize=20_000)  # sites repeat their names on every page
def _judge_name(name: str) -> str:
    tokens = [token for token in name[:400].split() if not _NEUTRAL_NAMES.match(token)]
    if not _HIDDEN.isdisjoint(tokens):
        return "hidden"
    name = " ".join(tokens)
    parts = {word.lower() for word in _NAME_PARTS.findall(name)}
    if parts & _COMMENT_WORDS:
        return "comments"
    if not name or _ARTICLE_NAMES.search(name):
        return ""
    return min(parts & _WORDS, default="") or ("pair" if _PAIRS.search(name) else "")


def is_consent(text: str) -> bool:
    """Return whether a paragraph asks for consent to cookies."""
    return "ookie" in text and len(text) <= _MAX_CONSENT_CHARS and bool(_CONSENT.search(text))


def is_demand(text: str) -> bool:
    """Return whether a paragraph demands a login, a subscription or the like before it shows the article."""
    return len(text) <= _MAX_CONSENT_CHARS and bool(_DEMAND.search(text))


def is_boilerplate_line(text: str) -> bool:
    """Return whether a line belongs to the site and not to the article."""
    if len(text) > _MAX_LINE_CHARS:
        return is_consent(text)
    if len(text) < _MAX_DATED_CHARS and _DATED_LINE.match(text):
        return True
    return bool(_WHOLE_LINE.match(text) or _LINE_BEGINNING.match(text)) or is_consent(text)
