"""Read the JSON-LD of a page (schema.org) into one typed description of the article."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import orjson

from consumers.parse.input.scripts import read_scripts

_KIND = "application/ld+json"
_WRAPPING = re.compile(
    r"^\s*(?:<!--|//\s*<!\[CDATA\[|/\*\s*<!\[CDATA\[\s*\*/|<!\[CDATA\[)|(?:-->|//\s*\]\]>|\]\]>)\s*;?\s*$"
)
_ARTICLE = re.compile(r"(?:article|posting|blogpost|report|review|analysis|opinion)", re.IGNORECASE)
_MAX_CHARS, _MAX_NODES = 2_000_000, 2_000
Node = dict[str, Any]


@dataclass(frozen=True, slots=True)
class ArticleData:
    """The article as JSON-LD describes it; fields that it lacks are empty."""

    types: frozenset[str] = frozenset()
    page_types: frozenset[str] = field(default_factory=frozenset)
    headline: str | None = None
    alternative: str | None = None
    body: str | None = None
    authors: tuple[str, ...] = ()
    published: str | None = None
    modified: str | None = None
    section: str | None = None
    tags: tuple[str, ...] = ()
    image: str | None = None
    summary: str | None = None
    publisher: str | None = None
    language: str | None = None
    url: str | None = None
    is_free: bool | None = None


def read_jsonld(text: str, url: str) -> ArticleData:
    """Return what the page's JSON-LD gives for the article at `url`."""
    nodes = list(_nodes(text.replace("application/ld&#x2B;json", _KIND)))
    by_id: dict[str, Node] = {}
    for node in nodes:
        if len(node) > 1 and isinstance(identity := node.get("@id"), str):
            by_id.setdefault(identity, node)
    types = frozenset(kind for node in nodes for kind in _types(node))
    article = _choose(nodes, url)
    return _describe(article, by_id, types) if article else ArticleData(page_types=types)


def _nodes(text: str) -> Iterator[Node]:
    """Yield every object of the page's JSON-LD that may describe something, outer ones first."""
    waiting: list[Any] = [_load(script) for script in read_scripts(text, _KIND)]
    for _ in range(_MAX_NODES):
        if not waiting:
            return
        value = waiting.pop(0)
        if isinstance(value, list):
            waiting[:0] = value[:200]
        elif isinstance(value, dict):
            yield value
            waiting += [value[key] for key in ("@graph", "mainEntity", "mainEntityOfPage") if key in value]


def _load(script: str) -> Any:
    """Return the value of one script, read strictly, then with the usual mistakes corrected; None if it is not JSON."""
    if len(script) > _MAX_CHARS:
        return None
    try:
        return orjson.loads(script)
    except orjson.JSONDecodeError:
        pass
    repaired = _WRAPPING.sub("", script).strip().rstrip(";")
    for attempt in (repaired, html.unescape(repaired), re.sub(r",\s*([}\]])", r"\1", repaired)):
        try:
            return json.loads(attempt, strict=False)
        except (ValueError, RecursionError):
            continue
    return None


def _types(node: Node) -> list[str]:
    kinds = node.get("@type")
    return [str(kind).rsplit("/", 1)[-1] for kind in (kinds if isinstance(kinds, list) else [kinds]) if kind]


def _choose(nodes: list[Node], url: str) -> Node | None:
    """Return the article that the page is about: the one with the page's URL, else the most complete one."""
    articles = [node for node in nodes if any(_ARTICLE.search(kind) for kind in _types(node))]
    path = _path(url)

    def rank(node: Node) -> tuple[bool, int]:
        paths = {_path(own) for key in ("url", "@id", "mainEntityOfPage") if (own := _url(node.get(key)))}
        return path in paths, sum(key in node for key in ("headline", "datePublished", "author", "articleBody"))

    return max(articles, key=rank, default=None)


def _path(url: str) -> str:
    return re.sub(r"^\w+://|[?#].*$|/+$", "", url)


def _url(value: Any) -> str | None:
    if isinstance(value, dict):
        value = value.get("@id") or value.get("url")
    return value if isinstance(value, str) else None


def _describe(node: Node, by_id: dict[str, Node], page_types: frozenset[str]) -> ArticleData:
    return ArticleData(
        types=frozenset(_types(node)),
        page_types=page_types,
        headline=_text(node.get("headline")) or _text(node.get("name")),
        alternative=_text(node.get("alternativeHeadline")),
        body=_text(node.get("articleBody"), limit=500_000),
        authors=tuple(_names(node.get("author") or node.get("creator"), by_id)),
        published=_text(node.get("datePublished")) or _text(node.get("dateCreated")),
        modified=_text(node.get("dateModified")),
        section=next(iter(_texts(node.get("articleSection"))), None),
        tags=tuple(_texts(node.get("keywords"))),
        image=_image(node.get("image"), by_id) or _image(node.get("thumbnailUrl"), by_id),
        summary=_text(node.get("description")),
        publisher=next(iter(_names(node.get("publisher"), by_id)), None),
        language=_text(node.get("inLanguage")),
        url=_url(node.get("mainEntityOfPage")) or _url(node.get("url")),
        is_free=_truth(node.get("isAccessibleForFree")),
    )


def _text(value: Any, limit: int = 5_000) -> str | None:
    """Return the text of a value: a string, an integer, the first of a list, or an object's value or name."""
    if isinstance(value, list) and value:
        value = value[0]
    if isinstance(value, dict):
        value = value.get("@value") or value.get("name")
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    return (html.unescape(value[:limit]).strip() or None) if isinstance(value, str) else None


def _texts(value: Any) -> list[str]:
    values = value if isinstance(value, list) else str(value).split(",") if isinstance(value, str) else []
    return [text for item in values[:50] if (text := _text(item))]


def _names(value: Any, by_id: dict[str, Node]) -> Iterator[str]:
    """Yield the names of people or organisations; a reference (`@id`) is followed once."""
    for item in (value if isinstance(value, list) else [value])[:50]:
        is_reference = isinstance(item, dict) and "name" not in item
        found = by_id.get(str(item.get("@id")), item) if is_reference else item
        name = found.get("name") if isinstance(found, dict) else found
        yield from _texts(name) if isinstance(name, list) else filter(None, [_text(name)])


def _image(value: Any, by_id: dict[str, Node]) -> str | None:
    if isinstance(value, list) and value:
        value = value[0]
    if isinstance(value, dict):
        value = value.get("url") or value.get("contentUrl") or by_id.get(str(value.get("@id")), {}).get("url")
    return value if isinstance(value, str) and value else None


def _truth(value: Any) -> bool | None:
    return {"true": True, "false": False}.get(str(value).strip().rsplit("/", 1)[-1].lower())
