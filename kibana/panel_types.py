"""The kinds of panels, and the rows and dashboards that they form."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal

from kibana.columns import Condition, Grouping, Measure, Terms, Time
from kibana.views import View

COLUMNS: Final = 48  # of Kibana's grid


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A text in Markdown: what the dashboard shows, and how to read it."""

    markdown: str
    width: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """A list of documents, newest or oldest first; stored as a saved search."""

    title: str
    key: str = ""  # of its id, where that must not follow a new title
    view: View
    columns: tuple[str, ...]
    sort: str
    direction: Literal["asc", "desc"] = "desc"
    where: Condition | None = None
    width: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Chart:
    title: str
    key: str = ""  # of its id, where that must not follow a new title
    view: View
    where: Condition | None = None
    width: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure(_Chart):
    """One number."""

    measure: Measure

    @property
    def groups(self) -> tuple[Grouping, ...]:
        """Return the groups, outermost first."""
        return ()

    @property
    def measures(self) -> tuple[Measure, ...]:
        """Return what is measured in each group."""
        return (self.measure,)


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeSeries(_Chart):
    """Measures over time, as bars or lines, split by a field's values."""

    shape: Literal["bar", "bar_stacked", "bar_percentage_stacked", "line"]
    time: Time
    measures: tuple[Measure, ...]
    split: Terms | None = None

    @property
    def groups(self) -> tuple[Grouping, ...]:
        """Return the groups, outermost first: the top values are those of the whole range."""
        return (self.split, self.time) if self.split else (self.time,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Table(_Chart):
    """A row for each value, or combination of values, sorted by the first measure."""

    rows: tuple[Terms, ...]
    measures: tuple[Measure, ...]

    @property
    def groups(self) -> tuple[Grouping, ...]:
        """Return the groups, outermost first."""
        return self.rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Shares(_Chart):
    """The parts of a whole, as a pie or a treemap."""

    shape: Literal["pie", "treemap"]
    parts: tuple[Terms, ...]
    measure: Measure

    @property
    def groups(self) -> tuple[Grouping, ...]:
        """Return the groups, outermost first."""
        return self.parts

    @property
    def measures(self) -> tuple[Measure, ...]:
        """Return what is measured in each group."""
        return (self.measure,)


@dataclass(frozen=True, slots=True, kw_only=True)
class HeatMap(_Chart):
    """A measure by a field's values (rows) and time (columns)."""

    down: Terms
    across: Time
    measure: Measure

    @property
    def groups(self) -> tuple[Grouping, ...]:
        """Return the groups, outermost first."""
        return (self.down, self.across)

    @property
    def measures(self) -> tuple[Measure, ...]:
        """Return what is measured in each group."""
        return (self.measure,)


Chart = Figure | TimeSeries | Table | Shares | HeatMap
Panel = Chart | Listing | Text


@dataclass(frozen=True, slots=True)
class PanelRow:
    """Panels side by side; those without a width share what is left."""

    height: int
    panels: tuple[Panel, ...]

    def widths(self) -> list[int]:
        """Return each panel's width in grid columns."""
        open_ended = [panel.width for panel in self.panels].count(0)
        share, left_over = divmod(COLUMNS - sum(panel.width for panel in self.panels), max(open_ended, 1))
        shares = iter([share + 1] * left_over + [share] * open_ended)
        return [panel.width or next(shares) for panel in self.panels]


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """A dashboard; `since` is the start of the time range when it is opened."""

    key: str
    title: str
    description: str
    since: str
    rows: tuple[PanelRow, ...]

    def panels(self) -> list[Panel]:
        """Return all panels in reading order."""
        return [panel for row in self.rows for panel in row.panels]


def slug(title: str) -> str:
    """Return a title as part of an id."""
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")
