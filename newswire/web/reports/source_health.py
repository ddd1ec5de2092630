"""Diagnoses a source from its numbers, in words that its owner can act on; the limits are in thresholds.py."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final, Literal

from msgspec import Struct

from newswire.crawl.url_counts import ListState, UrlCounts
from newswire.sources.catalogue import Source
from newswire.web.reports.thresholds import MAX_TROUBLED_SHARE, MIN_PAGES_FOR_SHARE
from newswire.web.view.rendering import plural

Level = Literal["good", "off", "warn", "bad"]
WEIGHTS: Final[dict[Level, int]] = {"off": 0, "good": 1, "warn": 2, "bad": 3}


class Diagnosis(Struct, frozen=True):
    """One finding about a source."""

    level: Level
    text: str

    @property
    def weight(self) -> int:
        """Return how bad it is; higher is worse."""
        return WEIGHTS[self.level]


class SourceEvidence(Struct, frozen=True, kw_only=True):
    """What is known about a source; None where a server could not be asked."""

    found: UrlCounts | None = None
    lists: Sequence[ListState] | None = None
    of_day: int | None = None
    overdue: int = 0


def diagnose(source: Source, evidence: SourceEvidence) -> tuple[Diagnosis, ...]:
    """Return what is wrong with a source, or that nothing is."""
    if not source.enabled:
        return (Diagnosis("off", "Disabled in its file."),)
    findings = [*_of_lists(source, evidence), *_of_volume(source, evidence)]
    if evidence.found:
        findings += _of_pages(evidence.found)
    if evidence.overdue:
        late = plural(evidence.overdue, "address is", "addresses are")
        findings.append(Diagnosis("bad", f"{late} overdue; see the pipeline page."))
    if not findings and (evidence.found is None or evidence.of_day is None):
        findings.append(Diagnosis("off", "Unknown: a server does not answer."))
    return tuple(findings) or (Diagnosis("good", "In order."),)


def _of_lists(source: Source, evidence: SourceEvidence) -> Iterator[Diagnosis]:
    if evidence.lists is None:
        return
    if not evidence.lists:
        yield Diagnosis("warn", f"Never crawled; try: newswire crawl {source.id}")
    failing = [one for one in evidence.lists if one.error]
    level: Level = "bad" if len(failing) == len(evidence.lists) else "warn"
    for one in failing:
        times = "once" if one.errors == 1 else f"{one.errors} times in a row"
        yield Diagnosis(level, f"A list fails, {times}: {one.url}: {one.error}")


def _of_pages(found: UrlCounts) -> Iterator[Diagnosis]:
    if held := found.reasons.get("dead-lettered", Counter[str]())["quarantined"]:
        yield Diagnosis(
            "bad",
            f"In quarantine: {plural(held, 'page')} left out, as others overran or ended their worker; one an hour is "
            "tried. Once they are parsed again: newswire dlq retry parse --reason quarantined",
        )
    if dead := found.states["dead-lettered"] - held:
        yield Diagnosis("bad", f"{plural(dead, 'page')} could not be processed; see: newswire dlq list")
    reached = found.ended - found.states["refused"] - found.states["gone"]
    if reached >= MIN_PAGES_FOR_SHARE and found.states["rejected"] > MAX_TROUBLED_SHARE * reached:
        reason = found.reasons["rejected"].most_common(1)[0][0] if "rejected" in found.reasons else "no reason"
        yield Diagnosis("warn", f"{found.states['rejected']:,} of {reached:,} pages are not articles, mostly {reason}.")
    if found.discovered >= MIN_PAGES_FOR_SHARE and found.states["refused"] > MAX_TROUBLED_SHARE * found.discovered:
        yield Diagnosis("warn", f"The site refuses {found.states['refused']:,} of {found.discovered:,} addresses.")
    if found.states["failed"] > MAX_TROUBLED_SHARE * max(found.discovered, MIN_PAGES_FOR_SHARE):
        yield Diagnosis("bad", f"{found.states['failed']:,} of {found.discovered:,} pages could not be fetched.")


def _of_volume(source: Source, evidence: SourceEvidence) -> Iterator[Diagnosis]:
    expected, of_day = source.expected_per_day, evidence.of_day
    if not expected or of_day is None:
        return
    if evidence.lists and of_day < expected.min:
        yield Diagnosis(
            "warn", f"Silent: {plural(of_day, 'article')} in 24 hours, at least {expected.min:,} are normal."
        )
    elif of_day > expected.max:
        yield Diagnosis("warn", f"Loud: {plural(of_day, 'article')} in 24 hours, at most {expected.max:,} are normal.")
