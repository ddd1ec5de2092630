"""Sources: whether every source is polled, responds and has new articles, and which have gone silent."""

from __future__ import annotations

from typing import Final

from kibana.columns import AtLeast, Is, Terms, Time, count, most, percentile_seconds, total, unique
from kibana.panel_types import Board, Figure, HeatMap, Listing, PanelRow, Shares, Table, Text, TimeSeries
from kibana.views import ARRIVALS, FETCHES

_LISTS: Final = Is("kind", ("feed", "sitemap", "front-page"))
_FAILED: Final = Is("outcome", ("failed",))
_NOT_FETCHED: Final = Is("outcome", ("failed", "refused", "gone", "deferred"))
_ATTEMPTS: Final = count("Attempts")
_SOURCE: Final = Terms(label="Source", field="source", size=100)
_INTRODUCTION: Final = (
    "**Sources.** In the silence map a cell is one hour of a source. Its colour is the number of new addresses in its "
    "lists: zero means that lists were read and had nothing new, a blank cell that no list was read. "
    "Look into a source whose row was coloured and has turned to zeros."
)

BOARD: Final = Board(
    key="sources",
    title="Newswire sources",
    description="Attempts and failures by source, reasons, speed, and the silence map.",
    since="now-2d",
    rows=(
        PanelRow(5, (Text(markdown=_INTRODUCTION),)),
        PanelRow(
            6,
            (
                Figure(title="Sources polled", key="sources-asked", view=FETCHES, measure=unique("Sources", "source")),
                Figure(title="Attempts", view=FETCHES, measure=_ATTEMPTS),
                Figure(title="Failed", view=FETCHES, measure=count("Failed", _FAILED)),
                Figure(title="New addresses", view=FETCHES, where=_LISTS, measure=total("New", "new_urls")),
            ),
        ),
        PanelRow(
            20,
            (
                HeatMap(
                    title="Silence map: new addresses by source and hour",
                    view=FETCHES,
                    where=_LISTS,
                    down=Terms(label="Source", field="source", size=100, by_measure=None),
                    across=Time(label="Read at", field="at", interval="h", has_empty=False),
                    measure=total("New addresses", "new_urls"),
                ),
            ),
        ),
        PanelRow(
            12,
            (
                TimeSeries(
                    title="Outcomes of attempts",
                    key="how-attempts-end",
                    view=FETCHES,
                    shape="bar_percentage_stacked",
                    time=Time(label="Attempted", field="at"),
                    measures=(_ATTEMPTS,),
                    split=Terms(label="Outcome", field="outcome"),
                ),
                TimeSeries(
                    title="Response time in seconds",
                    key="seconds-until-the-answer-is-there",
                    view=FETCHES,
                    shape="line",
                    time=Time(label="Attempted", field="at"),
                    measures=(
                        percentile_seconds("Median", "seconds", 50),
                        percentile_seconds("95th percentile", "seconds", 95),
                    ),
                ),
            ),
        ),
        PanelRow(
            16,
            (
                Table(
                    title="Sources by attempts",
                    view=FETCHES,
                    rows=(_SOURCE,),
                    measures=(
                        _ATTEMPTS,
                        count("Failed", _FAILED),
                        count("Refused", Is("outcome", ("refused",))),
                        count("HTTP 5xx", AtLeast("status", 500)),
                        percentile_seconds("Seconds, 95th percentile", "seconds", 95),
                        most("Last attempt", "at"),
                    ),
                    width=30,
                ),
                Table(
                    title="Newest article of each source",
                    view=ARRIVALS,
                    rows=(_SOURCE,),
                    measures=(
                        count("Articles"),
                        most("Newest, as dated", "dated_at"),
                        most("Last arrival", "first_seen_at"),
                    ),
                ),
            ),
        ),
        PanelRow(
            14,
            (
                Table(
                    title="Why pages and lists were not fetched",
                    key="why-pages-and-lists-were-not-had",
                    view=FETCHES,
                    where=_NOT_FETCHED,
                    rows=(
                        Terms(label="Outcome", field="outcome", size=5),
                        Terms(label="Reason", field="reason", size=15),
                    ),
                    measures=(_ATTEMPTS, unique("Sources", "source"), most("Last", "at")),
                    width=30,
                ),
                Shares(
                    title="Responses by HTTP status",
                    key="answers-by-http-status",
                    view=FETCHES,
                    shape="pie",
                    parts=(Terms(label="Status", field="status", has_rest=True),),
                    measure=_ATTEMPTS,
                ),
            ),
        ),
        PanelRow(
            16,
            (
                Listing(
                    title="Pages and lists that were not fetched",
                    key="what-was-not-had",
                    view=FETCHES,
                    where=_NOT_FETCHED,
                    columns=("source", "kind", "outcome", "reason", "status", "url"),
                    sort="at",
                ),
            ),
        ),
    ),
)
