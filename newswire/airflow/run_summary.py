"""The last task of a crawl: add up the counts, emit an asset event if pages are new, decide whether the run failed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, TypedDict

import structlog
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

log = structlog.get_logger(__name__)

COUNTS = "counts"  # the XCom key of the totals, set whether the run fails or not


class Report(TypedDict):
    """The result of one mapped task: members that succeeded, those that failed with the reason, and counts."""

    done: list[str]
    failed: dict[str, str]
    counts: dict[str, int]


class Totals(TypedDict):
    """The totals of a run."""

    counts: dict[str, int]
    done: dict[str, int]
    failed: dict[str, int]
    reasons: dict[str, str]
    verdict: str | None


def announce_crawl(
    expected: Mapping[str, int], reports: Mapping[str, Iterable[Report | None]], event: Any, ti: Any
) -> None:
    """Publish the totals of a run and decide how it ends.

    Args:
        expected: the number of members of each kind of task, such as {"sources": 11, "hosts": 9}.
        reports: the reports of each kind; a task that failed has none.
        event: the asset's outlet event, which gets the counts.
        ti: the task instance, which publishes the totals under COUNTS.

    Raises:
        AirflowFailException: more than half of a kind failed; failed mapped tasks alone do not fail the run.
        AirflowSkipException: nothing new; a skipped task emits no event.
    """
    totals = add_up(expected, reports)
    ti.xcom_push(key=COUNTS, value=totals)
    log.info("airflow.crawl_ended", counts=totals["counts"], done=totals["done"], failed=totals["failed"])
    if totals["verdict"]:
        raise AirflowFailException(totals["verdict"])
    if not totals["counts"].get("fetched"):
        raise AirflowSkipException("nothing new")
    event.extra = totals["counts"]


def add_up(expected: Mapping[str, int], reports: Mapping[str, Iterable[Report | None]]) -> Totals:
    """Return the totals over all reports and the verdict; members without a report have failed."""
    counts: Counter[str] = Counter()
    done: dict[str, int] = {}
    reasons: dict[str, str] = {}
    for kind, of_kind in reports.items():
        present = [report for report in of_kind if report]
        for report in present:
            counts.update(report["counts"])
            reasons |= report["failed"]
        done[kind] = sum(len(report["done"]) for report in present)
    failed = {kind: expected[kind] - number for kind, number in done.items()}
    return Totals(counts=dict(counts), done=done, failed=failed, reasons=reasons, verdict=_verdict(expected, done))


def _verdict(expected: Mapping[str, int], done: Mapping[str, int]) -> str | None:
    """Return why the run failed, None if it did not: more than half of the sources, or of the hosts, failed."""
    for kind, number in done.items():
        if not expected[kind]:
            return f"there were no {kind} to crawl"
        if number * 2 < expected[kind]:
            return f"only {number} of {expected[kind]} {kind} could be crawled; see the tasks' logs"
    return None
