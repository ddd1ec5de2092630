"""Batches for mapped tasks: one source or host each, or several if there are more than Airflow's grid can show."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypedDict

MAX_TASKS = 50


class Batch(TypedDict):
    """The members of one mapped task, and the name that the grid shows."""

    label: str
    members: list[str]


def in_batches(titles: Iterable[tuple[str, str]], most: int = MAX_TASKS) -> list[Batch]:
    """Distribute (member, title) pairs among at most `most` batches; the same pairs always give the same batches."""
    ordered = sorted(titles)
    count = min(most, len(ordered))
    shares = [ordered[number::count] for number in range(count)]
    return [Batch(label=_label([title for _, title in share]), members=[m for m, _ in share]) for share in shares]


def _label(titles: Sequence[str]) -> str:
    rest = len(titles) - 2
    return ", ".join(titles[:2]) + (f" and {rest} more" if rest > 0 else "")
