"""One Airflow DAG for each schedule tier: discover (by source), fetch (by host), announce."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.sdk import DAG, Asset, AsyncCallback, DeadlineAlert, DeadlineReference, task

from newswire.airflow.callbacks import deadline_missed, log_broken_sources, run_failed
from newswire.airflow.dag_docs import tier_document
from newswire.airflow.mapped_batches import Batch, in_batches
from newswire.airflow.retry_policy import DEFAULTS
from newswire.airflow.run_summary import Report, announce_crawl
from newswire.settings import settings
from newswire.sources.catalogue import TIERS, Catalogue, TierName, load_catalogue

PAGES = Asset(name="fetched-pages", uri="newswire://fetched-pages", group="newswire")


def tier_dag(name: TierName, catalogue: Catalogue) -> DAG:
    """Wire one tier."""
    tier, sources = TIERS[name], catalogue.enabled(name)
    hosts = {host for source in sources for host in source.hosts}
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
        dagrun_timeout=timedelta(minutes=4 * tier.deadline_minutes),  # a run that hangs must not stop the tier for ever
        deadline=deadline,
        on_failure_callback=run_failed,
        default_args=DEFAULTS,
        tags=["newswire", "crawl", name],
    ) as dag:

        @task(
            task_display_name="Discover",
            pool="crawl",
            map_index_template="{{ task.op_kwargs.batch.label }}",
            multiple_outputs=False,
        )
        def discover(batch: Batch) -> Report:
            """Read the feeds and sitemaps of the sources; note each address once."""
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
            """Fetch what is due, each host at its own pace, into `fetched-pages`."""
            from newswire.airflow.crawl_tasks import fetch_batch

            return fetch_batch(batch, settings())

        @task(task_display_name="Announce", trigger_rule="all_done", outlets=[PAGES], multiple_outputs=False)
        def announce(found: Any, fetched: Any, outlet_events: Any = None, ti: Any = None) -> None:
            """Add up, judge the run, and tell in one asset event what is new."""
            expected = {"sources": len(sources), "hosts": len(hosts)}
            announce_crawl(expected, {"sources": found, "hosts": fetched}, outlet_events[PAGES], ti)

        found = discover.expand(batch=in_batches((source.id, source.title) for source in sources))
        fetched = fetch.expand(batch=in_batches((host, host) for host in hosts))
        found >> fetched
        announce(found, fetched)
    return dag


_catalogue = load_catalogue(settings())
log_broken_sources(_catalogue)
for _name in TIERS:
    if _catalogue.enabled(_name):
        tier_dag(_name, _catalogue)
