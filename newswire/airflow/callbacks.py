"""Callbacks of DAG runs: a failed or late run becomes a log event, which alerts can count."""

from __future__ import annotations

from typing import Any

import structlog

from newswire.sources.catalogue import Catalogue

log = structlog.get_logger(__name__)


def run_failed(context: Any) -> None:
    """Log that a run has failed; called in the DAG processor, once per run."""
    run = context["dag_run"]
    log.error("airflow.run_failed", dag=run.dag_id, run=run.run_id, reason=context.get("reason"))


async def deadline_missed(tier: str, deadline_minutes: int, context: Any = None) -> None:
    """Log that a run is late; called in the triggerer while the run goes on."""
    run = (context or {}).get("dag_run", {})
    log.warning("airflow.deadline_missed", tier=tier, deadline_minutes=deadline_minutes, run=run.get("dag_run_id"))


def log_broken_sources(catalogue: Catalogue) -> None:
    """Log every source file that is skipped, each time the DAGs are read."""
    for entry in catalogue.broken:
        log.warning("airflow.source_skipped", file=str(entry.path), reason=entry.reason)
