"""A story as `newswire story` prints it: who published first, whose text each article is, and why it belongs there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from rich.box import SIMPLE_HEAD
from rich.table import Table

from consumers.cluster.story_records import STORY_REASONS, STORY_SCORE
from newswire.terminal import one_line

Member = Mapping[str, Any]
LEGEND = "A score is the log odds that two articles report one event; an article joins a story at 0 or more."


class StoryTableRow(NamedTuple):
    """One article of the story; the fields are the columns."""

    published: str
    outlet: str
    headline: str
    text: str
    reason: str


def sort_by_publication(members: Sequence[Member]) -> list[Member]:
    """Return the articles in the order of publication; one without a plausible time counts from when it was seen."""
    return sorted(members, key=lambda member: (_published(member), bool(member.get("is_copy")), member["article_id"]))


def make_rows(members: Sequence[Member]) -> list[StoryTableRow]:
    """Return a row for each article of a story; the articles are in the order of publication."""
    families = defaultdict(list)
    for member in members:
        families[member["family_id"]].append(member)
    outlets = {member["article_id"]: member["outlet"] for member in members}
    begin = _published(members[0])
    return [
        StoryTableRow(
            _when(_published(member), begin),
            member["outlet"],
            member["title"],
            _text_of(member, families[member["family_id"]], outlets),
            _reason_of(member, outlets),
        )
        for member in members
    ]


def make_table(members: Sequence[Member]) -> Table:
    """Return the story as a table."""
    texts, outlets = (len({member[name] for member in members}) for name in ("family_id", "outlet"))
    count = f"{_count(len(members), 'article')}, {_count(texts, 'text')}, {_count(outlets, 'outlet')}"
    table = Table(
        *(name.replace("_", " ") for name in StoryTableRow._fields),
        title=f"Story {members[0]['story_id']}: {count}",
        title_justify="left",
        caption=LEGEND,
        caption_justify="left",
        box=SIMPLE_HEAD,
    )
    table.columns[0].no_wrap = True
    for row in make_rows(members):
        table.add_row(*map(one_line, row))
    return table


def _published(member: Member) -> datetime:
    return datetime.fromisoformat(member["dated_at"])


def _when(published: datetime, begin: datetime) -> str:
    minutes = (published - begin) // timedelta(minutes=1)
    return f"+{minutes // 60}:{minutes % 60:02d} h" if minutes else f"{published:%Y-%m-%d %H:%M}"


def _text_of(member: Member, family: Sequence[Member], outlets: Mapping[str, str]) -> str:
    """Return whose text it is. Dedupe's original was fetched first; readers ask who published first."""
    if member.get("copy_tier") == "derived":
        return f"draws on {outlets.get(member['copy_of'], member['copy_of'])}"
    if len(family) == 1:
        return "its own"
    if member is family[0]:
        return f"first of {len(family)} with this text"
    return f"copy of {family[0]['outlet']}"


def _reason_of(member: Member, outlets: Mapping[str, str]) -> str:
    """Return the reasons, with outlets in place of the article ids."""
    reasons = "; ".join(member.get("reasons") or ())
    if member["article_id"] == member["story_id"]:
        return f"seen first, so the story has its id; {reasons}".removesuffix("; ")
    if member.get("is_copy"):
        return f"with {outlets.get(member['copy_of'], member['copy_of'])}: {reasons}"
    score = (member.get("scores") or {}).get(STORY_SCORE, 0.0)
    for article_id, outlet in outlets.items():
        for prefix in STORY_REASONS:
            reasons = reasons.replace(f"{prefix} as {article_id}", f"{score:+.2f} with {outlet}")
    return reasons


def _count(number: int, name: str) -> str:
    return f"{number} {name}{'' if number == 1 else 's'}"
