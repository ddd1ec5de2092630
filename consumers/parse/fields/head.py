"""Read the `<head>` of a page with BeautifulSoup, over the few tags that matter."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from urllib.parse import urljoin

from bs4 import BeautifulSoup, SoupStrainer, Tag

from consumers.parse.vocabulary import pattern

_KEPT = re.compile(
    r"""<(?:meta|html|base)\b[^>]{0,4000}>|<link\b[^>]{0,1000}?\brel\s*=\s*["']?canonical\b[^>]{0,1000}>""",
    re.IGNORECASE,
)
_TITLE = re.compile(r"<title\b[^>]*>[^<]*</title\s*>", re.IGNORECASE)  # the first: others belong to SVG drawings
# Metas that do not describe the article: half of all, and parsing a tag costs more than this pattern
_IRRELEVANT = re.compile(
    r"""\b(?:name|property|itemprop|http-equiv)\s*=\s*["']?(?:viewport|msapplication|fb:|al:|apple|google|yandex|theme"""
    r"""|generator|format-detection|mobile-web|msvalidate|x-ua|p:domain|bi3d|referrer|csrf|facebook-domain|rating|verify"""
    r"""|twitter:(?:site|card|creator|app|domain|player|url|widgets|image:|account)|HandheldFriendly|copyright"""
    r"""|og:(?:image:(?!url)|video|audio|locale:)|article:(?:publisher|opinion)|sailthru\.(?:title|tags|desc|image)"""
    r"""|content-type|distribution)|<meta\s+itemprop\s*=\s*["']?(?:name|url|position|width|height)["'\s>]|<meta\s+charset""",
    re.IGNORECASE,
)
_WRITTEN_BY = pattern("written_by", r"{}\W*$")
WRITTEN_BY = "twitter:label written by"
_WANTED = SoupStrainer(["html", "title", "meta", "link", "base"])
_MAX_HEAD_CHARS = 400_000
_MAX_TAGS = 400


@dataclass(frozen=True, slots=True)
class PageHead:
    """Meta tags by lower-case name, title, links and language of a page."""

    metas: dict[str, tuple[str, ...]] = field(default_factory=dict)
    title: str | None = None
    canonical: str | None = None
    language: str | None = None

    def first(self, *names: str) -> tuple[str, str] | tuple[None, None]:
        """Return the content of the first of the named metas that is present, and its name."""
        for name in names:
            if values := self.metas.get(name):
                return values[0], name
        return None, None

    def text(self, *names: str) -> str | None:
        """Return the content of the first of the named metas that is present."""
        return self.first(*names)[0]


def read_head(text: str, url: str) -> PageHead:
    """Return what the head of a page (scripts cut) describes; metas in the body count too."""
    head = text[:_MAX_HEAD_CHARS]
    kept = [tag for tag in _KEPT.findall(head)[:_MAX_TAGS] if not _IRRELEVANT.search(tag)]
    kept += [found[0] for found in islice(_TITLE.finditer(head), 1)]
    soup = BeautifulSoup("".join(kept), "lxml", parse_only=_WANTED)
    metas: dict[str, list[str]] = {}
    for tag in soup.find_all("meta"):
        name = (
            _attribute(tag, "property")
            or _attribute(tag, "name")
            or _attribute(tag, "itemprop")
            or _attribute(tag, "http-equiv")
        )
        if name and (content := _attribute(tag, "content")):
            metas.setdefault(name.lower(), []).append(content)
    if author := _shared_author(metas):
        metas.setdefault(WRITTEN_BY, author)
    title = soup.find("title")
    return PageHead(
        metas={name: tuple(values) for name, values in metas.items()},
        title=" ".join(title.get_text().split()) or None if title else None,
        canonical=_canonical(soup, url),
        language=_language(soup, metas),
    )


def _shared_author(metas: dict[str, list[str]]) -> list[str] | None:
    """Return the author from the cards for social networks: `twitter:data1` where `twitter:label1` is "Written by"."""
    for name, values in metas.items():
        if name.startswith("twitter:label") and _WRITTEN_BY.match(values[0]):
            return metas.get(name.replace("label", "data"))
        if name.startswith("twitter:misc:") and _WRITTEN_BY.match(name.rpartition(":")[2]):
            return values
    return None


def _attribute(tag: Tag, name: str) -> str | None:
    value = tag.get(name)
    return " ".join(value.split()) or None if isinstance(value, str) else None


def _canonical(soup: BeautifulSoup, url: str) -> str | None:
    base = soup.find("base")
    root = urljoin(url, (_attribute(base, "href") or "") if isinstance(base, Tag) else "")
    for link in soup.find_all("link"):
        if "canonical" in (link.get("rel") or []) and (target := _attribute(link, "href")):
            return urljoin(root, target)
    return None


def _language(soup: BeautifulSoup, metas: dict[str, list[str]]) -> str | None:
    page = soup.find("html")
    declared = _attribute(page, "lang") or _attribute(page, "xml:lang") if isinstance(page, Tag) else None
    return declared or next(iter(metas.get("content-language") or metas.get("og:locale") or []), None)


def metas_of(head: PageHead, names: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield the first values of these metas, each with its provenance."""
    for name in names:
        for value in head.metas.get(name, ())[:3]:
            yield value, f"meta {name}"
