"""What a takedown is of: the article behind a URL or id, all its addresses, and the months of its indexes."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import msgspec

from newswire.elastic.client import build_alias, build_index_name
from newswire.errors import NewswireError
from newswire.takedowns.crawl_state import TakedownEntry, find_in_force, find_urls, ids_of
from newswire.takedowns.servers import Servers

MAX_DOCUMENTS: Final = 1_000


class TakedownError(NewswireError):
    """There is nothing to take down, or no takedown to undo."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What is taken down: the article, the address that stands for it, all its addresses, and its months."""

    article_id: str
    url_id: str
    url: str
    url_ids: frozenset[str]
    months: tuple[datetime, ...]
    copies: tuple[str, ...] = ()


def find_subject(servers: Servers, name: str) -> Subject:
    """Return what a URL or id stands for. Raises TakedownError if nothing has it."""
    ids = ids_of(name)
    if entry := find_in_force(servers.database, ids):
        return subject_of(servers, entry)
    documents = _documents(servers, {"article_id": ids, "url_id": ids, "url": [name], "canonical_url": [name]})
    urls = find_urls(servers.database, ids)
    if not documents and not urls:
        raise TakedownError(
            f"no article and no address in the crawl state has the id or URL {name}; "
            "`newswire search --json` prints the ids and URLs of articles"
        )
    found = [(one.article_id or one.url_id, one.url_id, one.url) for one in urls]
    found = [(one["article_id"], one["url_id"], one["url"]) for one in documents] + found
    return _subject(servers, *next((one for one in found if one[1] in ids), found[0]))


def subject_of(servers: Servers, entry: TakedownEntry) -> Subject:
    """Return what a takedown in force is of, with what has become known of it since."""
    return _subject(servers, entry.article_id, entry.url_id, entry.url, entry.url_ids)


def _subject(servers: Servers, article_id: str, url_id: str, url: str, known: Collection[str] = ()) -> Subject:
    documents = _documents(servers, {"article_id": [article_id]})
    urls = [one for one in find_urls(servers.database, [article_id, url_id]) if one.article_id in {article_id, None}]
    moments = [msgspec.convert(one["first_seen_at"], datetime) for one in documents]
    months = {build_index_name("", at): at for at in (*(one.first_seen_at for one in urls), *moments)}
    families = [one["family_id"] for one in documents]
    copies = [one for one in _documents(servers, {"family_id": families}) if one["article_id"] != article_id]
    return Subject(
        article_id,
        url_id,
        url,
        # The article's id is that of its canonical URL, which shows it too.
        frozenset({article_id, url_id, *known, *(one.url_id for one in urls), *(one["url_id"] for one in documents)}),
        tuple(months.values()),
        tuple(one["url"] for one in copies),
    )


def _documents(servers: Servers, wanted: dict[str, list[str]]) -> list[dict[str, Any]]:
    """Return the article documents in which one of the fields has one of its values."""
    lenient: dict[str, Any] = {"ignore_unavailable": True, "allow_no_indices": True}
    fields = ["article_id", "url_id", "url", "first_seen_at", "family_id"]
    should = [{"terms": {field: values}} for field, values in wanted.items()]
    index, query = build_alias(servers.prefix), {"bool": {"should": should, "minimum_should_match": 1}}
    found = servers.client.search(index=index, query=query, size=MAX_DOCUMENTS, source_includes=fields, **lenient)
    return [hit["_source"] for hit in found["hits"]["hits"]]
