"""Crawl named sources now: discover, then fetch their due addresses, in one call."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from typing import Final

import structlog

from newswire.crawl.discover import discover
from newswire.crawl.fetch import fetch_host
from newswire.errors import ConfigError, SiteError
from newswire.settings import Settings
from newswire.sources.catalogue import Source, load_catalogue

_DEADLINE_SECONDS: Final = 200.0

log = structlog.get_logger()


def crawl_sources(
    ids: Sequence[str],
    settings: Settings,
    limit: int = 50,
    fresh: bool = False,  # noqa: FBT001, FBT002 - a field of CrawlRequest
    deadline_seconds: float = _DEADLINE_SECONDS,
) -> dict[str, int]:
    """Crawl sources now, at most `limit` addresses of each; return the sums of all counts.

    A disabled source is crawled too, since it was named on purpose.

    Raises:
        ConfigError: an id is not that of a source.
        SiteError: all lists or all hosts of a source failed.
    """
    until = time.monotonic() + deadline_seconds
    counts = Counter[str]()
    for source in _find(ids, settings):
        counts.update(discover(source, settings, fresh=fresh, deadline_seconds=until - time.monotonic()))
        counts.update(_fetch(source, settings, limit, until))
    return dict(counts)


def _find(ids: Sequence[str], settings: Settings) -> list[Source]:
    catalogue = load_catalogue(settings)
    unknown = [name for name in ids if name not in catalogue.sources]
    if unknown:
        broken = {entry.path.stem: entry.reason for entry in catalogue.broken}
        reasons = "; ".join(f"{name}: {broken.get(name, 'there is no such source')}" for name in unknown)
        raise ConfigError(f"{reasons}; see `newswire sources list`")
    return [catalogue.sources[name] for name in dict.fromkeys(ids)]


def _fetch(source: Source, settings: Settings, limit: int, until: float) -> Counter[str]:
    counts = Counter[str]()
    failures: list[SiteError] = []
    for host in source.hosts:
        left = until - time.monotonic()
        try:
            counts.update(
                fetch_host(
                    host,
                    settings,
                    limit=limit - counts["claimed"],
                    deadline_seconds=left,
                    sources=[source.id],
                )
            )
        except SiteError as error:
            log.warning("on_request.host_failed", host=host, reason=str(error))
            failures.append(error)
    if len(failures) == len(source.hosts):
        raise failures[0]
    return counts
