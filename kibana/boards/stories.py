"""Stories: when they began, which outlets cover them, and which was first."""

from __future__ import annotations

from typing import Final

from kibana.columns import AtLeast, Terms, Time, average, count, least, most, newest, unique
from kibana.panel_types import Board, Figure, Listing, PanelRow, Shares, Table, Text, TimeSeries
from kibana.views import ARTICLES, STORIES

_NOT_MERGED: Final = AtLeast("size", 1)  # a story that was merged into another one has no articles left
_SHARED: Final = AtLeast("outlet_count", 2)  # being first means something only if others follow
_STORIES: Final = count("Stories")
_ARTICLES: Final = count("Articles")
_INTRODUCTION: Final = (
    "**Stories.** To follow one, click *filter for* beside it in the table of stories in progress: the chart of its "
    "articles and the list below, oldest first, then show that story alone. *First* is the outlet whose article "
    "arrived first, counted for stories that at least two outlets cover."
)

BOARD: Final = Board(
    key="stories",
    title="Newswire stories",
    description="Stories over time, the outlets that cover them, and which published first.",
    since="now-7d",
    rows=(
        PanelRow(5, (Text(markdown=_INTRODUCTION),)),
        PanelRow(
            6,
            (
                Figure(title="Stories", view=STORIES, where=_NOT_MERGED, measure=_STORIES),
                Figure(
                    title="Covered by several outlets",
                    key="told-by-several-outlets",
                    view=STORIES,
                    where=_SHARED,
                    measure=_STORIES,
                ),
                Figure(
                    title="Most outlets on one story",
                    view=STORIES,
                    where=_NOT_MERGED,
                    measure=most("Outlets", "outlet_count"),
                ),
            ),
        ),
        PanelRow(
            12,
            (
                TimeSeries(
                    title="When stories began",
                    view=STORIES,
                    where=_NOT_MERGED,
                    shape="bar",
                    time=Time(label="First article", field="first_seen_at"),
                    measures=(
                        count("All stories"),
                        count("Covered by several outlets", _SHARED),
                    ),
                ),
                TimeSeries(
                    title="Articles of a story over time by outlet",
                    key="course-of-a-story-articles-by-outlet",
                    view=ARTICLES,
                    shape="bar_stacked",
                    time=Time(label="Published", field="dated_at"),
                    measures=(_ARTICLES,),
                    split=Terms(label="Outlet", field="outlet", size=15, has_rest=True),
                ),
            ),
        ),
        PanelRow(
            15,
            (
                Table(
                    title="Stories in progress",
                    view=ARTICLES,
                    rows=(Terms(label="Story", field="story_id", size=25),),
                    measures=(
                        unique("Outlets", "outlet"),
                        _ARTICLES,
                        newest("Newest title", "title.raw", "dated_at"),
                        least("First article", "dated_at"),
                        most("Newest article", "dated_at"),
                    ),
                ),
            ),
        ),
        PanelRow(
            14,
            (
                Table(
                    title="First to publish",
                    view=STORIES,
                    where=_SHARED,
                    rows=(Terms(label="Outlet", field="first_outlet", size=50),),
                    measures=(
                        count("Stories published first"),
                        average("Outlets per story, average", "outlet_count"),
                        most("Last time first", "first_seen_at"),
                    ),
                ),
                Shares(
                    title="Share of stories published first",
                    key="share-of-stories-first-told",
                    view=STORIES,
                    where=_SHARED,
                    shape="pie",
                    parts=(Terms(label="Outlet", field="first_outlet", has_rest=True),),
                    measure=_STORIES,
                ),
            ),
        ),
        PanelRow(
            18,
            (
                Listing(
                    title="Articles, oldest first",
                    key="articles-the-first-to-come-out-on-top",
                    view=ARTICLES,
                    columns=("outlet", "title", "is_copy", "copy_tier", "url"),
                    sort="dated_at",
                    direction="asc",
                ),
            ),
        ),
    ),
)
