"""How often sources are polled: the schedule tiers, with the deadline and the time limit of a run in each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

TierName = Literal["15m", "hourly", "daily"]
_TIMEOUT_DEADLINES: Final = 4  # after so many deadlines a run is taken to hang


@dataclass(frozen=True, slots=True)
class ScheduleTier:
    """How often a group of sources is crawled: a cron expression in UTC; a run should end within the deadline."""

    schedule: str
    title: str
    deadline_minutes: int

    @property
    def timeout_minutes(self) -> int:
        """Return when a run is stopped: only one run of a tier is active, so one that hangs would block the tier."""
        return _TIMEOUT_DEADLINES * self.deadline_minutes


# Off the full hour, when most other crawlers come and Airflow's scheduler is busiest.
TIERS: Final[dict[TierName, ScheduleTier]] = {
    "15m": ScheduleTier("4-59/15 * * * *", "Every quarter of an hour", 15),
    "hourly": ScheduleTier("17 * * * *", "Every hour", 45),
    "daily": ScheduleTier("41 5 * * *", "Every day", 180),
}
