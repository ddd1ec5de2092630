"""What one mapped task gets: one source or host each, or several once there are more than an Airflow grid can show."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypedDict

MOST_TASKS = 50


class Batch(TypedDict):
    """The members of one mapped task, and the name that the grid shows."""

    label: str
    members: list[str]


def in_batches(titles: Iterable[tuple[str, str]], most: int = MOST_TASKS) -> list[Batch]:
    """Share out (member, title) among at most `most` tasks, always in the same way."""
    ordered = sorted(titles)
    count = min(most, len(ordered))
    shares = [ordered[number::count] for number in range(count)]
    return [Batch(label=_label([title for _, title in share]), members=[m for m, _ in share]) for share in shares]


def _label(titles: Sequence[str]) -> str:
    rest = len(titles) - 2
    return ", ".join(titles[:2]) + (f" and {rest} more" if rest > 0 else "")
