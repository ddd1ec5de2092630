"""What is not the article: names of page parts, and lines that sites put between the paragraphs."""

from __future__ import annotations

import re
from functools import lru_cache

from consumers.parse.input.tree import Element
from consumers.parse.vocabulary import pattern, words

_NAME_PARTS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")

FURNITURE_TAGS = frozenset({"nav", "footer", "aside", "form", "figure"})
_ROLES = frozenset(
    {"navigation", "complementary", "contentinfo", "search", "dialog", "alert", "banner", "menu", "tablist", "note"}
)

_WORDS = words("furniture_words")
_PART_WORDS = words("part_words")
_COMMENT_WORDS = words("comment_words")
_HIDDEN = words("hidden_names")
_PAIRS = pattern("furniture_pairs")
_ARTICLE_NAMES = pattern("article_names")
_SAYS_NOTHING = pattern("says_nothing")
PICTURE_WORDS = words("picture_words")
_ALWAYS_TEXT = frozenset({"html", "body", "main", "blockquote"})
_NEVER_PARTS = frozenset({"p", "li", "blockquote", "td", "tr", "tbody", "h2", "h3", "h4"})
_HIDDEN_STYLE = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)


def judge(element: Element) -> str:
    """Return why an element is furniture by its name, or an empty string; remembered on the element."""
    if element.verdict is None:
        element.verdict = _judge(element)
    return element.verdict


def _judge(element: Element) -> str:
    if element.tag in _ALWAYS_TEXT:
        return ""
    if element.tag in FURNITURE_TAGS:
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
    """Return why a small part inside the article is furniture, by words that say too little of a large one."""
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
    tokens = [token for token in name[:400].split() if not _SAYS_NOTHING.match(token)]
    if not _HIDDEN.isdisjoint(tokens):
        return "hidden"
    name = " ".join(tokens)
    parts = {word.lower() for word in _NAME_PARTS.findall(name)}
    if parts & _COMMENT_WORDS:
        return "comments"
    if not name or _ARTICLE_NAMES.search(name):
        return ""
    return min(parts & _WORDS, default="") or ("pair" if _PAIRS.search(name) else "")
