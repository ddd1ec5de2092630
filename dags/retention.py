"""An Airflow DAG that deletes expired indexes and page bodies and merges finished indexes, once a night."""

from __future__ import annotations

from datetime import UTC, datetime

from airflow.sdk import DAG, task

from newswire.airflow.callbacks import run_failed
from newswire.airflow.retry_policy import DEFAULTS
from newswire.settings import settings

with DAG(
    dag_id="retention",
    dag_display_name="Retention of the indexes",
    doc_md="""\
Deletes monthly Elasticsearch indexes that are older than the settings allow, and force-merges the index of each past
month once, so that it takes less disk space and searches stay fast.

`NEWSWIRE_RETENTION_MONTHS_ARTICLES` (revisions go with them), `NEWSWIRE_RETENTION_MONTHS_FETCHES`,
`NEWSWIRE_RETENTION_MONTHS_DEAD_LETTERS` and `NEWSWIRE_RETENTION_MONTHS_ALERTS` set for how many months after its own an
index is kept; 0 keeps it indefinitely. Indexes with a lifecycle policy of the server
(`newswire templates apply --full-cluster`) are not touched.

Bodies of pages that were too large for a message are deleted once no record can refer to them any more.
""",
    schedule="33 2 * * *",
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    on_failure_callback=run_failed,
    default_args=DEFAULTS,
    tags=["newswire", "upkeep"],
):

    @task(task_display_name="Apply retention", multiple_outputs=False)
    def apply_retention() -> dict[str, list[str]]:
        """Delete and merge indexes that are due; return their names."""
        from newswire.elastic import retention

        return retention.apply_retention(settings())

    @task(task_display_name="Delete expired page bodies")
    def expire_bodies() -> int:
        """Delete the stored bodies that no record refers to any more; return their number."""
        from newswire.kafka import body_store

        return body_store.expire_bodies(settings())

    apply_retention()
    expire_bodies()
