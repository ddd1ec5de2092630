"""One Airflow DAG for each schedule tier: discover (by source), fetch (by host), announce."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.sdk import DAG, AsyncCallback, DeadlineAlert, DeadlineReference, task

from newswire.airflow.assets import PAGES
from newswire.airflow.callbacks import deadline_missed, log_broken_sources, run_failed
from newswire.airflow.dag_docs import tier_document
from newswire.airflow.mapped_batches import Batch, in_batches
from newswire.airflow.retry_policy import DEFAULTS
from newswire.airflow.run_summary import Report, announce_crawl
from newswire.settings import settings
from newswire.sources.catalogue import Catalogue, Source, load_catalogue
from newswire.sources.schedule import TIERS, TierName


def tier_dag(name: TierName, catalogue: Catalogue) -> DAG:
    """Return the DAG of one tier."""
    tier, sources = TIERS[name], catalogue.enabled(name)
    deadline = DeadlineAlert(
        reference=DeadlineReference.DAGRUN_QUEUED_AT,
        interval=timedelta(minutes=tier.deadline_minutes),
        callback=AsyncCallback(deadline_missed, kwargs={"tier": name, "deadline_minutes": tier.deadline_minutes}),
        name=f"{name} in time",
    )
    with DAG(
        dag_id=f"crawl_{name}",
        dag_display_name=f"Crawl: {tier.title.lower()}",
        doc_md=tier_document(tier, sources, catalogue.broken),
        schedule=tier.schedule,
        start_date=datetime(2026, 1, 1, tzinfo=UTC),
        catchup=False,
        max_active_runs=1,
        dagrun_timeout=timedelta(minutes=tier.timeout_minutes),
        deadline=deadline,
        on_failure_callback=run_failed,
        default_args=DEFAULTS,
        tags=["newswire", "crawl", name],
    ) as dag:
        add_tasks(sources)
    return dag


def add_tasks(sources: Sequence[Source]) -> None:
    """Add the tasks of a tier with these sources to the DAG that is being defined."""
    hosts = {host for source in sources for host in source.hosts}

    @task(
        task_display_name="Discover",
        pool="crawl",
        map_index_template="{{ task.op_kwargs.batch.label }}",
        multiple_outputs=False,
    )
    def discover(batch: Batch) -> Report:
        """Read the feeds and sitemaps of the sources; record each address once."""
        from newswire.airflow.crawl_tasks import discover_batch

        return discover_batch(batch, settings())

    @task(
        task_display_name="Fetch",
        pool="crawl",
        map_index_template="{{ task.op_kwargs.batch.label }}",
        trigger_rule="all_done",
        multiple_outputs=False,
    )
    def fetch(batch: Batch) -> Report:
        """Fetch due addresses into `fetched-pages`, within each host's rate limit."""
        from newswire.airflow.crawl_tasks import fetch_batch

        return fetch_batch(batch, settings())

    @task(task_display_name="Announce", trigger_rule="all_done", outlets=[PAGES], multiple_outputs=False)
    def announce(found: Any, fetched: Any, outlet_events: Any = None, ti: Any = None) -> None:
        """Add up the counts, decide whether the run failed, and emit one asset event if pages were fetched."""
        expected = {"sources": len(sources), "hosts": len(hosts)}
        announce_crawl(expected, {"sources": found, "hosts": fetched}, outlet_events[PAGES], ti)

    found = discover.expand(batch=in_batches((source.id, source.title) for source in sources))
    fetched = fetch.expand(batch=in_batches((host, host) for host in hosts))
    found >> fetched
    announce(found, fetched)


_catalogue = load_catalogue(settings())
log_broken_sources(_catalogue)
for _name in TIERS:
    if _catalogue.enabled(_name):
        tier_dag(_name, _catalogue)
