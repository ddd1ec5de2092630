"""The state of every source: its lists, its newest article, the state of its addresses, and a diagnosis."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from elasticsearch import Elasticsearch
from msgspec import Struct

from newswire.crawl.url_counts import ListState, UrlCounts, count_overdue, count_urls, read_lists
from newswire.settings import Settings
from newswire.sources.catalogue import Source, load_catalogue
from newswire.sources.schedule import TIERS
from newswire.web.platform.partial_results import PartialResults
from newswire.web.reports.freshness import Newest, read_newest
from newswire.web.reports.source_health import Diagnosis, SourceEvidence, diagnose


class SourceRow(Struct, frozen=True, kw_only=True):
    """One source; numbers are None when the crawl state does not answer."""

    id: str
    title: str
    owner: str
    crawled: str
    hosts: tuple[str, ...]
    country: str | None
    language: str | None
    diagnosis: tuple[Diagnosis, ...]
    lists: tuple[ListState, ...]
    newest: Newest | None
    known: int | None = None
    in_flight: int | None = None
    overdue: int | None = None
    searchable: int | None = None
    others: Mapping[str, Mapping[str, int]] = {}


class BrokenFile(Struct, frozen=True):
    """A source's file that cannot be used, and why."""

    name: str
    reason: str


class SourceReport(Struct, frozen=True, kw_only=True):
    """All sources, the worst first; `outages` name the servers that could not be asked."""

    rows: tuple[SourceRow, ...]
    broken: tuple[BrokenFile, ...]
    without_file: tuple[str, ...]
    outages: tuple[str, ...]


class _ServerData(Struct, frozen=True, kw_only=True):
    """What the servers know, by source; None where one could not be asked."""

    accounts: Mapping[str, UrlCounts] | None
    overdue: Mapping[str, int] | None
    lists: Mapping[str, tuple[ListState, ...]] | None
    newest: Mapping[str, Newest] | None
    outages: tuple[str, ...]


def report_sources(settings: Settings, client: Elasticsearch) -> SourceReport:
    """Return the report; a server that is unavailable costs its numbers only."""
    catalogue = load_catalogue(settings)
    data = _read_servers(settings, client)
    rows = (_row(source, data) for source in catalogue.sources.values())
    return SourceReport(
        rows=tuple(sorted(rows, key=lambda row: (-max(finding.weight for finding in row.diagnosis), row.title))),
        broken=tuple(BrokenFile(entry.path.name, entry.reason) for entry in catalogue.broken),
        without_file=tuple(sorted((data.accounts or {}).keys() - catalogue.sources.keys())),
        outages=data.outages,
    )


def _read_servers(settings: Settings, client: Elasticsearch) -> _ServerData:
    late = timedelta(seconds=settings.overdue_after_seconds)
    outages = PartialResults(settings)
    accounts = outages.ask(lambda: count_urls(settings))
    overdue = outages.ask(lambda: count_overdue(settings, late))
    lists = outages.ask(lambda: read_lists(settings))
    newest = outages.ask(lambda: read_newest(client, settings.index_prefix))
    return _ServerData(accounts=accounts, overdue=overdue, lists=lists, newest=newest, outages=outages.messages)


def _row(source: Source, data: _ServerData) -> SourceRow:
    found = None if data.accounts is None else data.accounts.get(source.id) or UrlCounts(source.id)
    overdue = None if data.overdue is None else data.overdue.get(source.id, 0)
    lists = None if data.lists is None else data.lists.get(source.id, ())
    newest = (data.newest or {}).get(source.id)
    of_day = None if data.newest is None else newest.of_day if newest else 0
    return SourceRow(
        id=source.id,
        title=source.title,
        owner=source.owner,
        crawled=TIERS[source.tier].title if source.enabled else "disabled",
        hosts=source.hosts,
        country=source.country,
        language=source.language,
        diagnosis=diagnose(source, SourceEvidence(found=found, lists=lists, of_day=of_day, overdue=overdue or 0)),
        lists=lists or (),
        newest=newest,
        known=found.discovered if found else None,
        in_flight=found.in_flight if found else None,
        overdue=overdue,
        searchable=found.states["indexed"] + found.states["unchanged"] if found else None,
        others=found.reasons if found else {},
    )
