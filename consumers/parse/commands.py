"""`newswire parse`: show what parse reads from a page, and why."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from newswire.errors import NewswireError
from newswire.settings import settings
from newswire.sources.catalogue import load_catalogue

if TYPE_CHECKING:
    from consumers.parse.extraction import Extraction
    from consumers.parse.fields.metadata import Origin


@click.command(name="parse")
@click.argument("page", metavar="URL|FILE")
@click.option("--url", default="https://example.com/page", show_default=True, help="the URL of a FILE's page")
@click.option("--source", "source_id", metavar="ID", help="apply the rules in this source's file")
@click.option("--json", "as_json", is_flag=True, help="all fields as JSON")
def command(page: str, url: str, *, source_id: str | None, as_json: bool) -> None:
    """Show what parse reads from a page: fields, provenance, reader, agreement, or the reason for a rejection."""
    from consumers.parse.extraction import extract_article
    from consumers.parse.rejection import Rejected

    source = load_catalogue(settings()).choose(source_id) if source_id else None
    raw, origin, charset = _load(page, url)
    if source:
        origin = replace(origin, language_hint=source.language, rules=source.rules)
    try:
        found = extract_article(raw, origin, charset)
    except Rejected as rejected:
        answer = {"rejected": rejected.reason, "detail": rejected.detail}
        click.echo(_json(answer) if as_json else f"rejected: {rejected.reason} ({rejected.detail})")
        raise click.exceptions.Exit(1) from None
    click.echo(_json(_fields(found)) if as_json else _lines(found))


def _load(page: str, url: str) -> tuple[bytes, Origin, str | None]:
    """Return the bytes of a page, what is known about it before it is read, and the charset from HTTP."""
    from consumers.parse.fields.metadata import Origin

    now = dt.datetime.now(dt.UTC)
    if not page.startswith(("http://", "https://")):
        try:
            return Path(page).read_bytes(), Origin(url, now), None
        except OSError as error:
            raise NewswireError(f"{page} cannot be read: {error.strerror}; give a URL or an HTML file") from error
    from newswire.crawl.fetched_pages import charset_of, robots_tag_of
    from newswire.crawl.single_page import get_page

    answer = get_page(page, settings())
    origin = Origin(answer.url, now, robots_tag=robots_tag_of(answer), robots_ai_use=answer.robots_ai_use)
    return answer.body, origin, charset_of(answer)


def _fields(found: Extraction) -> dict[str, object]:
    meta = found.meta
    times = {"published": found.published, "modified": meta.modified.isoformat() if meta.modified else None}
    return {
        "title": found.title,
        "heading": meta.heading,
        "authors": found.authors,
        **times,
        "published_source": meta.published_source,
        "language": found.language,
        "kind": found.kind,
        "canonical_url": meta.canonical,
        "site_name": meta.site_name,
        "section": meta.section,
        "tags": list(meta.tags),
        "image": meta.image,
        "summary": meta.summary,
        "is_paywalled": meta.is_paywalled,
        "allows_ai_use": meta.allows_ai_use,
        "charset": found.charset,
        "reader": found.reading.reader,
        "agreement": found.reading.agreement,
        "word_count": found.word_count,
        "notes": meta.notes,
        "provenance": meta.provenance,
        "body": found.body,
        "read_at": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
    }


def _json(value: object) -> str:
    return msgspec.json.format(msgspec.json.encode(value), indent=1).decode()


def _lines(found: Extraction) -> str:
    fields = _fields(found)
    provenance = {"published": "published_at", "modified": "modified_at", "body": "", "provenance": ""}
    lines = []
    for name, value in fields.items():
        if name in {"body", "provenance", "read_at"} or value in (None, [], ""):
            continue
        source = found.meta.provenance.get(provenance.get(name, name))
        text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
        lines.append(f"{name:>16}  {text}" + (click.style(f"  [{source}]", dim=True) if source else ""))
    return "\n".join([*lines, "", found.body])
