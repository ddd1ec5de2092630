"""An Airflow DAG that ends what the indexes no longer need, once a night."""

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
Deletes monthly indexes of Elasticsearch that are older than the settings allow, and packs months that are over (a
force-merge, once), so that they take less room and searches stay fast.

`NEWSWIRE_RETENTION_MONTHS_ARTICLES` (revisions go with them), `NEWSWIRE_RETENTION_MONTHS_FETCHES`,
`NEWSWIRE_RETENTION_MONTHS_DEAD_LETTERS` and `NEWSWIRE_RETENTION_MONTHS_ALERTS` say for how many months after its own an
index stays; 0 is for ever. An index that has a lifecycle policy of the server
(`newswire templates apply --full-cluster`) is left to it.
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
        """Delete and pack what is due; returns the names of the indexes."""
        from newswire.elastic import retention

        return retention.apply_retention(settings())

    apply_retention()
