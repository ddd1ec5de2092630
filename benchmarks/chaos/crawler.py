"""Crawl all sources over and over, as Airflow's tasks do; Airflow itself is left out: it needs a core of its own."""

from __future__ import annotations

import time

import structlog

from newswire.airflow.crawl_tasks import run_batch
from newswire.crawl.discover import discover
from newswire.crawl.fetch import fetch_host
from newswire.errors import NewswireError
from newswire.logs import configure_logs
from newswire.settings import Settings, load_settings
from newswire.sources.catalogue import load_catalogue

FETCH_SECONDS, PAUSE_SECONDS = 10.0, 4.0

log = structlog.get_logger(__name__)


def crawl(settings: Settings) -> None:
    """Read every list, then fetch what is due, host by host."""
    sources = load_catalogue(settings).sources
    hosts = {host for source in sources.values() for host in source.hosts}
    run_batch([*sources], lambda name: discover(sources[name], settings))
    run_batch([*hosts], lambda host: fetch_host(host, settings, deadline_seconds=FETCH_SECONDS))


def main() -> None:
    """Crawl until the end; what fails now is tried again in the next round, as Airflow would."""
    settings = load_settings()
    configure_logs(settings)
    while True:
        try:
            crawl(settings)
        except (NewswireError, OSError) as error:
            log.warning("chaos.crawl_failed", error=str(error))
        time.sleep(PAUSE_SECONDS)


if __name__ == "__main__":
    main()
