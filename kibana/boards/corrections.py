"""Corrections: which outlets change articles after publication, how often and how much."""

from __future__ import annotations

from typing import Final

from kibana.columns import Terms, Time, average, count, most, newest, total, unique
from kibana.panel_types import Board, Figure, Listing, PanelRow, Shares, Table, Text, TimeSeries
from kibana.views import REVISIONS

_CORRECTIONS: Final = count("Corrections")
_INTRODUCTION: Final = (
    "**Corrections.** Each one is a version of an article that was replaced, at the time when the newer version was "
    "fetched. The list shows the replaced texts; *open* leads to the article with the differences marked."
)

BOARD: Final = Board(
    key="corrections",
    title="Newswire corrections",
    description="Articles that changed after publication, by outlet and extent of the change.",
    since="now-30d",
    rows=(
        PanelRow(4, (Text(markdown=_INTRODUCTION),)),
        PanelRow(
            6,
            (
                Figure(title="Corrections", view=REVISIONS, measure=_CORRECTIONS),
                Figure(title="Articles corrected", view=REVISIONS, measure=unique("Articles", "article_id")),
                Figure(title="Words added", view=REVISIONS, measure=total("Words", "words_added")),
                Figure(title="Words removed", view=REVISIONS, measure=total("Words", "words_removed")),
            ),
        ),
        PanelRow(
            12,
            (
                TimeSeries(
                    title="Corrections over time by what changed",
                    view=REVISIONS,
                    shape="bar_stacked",
                    time=Time(label="Replaced", field="superseded_at"),
                    measures=(_CORRECTIONS,),
                    split=Terms(label="Changed", field="changed", size=5),
                    width=32,
                ),
                Shares(
                    title="Corrections by outlet",
                    view=REVISIONS,
                    shape="pie",
                    parts=(Terms(label="Outlet", field="outlet", has_rest=True),),
                    measure=_CORRECTIONS,
                ),
            ),
        ),
        PanelRow(
            15,
            (
                Table(
                    title="Corrections by outlet in detail",
                    key="outlets-that-correct",
                    view=REVISIONS,
                    rows=(Terms(label="Outlet", field="outlet", size=50),),
                    measures=(
                        _CORRECTIONS,
                        unique("Articles", "article_id"),
                        average("Words added", "words_added"),
                        average("Words removed", "words_removed"),
                        most("Last", "superseded_at"),
                    ),
                ),
                Table(
                    title="Articles corrected most",
                    view=REVISIONS,
                    rows=(Terms(label="Article", field="article_id", size=25),),
                    measures=(
                        _CORRECTIONS,
                        newest("Previous title", "title.raw", "superseded_at"),
                        newest("Outlet", "outlet", "superseded_at"),
                        most("Last", "superseded_at"),
                    ),
                ),
            ),
        ),
        PanelRow(
            18,
            (
                Listing(
                    title="Replaced versions",
                    key="versions-that-were-replaced",
                    view=REVISIONS,
                    columns=("outlet", "title", "changed", "words_added", "words_removed", "version", "article_id"),
                    sort="superseded_at",
                ),
            ),
        ),
    ),
)
