"""Read RSS, Atom and RDF from bytes that the crawl has fetched; feedparser itself makes no requests."""

from __future__ import annotations

import calendar
import datetime as dt
import itertools
import re
import time
from typing import Any, Final

import feedparser
from lxml import etree, html

from newswire.crawl.frontier import ListedUrl
from newswire.text.urls import clean_url
from schemas.messages import FeedEntry

MAX_TEXT: Final = 2_000
_PROLOGUE_BYTES: Final = 65_536
_MAX_BYTES: Final = 2_000_000  # one second of feedparser's time, or twenty for a feed built to be slow
# expat limits entity expansion too, but only after a second of work.
_ENTITIES: Final = re.compile(rb"<!DOCTYPE[^>\[]*\[.*?\]\s*>", re.DOTALL | re.IGNORECASE)
_ITEM_END: Final = re.compile(rb"</(?:\w+:)?(?:item|entry)\s*>")
_MAX_AUTHORS: Final = 20
_LANGUAGE: Final = re.compile(r"[a-z]{2,3}", re.IGNORECASE)
_CONTROLS: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")


class UnreadableListError(Exception):
    """The bytes are not a list that we can read; the text is the reason."""


def read_feed(body: bytes, url: str, content_type: str, max_items: int) -> list[ListedUrl]:
    """Return at most `max_items` entries of a feed, in its order; of broken XML, those that can be read.

    Raises:
        UnreadableListError: the body is not a feed.
    """
    parsed = feedparser.parse(
        _head(body, max_items),
        response_headers={"content-type": content_type, "content-location": url},
        sanitize_html=False,  # no HTML is kept: plain_text() removes it
        resolve_relative_uris=False,
    )
    if not parsed.get("version") and not parsed.entries:
        reason = parsed.get("bozo_exception", "no feed element")
        raise UnreadableListError(" ".join(str(reason).split())[:200])
    language = language_of(parsed.feed.get("language"))
    entries = (_read_entry(entry, url, language) for entry in parsed.entries[:max_items])
    return [entry for entry in entries if entry is not None]


def _head(body: bytes, max_items: int) -> bytes:
    """Return the part up to the last item wanted: feedparser takes minutes for a hundred thousand items."""
    ends = itertools.islice(_ITEM_END.finditer(body), max_items - 1, max_items)
    last = next(ends, None)
    head = body[: min(last.end() if last else len(body), _MAX_BYTES)]
    return _ENTITIES.sub(b"", head[:_PROLOGUE_BYTES], count=1) + head[_PROLOGUE_BYTES:]


def _read_entry(entry: Any, base: str, language: str | None) -> ListedUrl | None:
    link = clean_url(str(entry.get("feedburner_origlink") or entry.get("link") or ""), base)
    if link is None:
        return None
    # feedparser warns if `updated` is read and only `published` is there, hence `in`.
    published = _time(entry.get("published_parsed"))
    updated = _time(entry["updated_parsed"]) if "updated_parsed" in entry else None
    names = (plain_text(author.get("name")) for author in entry.get("authors", ())[:_MAX_AUTHORS])
    return ListedUrl(
        url=link,
        changed_at=updated or published,
        entry=FeedEntry(
            title=plain_text(entry.get("title")),
            published_at=published or updated,
            summary=plain_text(entry.get("summary")),
            authors=tuple(name for name in names if name),
            language=language,
        ),
    )


def _time(parsed: time.struct_time | None) -> dt.datetime | None:
    try:
        return dt.datetime.fromtimestamp(calendar.timegm(parsed), dt.UTC) if parsed else None
    except (ValueError, OverflowError, OSError):
        return None


def plain_text(markup: Any) -> str | None:
    """Return text without markup and control characters, at most MAX_TEXT characters; None if nothing is left."""
    if not isinstance(markup, str):
        return None
    text = markup[: 20 * MAX_TEXT]
    if "<" in text or "&" in text:
        try:
            text = "".join(map(str, html.fromstring(f"<div>{_CONTROLS.sub(' ', text)}</div>").itertext()))
        except (ValueError, AssertionError, etree.ParserError):
            return None
    return " ".join(_CONTROLS.sub(" ", text).split())[:MAX_TEXT] or None


def language_of(tag: Any) -> str | None:
    """Return the ISO 639 part of a language tag such as en-GB."""
    found = _LANGUAGE.match(tag.strip()) if isinstance(tag, str) else None
    return found[0].lower() if found else None
