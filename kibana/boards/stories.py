"""Stories: when they began, who tells them, and who was first."""

from __future__ import annotations

from typing import Final

from kibana.columns import AtLeast, Terms, Time, average, count, least, most, newest, unique
from kibana.panels import Board, Course, Figure, Listing, PanelRow, Shares, Table, Text
from kibana.views import ARTICLES, STORIES

_TOLD: Final = AtLeast("size", 1)  # a story that became part of another one has no members left
_SHARED: Final = AtLeast("outlet_count", 2)  # nobody is first where nobody follows
_STORIES: Final = count("Stories")
_ARTICLES: Final = count("Articles")
_WORDS: Final = (
    "**Stories.** To follow one, click *filter for* beside it in the table of stories in progress: the course of its "
    "articles and the list below, oldest first, then show that story alone. *First* is the outlet whose article "
    "arrived first, counted for stories that at least two outlets tell."
)

BOARD: Final = Board(
    key="stories",
    title="Newswire stories",
    description="The course of stories, the outlets that tell them, and first to publish.",
    since="now-7d",
    rows=(
        PanelRow(5, (Text(words=_WORDS),)),
        PanelRow(
            6,
            (
                Figure(title="Stories", view=STORIES, where=_TOLD, measure=_STORIES),
                Figure(title="Told by several outlets", view=STORIES, where=_SHARED, measure=_STORIES),
                Figure(
                    title="Most outlets on one story",
                    view=STORIES,
                    where=_TOLD,
                    measure=most("Outlets", "outlet_count"),
                ),
            ),
        ),
        PanelRow(
            12,
            (
                Course(
                    title="When stories began",
                    view=STORIES,
                    where=_TOLD,
                    shape="bar",
                    time=Time(label="First article", field="first_seen_at"),
                    measures=(
                        count("All stories"),
                        count("Told by several outlets", _SHARED),
                    ),
                ),
                Course(
                    title="Course of a story: articles by outlet",
                    view=ARTICLES,
                    shape="bar_stacked",
                    time=Time(label="Came out", field="dated_at"),
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
                        count("Stories first told"),
                        average("Outlets that followed, and itself", "outlet_count"),
                        most("Last time first", "first_seen_at"),
                    ),
                ),
                Shares(
                    title="Share of stories first told",
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
                    title="Articles, the first to come out on top",
                    view=ARTICLES,
                    columns=("outlet", "title", "is_copy", "copy_tier", "url"),
                    sort="dated_at",
                    direction="asc",
                ),
            ),
        ),
    ),
)
