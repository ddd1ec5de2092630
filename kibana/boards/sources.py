"""Sources: whether every site is asked, answers and has something new; and which have fallen silent."""

from __future__ import annotations

from typing import Final

from kibana.columns import AtLeast, Is, Terms, Time, count, most, percentile_seconds, total, unique
from kibana.panels import Board, Course, Figure, HeatMap, Listing, PanelRow, Shares, Table, Text
from kibana.views import ARRIVALS, FETCHES

_LISTS: Final = Is("kind", ("feed", "sitemap", "front-page"))
_FAILED: Final = Is("outcome", ("failed",))
_NOT_HAD: Final = Is("outcome", ("failed", "refused", "gone", "deferred"))
_ATTEMPTS: Final = count("Attempts")
_SOURCE: Final = Terms(label="Source", field="source", size=100)
_WORDS: Final = (
    "**Sources.** In the silence map a cell is an hour of a source: its colour is how many new addresses its lists "
    "brought, zero is a list that was read and had nothing new, and a blank cell is an hour in which no list was read. "
    "A row of zeros that used to be coloured is a source to look at."
)

BOARD: Final = Board(
    key="sources",
    title="Newswire sources",
    description="Attempts and failures by source, reasons, speed, and the silence map.",
    since="now-2d",
    rows=(
        PanelRow(5, (Text(words=_WORDS),)),
        PanelRow(
            6,
            (
                Figure(title="Sources asked", view=FETCHES, measure=unique("Sources", "source")),
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
                Course(
                    title="How attempts end",
                    view=FETCHES,
                    shape="bar_percentage_stacked",
                    time=Time(label="Tried at", field="at"),
                    measures=(_ATTEMPTS,),
                    split=Terms(label="Outcome", field="outcome"),
                ),
                Course(
                    title="Seconds until the answer is there",
                    view=FETCHES,
                    shape="line",
                    time=Time(label="Tried at", field="at"),
                    measures=(
                        percentile_seconds("Half of all", "seconds", 50),
                        percentile_seconds("95 of 100", "seconds", 95),
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
                        count("Answered 5xx", AtLeast("status", 500)),
                        percentile_seconds("Seconds, 95 of 100", "seconds", 95),
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
                    title="Why pages and lists were not had",
                    view=FETCHES,
                    where=_NOT_HAD,
                    rows=(
                        Terms(label="Outcome", field="outcome", size=5),
                        Terms(label="Reason", field="reason", size=15),
                    ),
                    measures=(_ATTEMPTS, unique("Sources", "source"), most("Last", "at")),
                    width=30,
                ),
                Shares(
                    title="Answers by HTTP status",
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
                    title="What was not had",
                    view=FETCHES,
                    where=_NOT_HAD,
                    columns=("source", "kind", "outcome", "reason", "status", "url"),
                    sort="at",
                ),
            ),
        ),
    ),
)
