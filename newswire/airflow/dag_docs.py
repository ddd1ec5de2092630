"""What the UI says about a DAG: the purpose, the sources and the files that are broken."""

from __future__ import annotations

from collections.abc import Sequence

from newswire.sources.catalogue import BrokenSource, Source
from newswire.sources.schedule import ScheduleTier


def tier_document(tier: ScheduleTier, sources: Sequence[Source], broken: Sequence[BrokenSource]) -> str:
    """Return the Markdown of a tier's DAG."""
    rows = "\n".join(f"| {s.title} | `{s.id}` | {', '.join(s.hosts)} | {s.owner} |" for s in sources)
    return f"""**{tier.title}**: reads the feeds and sitemaps of {len(sources)} sources, fetches what is new at each
host's own pace, and writes the pages to the topic `fetched-pages`. The stages behind it take over from there.

* *Discover* runs once per source, *Fetch* once per host, *Announce* adds up and judges: the run is red when more than
  half of the sources or hosts failed, and its task is skipped when there was nothing new.
* Due to end within {tier.deadline_minutes} minutes; a late run logs `airflow.deadline_missed`.
* A page that fails is a row in the crawl state (`newswire status`), not a failed task.

| outlet | source | hosts | owner |
|---|---|---|---|
{rows}
{_broken(broken)}"""


def source_document(sources: Sequence[Source], broken: Sequence[BrokenSource]) -> str:
    """Return the Markdown of the DAG that crawls on request."""
    return f"""Crawls sources **now**: from this form, from `newswire crawl SOURCE`, or for each message in the topic
`crawl-requests`. Several sources can be chosen; {len(sources)} are enabled. It waits for each host's turn like the
schedule does, and has a pool of its own, so that it never waits behind the schedule.
{_broken(broken)}"""


def _broken(broken: Sequence[BrokenSource]) -> str:
    if not broken:
        return ""
    return "\n**Skipped, because the file is broken:**\n\n" + "\n".join(
        f"* `{entry.path.name}`: {entry.reason}" for entry in broken
    )
