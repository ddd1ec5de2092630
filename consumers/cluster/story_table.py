"""A story as `newswire story` prints it: who told it first, whose text each article is, and why it stands there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from rich.box import SIMPLE_HEAD
from rich.table import Table

from consumers.cluster.story_log import STORY_REASON, STORY_SCORE
from newswire.terminal import one_line

Member = Mapping[str, Any]
LEGEND = "A score is the log odds that two articles tell of one event; from 0 on, an article joins."


class StoryTableRow(NamedTuple):
    """What is said of one article; the fields are the columns."""

    told: str
    outlet: str
    headline: str
    text: str
    why_here: str


def in_order(members: Sequence[Member]) -> list[Member]:
    """Return the articles by the time at which they were told, as far as that can be believed."""
    return sorted(members, key=lambda member: (_told(member), bool(member.get("is_copy")), member["article_id"]))


def make_rows(members: Sequence[Member]) -> list[StoryTableRow]:
    """Return a row for each article of a story, which are in order."""
    families = defaultdict(list)
    for member in members:
        families[member["family_id"]].append(member)
    outlets = {member["article_id"]: member["outlet"] for member in members}
    begin = _told(members[0])
    return [
        StoryTableRow(
            _when(_told(member), begin),
            member["outlet"],
            member["title"],
            _whose(member, families[member["family_id"]], outlets),
            _why(member, outlets),
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


def _told(member: Member) -> datetime:
    return datetime.fromisoformat(member["dated_at"])


def _when(told: datetime, begin: datetime) -> str:
    minutes = (told - begin) // timedelta(minutes=1)
    return f"+{minutes // 60}:{minutes % 60:02d} h" if minutes else f"{told:%Y-%m-%d %H:%M}"


def _whose(member: Member, family: Sequence[Member], outlets: Mapping[str, str]) -> str:
    """Say whose text it is. Whom dedupe calls the original was fetched first; readers ask who told it first."""
    if member.get("copy_tier") == "derived":
        return f"draws on {outlets.get(member['copy_of'], member['copy_of'])}"
    if len(family) == 1:
        return "its own"
    if member is family[0]:
        return f"first of {len(family)} with this text"
    return f"copy of {family[0]['outlet']}"


def _why(member: Member, outlets: Mapping[str, str]) -> str:
    """Give the reasons; articles, which these name by id, by outlet."""
    reasons = "; ".join(member.get("reasons") or ())
    if member["article_id"] == member["story_id"]:
        return f"seen first, it gave the story its id; {reasons}".removesuffix("; ")
    if member.get("is_copy"):
        return f"with {outlets.get(member['copy_of'], member['copy_of'])}: {reasons}"
    score = (member.get("scores") or {}).get(STORY_SCORE, 0.0)
    for article_id, outlet in outlets.items():
        reasons = reasons.replace(f"{STORY_REASON} as {article_id}", f"{score:+.2f} with {outlet}")
    return reasons


def _count(number: int, name: str) -> str:
    return f"{number} {name}{'' if number == 1 else 's'}"
