"""How every source is: its lists, its newest article, where its addresses stand, and a diagnosis in words."""

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
    """One source; numbers are None while the crawl state does not answer."""

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
    """All sources, the worst first; `outages` say which servers could not be asked."""

    rows: tuple[SourceRow, ...]
    broken: tuple[BrokenFile, ...]
    without_file: tuple[str, ...]
    outages: tuple[str, ...]


class _Facts(Struct, frozen=True, kw_only=True):
    """What the servers say, by source; None where one could not be asked."""

    accounts: Mapping[str, UrlCounts] | None
    overdue: Mapping[str, int] | None
    lists: Mapping[str, tuple[ListState, ...]] | None
    newest: Mapping[str, Newest] | None
    outages: tuple[str, ...]


def report_sources(settings: Settings, client: Elasticsearch) -> SourceReport:
    """Return the report; a server that is away costs its numbers, not the report."""
    catalogue = load_catalogue(settings)
    facts = _read_facts(settings, client)
    rows = (_row(source, facts) for source in catalogue.sources.values())
    return SourceReport(
        rows=tuple(sorted(rows, key=lambda row: (-max(finding.weight for finding in row.diagnosis), row.title))),
        broken=tuple(BrokenFile(entry.path.name, entry.reason) for entry in catalogue.broken),
        without_file=tuple(sorted((facts.accounts or {}).keys() - catalogue.sources.keys())),
        outages=facts.outages,
    )


def _read_facts(settings: Settings, client: Elasticsearch) -> _Facts:
    late = timedelta(seconds=settings.overdue_after_seconds)
    outages = PartialResults()
    accounts = outages.ask(lambda: count_urls(settings))
    overdue = outages.ask(lambda: count_overdue(settings, late))
    lists = outages.ask(lambda: read_lists(settings))
    newest = outages.ask(lambda: read_newest(client, settings.index_prefix))
    return _Facts(accounts=accounts, overdue=overdue, lists=lists, newest=newest, outages=outages.said)


def _row(source: Source, facts: _Facts) -> SourceRow:
    found = None if facts.accounts is None else facts.accounts.get(source.id) or UrlCounts(source.id)
    overdue = None if facts.overdue is None else facts.overdue.get(source.id, 0)
    lists = None if facts.lists is None else facts.lists.get(source.id, ())
    newest = (facts.newest or {}).get(source.id)
    of_day = None if facts.newest is None else newest.of_day if newest else 0
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
