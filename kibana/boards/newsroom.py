"""Newsroom: the volume of articles, by outlet and language, and the stories that most outlets cover."""

from __future__ import annotations

from typing import Final

from kibana.columns import AtLeast, Is, Terms, Time, count, most, unique
from kibana.panel_types import Board, Figure, Listing, PanelRow, Shares, Table, Text, TimeSeries
from kibana.views import ARTICLES, STORIES

_ORIGINAL: Final = Is("is_copy", (False,))
_ARTICLES: Final = count("Articles")
_INTRODUCTION: Final = (
    "**Newsroom.** Every article once, by the time of publication. Copies of agency texts count as articles; "
    "*Originals* leaves them out. Click a value to filter by it."
)

BOARD: Final = Board(
    key="newsroom",
    title="Newswire newsroom",
    description="Volume, outlets, languages and the stories that most outlets cover.",
    since="now-7d",
    rows=(
        PanelRow(4, (Text(markdown=_INTRODUCTION),)),
        PanelRow(
            6,
            (
                Figure(title="Articles", view=ARTICLES, measure=_ARTICLES),
                Figure(title="Originals", view=ARTICLES, measure=count("Originals", _ORIGINAL)),
                Figure(title="Outlets", view=ARTICLES, measure=unique("Outlets", "outlet")),
                Figure(title="Languages", view=ARTICLES, measure=unique("Languages", "language")),
            ),
        ),
        PanelRow(
            12,
            (
                TimeSeries(
                    title="Articles over time by language",
                    view=ARTICLES,
                    shape="bar_stacked",
                    time=Time(label="Published", field="dated_at"),
                    measures=(_ARTICLES,),
                    split=Terms(label="Language", field="language", size=12, has_rest=True),
                    width=32,
                ),
                Shares(
                    title="Languages and countries",
                    view=ARTICLES,
                    shape="treemap",
                    parts=(
                        Terms(label="Language", field="language"),
                        Terms(label="Country", field="country", size=5, has_rest=True),
                    ),
                    measure=_ARTICLES,
                ),
            ),
        ),
        PanelRow(
            15,
            (
                Table(
                    title="Volume by outlet",
                    view=ARTICLES,
                    rows=(Terms(label="Outlet", field="outlet", size=50),),
                    measures=(
                        _ARTICLES,
                        count("Originals", _ORIGINAL),
                        unique("Stories", "story_id"),
                        most("Newest article", "dated_at"),
                    ),
                ),
                Table(
                    title="Top stories",
                    view=STORIES,
                    where=AtLeast("size", 1),
                    rows=(Terms(label="Story", field="headline.raw", size=25),),
                    measures=(
                        most("Outlets", "outlet_count"),
                        most("Articles", "size"),
                        most("Newest article", "last_seen_at"),
                    ),
                ),
            ),
        ),
        PanelRow(
            18,
            (
                Listing(
                    title="Newest articles",
                    view=ARTICLES,
                    columns=("title", "outlet", "language", "is_copy", "url"),
                    sort="dated_at",
                ),
            ),
        ),
    ),
)
