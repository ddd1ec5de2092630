"""An Airflow DAG that crawls sources now: from its form, the REST API, or a message in `crawl-requests`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from airflow.sdk import DAG, Asset, AssetWatcher, Param, task

from newswire.airflow.assets import PAGES
from newswire.airflow.callbacks import run_failed
from newswire.airflow.crawl_requests import RequestedCrawl, merge_requests, read_payloads, request_trigger
from newswire.airflow.dag_docs import source_document
from newswire.airflow.retry_policy import DEFAULTS
from newswire.airflow.run_summary import Report, announce_crawl
from newswire.settings import settings
from newswire.sources.catalogue import load_catalogue

REQUESTS = Asset(
    name="crawl-requests",
    uri="newswire://crawl-requests",
    group="newswire",
    watchers=[AssetWatcher(name="crawl_requests", trigger=request_trigger(settings()))],
)

_catalogue = load_catalogue(settings())
_enabled = _catalogue.enabled()

with DAG(
    dag_id="crawl_source",
    dag_display_name="Crawl sources now",
    doc_md=source_document(_enabled, _catalogue.broken),
    schedule=[REQUESTS],
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=4,
    on_failure_callback=run_failed,
    default_args=DEFAULTS,
    tags=["newswire", "crawl", "on request"],
    params={
        # `examples` gives a list to choose from that stays open: a source added a moment ago can be named too.
        "sources": Param(
            [],
            type="array",
            title="Sources",
            items={"type": "string"},
            maxItems=500,
            examples=[source.id for source in _enabled],
            values_display={source.id: source.title for source in _enabled},
        ),
        "limit": Param(50, type="integer", title="At most", minimum=1, maximum=500, description="articles per source"),
        "fresh": Param(
            default=False, type="boolean", title="Fresh", description="also read lists that report no change"
        ),
    },
):

    @task(task_display_name="Read requests", inlets=[REQUESTS], multiple_outputs=False)
    def read_requests(
        params: Any = None, triggering_asset_events: Any = None, inlet_events: Any = None
    ) -> list[RequestedCrawl]:
        """Return one requested crawl for each source in the messages that started the run, or else in the form."""
        triggering = triggering_asset_events.get(REQUESTS, [])
        return merge_requests(params, read_payloads(triggering, inlet_events[REQUESTS]))

    @task(
        task_display_name="Crawl",
        pool="adhoc",
        map_index_template="{{ task.op_kwargs.request.source }}",
        multiple_outputs=False,
    )
    def crawl(request: RequestedCrawl) -> Report:
        """Read the source's lists and fetch its due addresses."""
        from newswire.airflow.crawl_tasks import crawl_requested

        return crawl_requested(request, settings())

    @task(task_display_name="Announce", trigger_rule="all_done", outlets=[PAGES], multiple_outputs=False)
    def announce(requests: Any, crawled: Any, outlet_events: Any = None, ti: Any = None) -> None:
        """Add up the counts, decide whether the run failed, and emit one asset event if pages were fetched."""
        announce_crawl({"sources": len(requests or [])}, {"sources": crawled or []}, outlet_events[PAGES], ti)

    _requests = read_requests()
    announce(_requests, crawl.expand(request=_requests))
