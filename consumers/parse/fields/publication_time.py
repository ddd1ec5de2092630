"""Which of several times is the time of publication: the first that is possible, in the order of trust."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import TYPE_CHECKING

from consumers.parse.fields.dates import find_fault, read_time, read_url_date, search_date
from consumers.parse.fields.head import PageHead, metas_of
from consumers.parse.fields.jsonld import ArticleData
from consumers.parse.fields.visible import Visible
from consumers.parse.vocabulary import names
from schemas.messages import DateSource

if TYPE_CHECKING:
    from consumers.parse.fields.metadata import Metadata, Origin

_PUBLISHED_METAS = names("published_metas")
_MODIFIED_METAS = names("modified_metas")


def set_times(meta: Metadata, data: ArticleData, head: PageHead, visible: Visible, origin: Origin) -> None:
    """Fill in when the article was published and changed, each with its provenance; impossible times are noted."""
    for text, kind, source in _publications(data, head, visible, origin):
        if when := _valid(meta, text, source, origin):
            meta.published, meta.published_source = when, kind
            meta.provenance["published_at"] = source + _zone_words(when)
            break
    if not meta.published:
        _guess_day(meta, visible, origin)
    changed: list[tuple[str | None, str]] = [(data.modified, "jsonld dateModified"), *metas_of(head, _MODIFIED_METAS)]
    for text, source in changed:
        if when := _valid(meta, text, source, origin):
            meta.modified, meta.provenance["modified_at"] = when, source + _zone_words(when)
            break


def _guess_day(meta: Metadata, visible: Visible, origin: Origin) -> None:
    when, source = read_url_date(origin.url), "address"
    if not when or find_fault(when, origin.fetched_at):
        when, source = search_date(visible.lines, origin.fetched_at), "text"
    if when:
        meta.published, meta.published_source, meta.provenance["published_at"] = when, "text", source


def _publications(
    data: ArticleData, head: PageHead, visible: Visible, origin: Origin
) -> Iterator[tuple[str | None, DateSource, str]]:
    yield data.published, "jsonld", "jsonld datePublished"
    for value, source in metas_of(head, _PUBLISHED_METAS):
        yield value, "meta", source
    for value in visible.times[:1]:
        yield value, "time", "time"
    if origin.feed and origin.feed.published_at:
        yield origin.feed.published_at.isoformat(), "feed", "feed"


def _valid(meta: Metadata, text: str | None, source: str, origin: Origin) -> dt.datetime | None:
    when = read_time(text)
    fault = find_fault(when, origin.fetched_at) if when else None
    if fault:
        meta.notes.append(f"{source} refused: {fault}")
    return None if fault else when


def _zone_words(when: dt.datetime) -> str:
    return f" ({when:%z})" if when.tzinfo else " (no zone, taken for UTC)"
