"""Pipeline: what each end of the path lets through, how long it takes, and what the stages could not take."""

from __future__ import annotations

from typing import Final

from kibana.columns import Is, Terms, Time, count, most, percentile_seconds
from kibana.panel_types import Board, Figure, Listing, PanelRow, Shares, Table, Text, TimeSeries
from kibana.views import ARRIVALS, DEAD_LETTERS, FETCHES

_UNEXPECTED: Final = Is("is_expected", (False,))
_LETTERS: Final = count("Dead letters")
_ARRIVED: Final = Time(label="First seen", field="first_seen_at")
_INTRODUCTION: Final = (
    "**Pipeline.** Delay is the time until a search can find an article's first version: from the moment when its "
    "address was first seen, and from the time of publication that the outlet states. An *unexpected* dead letter is "
    "an invalid message or one on which a stage failed; `newswire dlq` shows it and sends it again. "
    "`newswire status` shows the lag of each stage."
)

BOARD: Final = Board(
    key="pipeline",
    title="Newswire pipeline",
    description="Throughput, delay until searchable, dead letters by stage and reason.",
    since="now-24h",
    rows=(
        PanelRow(5, (Text(markdown=_INTRODUCTION),)),
        PanelRow(
            6,
            (
                Figure(
                    title="Articles received", key="articles-that-arrived", view=ARRIVALS, measure=count("Articles")
                ),
                Figure(
                    title="Time until searchable, median",
                    key="half-searchable-within",
                    view=ARRIVALS,
                    measure=percentile_seconds("Seconds since first seen", "seconds_to_searchable", 50),
                ),
                Figure(
                    title="Time until searchable, 95th percentile",
                    key="95-of-100-searchable-within",
                    view=ARRIVALS,
                    measure=percentile_seconds("Seconds since first seen", "seconds_to_searchable", 95),
                ),
                Figure(title="Dead letters", view=DEAD_LETTERS, measure=_LETTERS),
                Figure(title="Unexpected dead letters", view=DEAD_LETTERS, where=_UNEXPECTED, measure=_LETTERS),
            ),
        ),
        PanelRow(
            12,
            (
                TimeSeries(
                    title="Pages fetched",
                    view=FETCHES,
                    where=Is("kind", ("page",)),
                    shape="bar_stacked",
                    time=Time(label="Fetched at", field="at"),
                    measures=(count("Pages", Is("outcome", ("fetched",))),),
                ),
                TimeSeries(
                    title="Articles made searchable",
                    view=ARRIVALS,
                    shape="bar_stacked",
                    time=Time(label="Searchable", field="searchable_at"),
                    measures=(count("Articles"),),
                ),
                TimeSeries(
                    title="Dead letters by stage",
                    view=DEAD_LETTERS,
                    shape="bar_stacked",
                    time=Time(label="At", field="at"),
                    measures=(_LETTERS,),
                    split=Terms(label="Stage", field="stage"),
                ),
            ),
        ),
        PanelRow(
            12,
            (
                TimeSeries(
                    title="First seen to searchable, seconds",
                    view=ARRIVALS,
                    shape="line",
                    time=_ARRIVED,
                    measures=(
                        percentile_seconds("Median", "seconds_to_searchable", 50),
                        percentile_seconds("95th percentile", "seconds_to_searchable", 95),
                    ),
                ),
                TimeSeries(
                    title="Published to searchable, seconds",
                    view=ARRIVALS,
                    shape="line",
                    time=_ARRIVED,
                    measures=(
                        percentile_seconds("Median", "seconds_from_publication", 50),
                        percentile_seconds("95th percentile", "seconds_from_publication", 95),
                    ),
                ),
            ),
        ),
        PanelRow(
            14,
            (
                Table(
                    title="Dead letters by stage and reason",
                    view=DEAD_LETTERS,
                    rows=(Terms(label="Stage", field="stage"), Terms(label="Reason", field="reason", size=15)),
                    measures=(_LETTERS, count("Unexpected", _UNEXPECTED), most("Last", "at")),
                    width=30,
                ),
                Shares(
                    title="Dead letters by reason",
                    key="reasons",
                    view=DEAD_LETTERS,
                    shape="treemap",
                    parts=(
                        Terms(label="Stage", field="stage"),
                        Terms(label="Reason", field="reason", has_rest=True),
                    ),
                    measure=_LETTERS,
                ),
            ),
        ),
        PanelRow(
            16,
            (
                Listing(
                    title="Newest dead letters",
                    view=DEAD_LETTERS,
                    columns=("stage", "reason", "detail", "source", "url", "is_expected"),
                    sort="at",
                ),
            ),
        ),
    ),
)
