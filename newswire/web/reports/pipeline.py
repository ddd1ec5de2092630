"""The state of the pipeline: what runs, how far the stages are behind, the state of all addresses, what is stuck."""

from __future__ import annotations

import logging
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Final

from elasticsearch import Elasticsearch
from msgspec import Struct

from newswire.crawl.url_counts import ENDS, IN_FLIGHT, Overdue, count_overdue, count_urls, find_overdue
from newswire.kafka.lag import read_groups, stages_and_topics
from newswire.settings import Settings
from newswire.stack.report import has_supervisor, read_report
from newswire.web.platform.partial_results import PartialResults
from newswire.web.reports.dead_letter_counts import DeadLetterCount, count_dead_letters
from newswire.web.reports.thresholds import DEAD_LETTER_DAYS

OVERDUE_SHOWN: Final = 50


class ServiceRow(Struct, frozen=True, kw_only=True):
    """A process of this machine's embedded stack."""

    name: str
    state: str
    since: datetime | None
    restarts: int


class StageRow(Struct, frozen=True, kw_only=True):
    """A stage: the topics it reads, its number of processes, and how many records it has not yet processed."""

    name: str
    reads: tuple[str, ...]
    members: int
    lag: int


class PipelineReport(Struct, frozen=True, kw_only=True):
    """The whole report; parts whose server is unavailable are empty, and `outages` names the server."""

    services: tuple[ServiceRow, ...]
    stages: tuple[StageRow, ...]
    states: dict[str, int]
    reasons: dict[str, dict[str, int]]
    overdue_count: int
    overdue: tuple[Overdue, ...]
    overdue_after_seconds: float
    letters: tuple[DeadLetterCount, ...]
    letter_days: int = DEAD_LETTER_DAYS
    outages: tuple[str, ...]


def report_pipeline(settings: Settings, client: Elasticsearch) -> PipelineReport:
    """Return the report; a server that is unavailable costs its part only."""
    outages = PartialResults(settings)
    late = timedelta(seconds=settings.overdue_after_seconds)
    stages = outages.ask(lambda: _stages(settings))
    states, reasons = outages.ask(lambda: _ledger(settings)) or ({}, {})
    counted = outages.ask(lambda: count_overdue(settings, late)) or {}
    oldest = outages.ask(lambda: find_overdue(settings, late, limit=OVERDUE_SHOWN)) or ()
    since = datetime.now(UTC) - timedelta(days=DEAD_LETTER_DAYS)
    letters = outages.ask(lambda: count_dead_letters(client, settings.index_prefix, since=since))
    return PipelineReport(
        services=_services(settings),
        stages=stages or (),
        states=states,
        reasons=reasons,
        overdue_count=sum(counted.values()),
        overdue=tuple(oldest),
        overdue_after_seconds=settings.overdue_after_seconds,
        letters=letters or (),
        outages=outages.messages,
    )


def _services(settings: Settings) -> tuple[ServiceRow, ...]:
    """Return the embedded stack's processes; none where they run elsewhere."""
    if not has_supervisor(settings.state_dir):
        return ()
    return tuple(
        ServiceRow(
            name=name,
            state=service["state"],
            since=datetime.fromtimestamp(service["started_at"], UTC) if service["started_at"] else None,
            restarts=service["restarts"],
        )
        for name, service in read_report(settings.state_dir).get("services", {}).items()
    )


def _stages(settings: Settings) -> tuple[StageRow, ...]:
    logging.getLogger("kafka").setLevel(logging.CRITICAL)  # its errors are reported as one sentence
    groups, reads = read_groups(settings), stages_and_topics()
    return tuple(
        StageRow(name=name, reads=tuple(reads[name]), members=group.members, lag=group.lag)
        for name, group in groups.items()
    )


def _ledger(settings: Settings) -> tuple[dict[str, int], dict[str, dict[str, int]]]:
    """Add up the counts of all sources."""
    states: Counter[str] = Counter()
    reasons: dict[str, Counter[str]] = {}
    for one in count_urls(settings).values():
        states += one.states
        for state, counted in one.reasons.items():
            reasons.setdefault(state, Counter()).update(counted)
    return (
        {state: states[state] for state in (*IN_FLIGHT, *ENDS)},
        {state: dict(counted.most_common()) for state, counted in reasons.items()},
    )
