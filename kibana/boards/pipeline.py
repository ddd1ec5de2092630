"""Pipeline: what each end of the path lets through, how long it takes, and what the stages could not take."""

from __future__ import annotations

from typing import Final

from kibana.columns import Is, Terms, Time, count, most, percentile_seconds
from kibana.panels import Board, Course, Figure, Listing, PanelRow, Shares, Table, Text
from kibana.views import ARRIVALS, DEAD_LETTERS, FETCHES

_UNEXPECTED: Final = Is("is_expected", (False,))
_LETTERS: Final = count("Dead letters")
_ARRIVED: Final = Time(label="First seen", field="first_seen_at")
_WORDS: Final = (
    "**Pipeline.** Delay is counted until a search could find an article's first version: from the moment at which its "
    "address was first seen, and from the time of publication that the outlet names. An *unexpected* dead letter is a "
    "message that should not exist or that a stage failed on; `newswire dlq` reads it and sends it again. "
    "`newswire status` shows how far each stage is behind."
)

BOARD: Final = Board(
    key="pipeline",
    title="Newswire pipeline",
    description="Throughput, delay until searchable, dead letters by stage and reason.",
    since="now-24h",
    rows=(
        PanelRow(5, (Text(words=_WORDS),)),
        PanelRow(
            6,
            (
                Figure(title="Articles that arrived", view=ARRIVALS, measure=count("Articles")),
                Figure(
                    title="Half searchable within",
                    view=ARRIVALS,
                    measure=percentile_seconds("Seconds since first seen", "seconds_to_searchable", 50),
                ),
                Figure(
                    title="95 of 100 searchable within",
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
                Course(
                    title="Pages fetched",
                    view=FETCHES,
                    where=Is("kind", ("page",)),
                    shape="bar_stacked",
                    time=Time(label="Fetched at", field="at"),
                    measures=(count("Pages", Is("outcome", ("fetched",))),),
                ),
                Course(
                    title="Articles made searchable",
                    view=ARRIVALS,
                    shape="bar_stacked",
                    time=Time(label="Searchable", field="searchable_at"),
                    measures=(count("Articles"),),
                ),
                Course(
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
                Course(
                    title="First seen to searchable, seconds",
                    view=ARRIVALS,
                    shape="line",
                    time=_ARRIVED,
                    measures=(
                        percentile_seconds("Half of all", "seconds_to_searchable", 50),
                        percentile_seconds("95 of 100", "seconds_to_searchable", 95),
                    ),
                ),
                Course(
                    title="Published to searchable, seconds",
                    view=ARRIVALS,
                    shape="line",
                    time=_ARRIVED,
                    measures=(
                        percentile_seconds("Half of all", "seconds_from_publication", 50),
                        percentile_seconds("95 of 100", "seconds_from_publication", 95),
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
                    title="Reasons",
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
