"""The bar charts of the pages: positions and lengths are computed here, the templates only draw them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from newswire.search.results import TimelineBucket

BARS_WIDTH: Final = 1000
BARS_HEIGHT: Final = 100
GAP_SHARE: Final = 0.12
LOWEST_BAR: Final = 3.0  # one article among thousands stays visible


@dataclass(frozen=True, slots=True)
class Bar:
    """The bar of one step of time."""

    start: datetime
    end: datetime
    count: int
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class BarChart:
    """The number of articles over time; `most` is the highest count."""

    bars: tuple[Bar, ...]
    most: int
    width: int = BARS_WIDTH
    height: int = BARS_HEIGHT


def draw_bars(buckets: Sequence[TimelineBucket]) -> BarChart | None:
    """Return the chart of a timeline; None if there is nothing to compare."""
    if len(buckets) < 2 or not any(bucket.count for bucket in buckets):
        return None
    starts = [bucket.start for bucket in buckets]
    ends = [*starts[1:], starts[-1] + (starts[-1] - starts[-2])]
    most = max(bucket.count for bucket in buckets)
    step = BARS_WIDTH / len(buckets)

    def bar(number: int, bucket: TimelineBucket) -> Bar:
        height = max(LOWEST_BAR, BARS_HEIGHT * bucket.count / most) if bucket.count else 0.0
        return Bar(
            start=bucket.start,
            end=ends[number],
            count=bucket.count,
            x=round(step * (number + GAP_SHARE / 2), 2),
            y=round(BARS_HEIGHT - height, 2),
            width=round(step * (1 - GAP_SHARE), 2),
            height=round(height, 2),
        )

    return BarChart(tuple(bar(number, bucket) for number, bucket in enumerate(buckets)), most)
