"""The documentation of each DAG in Airflow's UI: its purpose, its sources and the source files with errors."""

from __future__ import annotations

from collections.abc import Sequence

from newswire.sources.catalogue import BrokenSource, Source
from newswire.sources.schedule import ScheduleTier


def tier_document(tier: ScheduleTier, sources: Sequence[Source], broken: Sequence[BrokenSource]) -> str:
    """Return the Markdown of a tier's DAG."""
    rows = "\n".join(f"| {s.title} | `{s.id}` | {', '.join(s.hosts)} | {s.owner} |" for s in sources)
    return f"""**{tier.title}**: reads the feeds and sitemaps of {len(sources)} sources, fetches new pages within each
host's rate limit, and writes them to the topic `fetched-pages`. The pipeline's stages process them from there.

* *Discover* runs once per source, *Fetch* once per host. *Announce* adds up their counts: it fails if more than half of
  the sources or hosts failed, and is skipped if there was nothing new.
* A run should end within {tier.deadline_minutes} minutes; a late one logs `airflow.deadline_missed`.
* A page that fails is recorded in the crawl state (`newswire status`); it does not fail a task.

| outlet | source | hosts | owner |
|---|---|---|---|
{rows}
{_broken(broken)}"""


def source_document(sources: Sequence[Source], broken: Sequence[BrokenSource]) -> str:
    """Return the Markdown of the DAG that crawls on request."""
    return f"""Crawls sources **now**: from this form, from `newswire crawl SOURCE`, or for each message in the topic
`crawl-requests`. You can choose several sources; {len(sources)} are enabled. Hosts' rate limits apply as in scheduled
runs. The tasks have a pool of their own, so that they do not wait for scheduled ones.
{_broken(broken)}"""


def _broken(broken: Sequence[BrokenSource]) -> str:
    if not broken:
        return ""
    return "\n**Skipped, because the file has an error:**\n\n" + "\n".join(
        f"* `{entry.path.name}`: {entry.reason}" for entry in broken
    )
