"""The swimlane chart of a story: a lane for each outlet, a dot for each article at its time of publication."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from newswire.search.results import FoundArticle

WIDTH: Final = 760
LABEL_WIDTH: Final = 190
MARGIN: Final = 12
LANE_HEIGHT: Final = 26
MAX_LANES: Final = 24
LABEL_CHARACTERS: Final = 26


@dataclass(frozen=True, slots=True)
class Dot:
    """An article in its lane."""

    article: FoundArticle
    x: float


@dataclass(frozen=True, slots=True)
class Swimlane:
    """An outlet's articles."""

    outlet: str
    label: str
    y: float
    dots: tuple[Dot, ...]


@dataclass(frozen=True, slots=True)
class SwimlaneChart:
    """The lanes in the order of their first articles; `left` and `right` are the ends of the time axis, in pixels."""

    lanes: tuple[Swimlane, ...]
    begin: datetime
    end: datetime
    hidden: int
    height: int
    width: int = WIDTH
    left: int = LABEL_WIDTH + MARGIN
    right: int = WIDTH - MARGIN


def draw_swimlanes(articles: Sequence[FoundArticle]) -> SwimlaneChart | None:
    """Return the chart of articles in the order of time; None if all have the same time."""
    if not articles or articles[0].dated_at == articles[-1].dated_at:
        return None
    begin, end = articles[0].dated_at, articles[-1].dated_at
    length = (end - begin).total_seconds()
    by_outlet: dict[str, list[FoundArticle]] = {}
    for article in articles:
        by_outlet.setdefault(article.outlet, []).append(article)

    def dot(article: FoundArticle) -> Dot:
        share = (article.dated_at - begin).total_seconds() / length
        return Dot(article, round(LABEL_WIDTH + MARGIN + share * (WIDTH - LABEL_WIDTH - 2 * MARGIN), 1))

    shown = list(by_outlet.items())[:MAX_LANES]
    lanes = (
        Swimlane(outlet, _shorten(outlet), (place + 0.5) * LANE_HEIGHT, tuple(map(dot, members)))
        for place, (outlet, members) in enumerate(shown)
    )
    return SwimlaneChart(tuple(lanes), begin, end, len(by_outlet) - len(shown), LANE_HEIGHT * len(shown))


def _shorten(outlet: str) -> str:
    return outlet if len(outlet) <= LABEL_CHARACTERS else outlet[: LABEL_CHARACTERS - 1].rstrip() + "…"
