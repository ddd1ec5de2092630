"""Has the states of a log's partitions honour takedowns, and keeps their texts out of the snapshots on disk."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Protocol

from newswire.runtime.snapshots import Snapshots
from newswire.stage import TakenDownIds


class Takedowns(Protocol):
    """What is taken down, as far as `refresh` has read."""

    @property
    def ids(self) -> TakenDownIds:
        """Return what is taken down."""

    @property
    def known(self) -> frozenset[str]:
        """Return the articles that are or were taken down."""

    def since(self) -> Mapping[str, datetime]:
        """Return since when each article is taken down."""

    def refresh(self) -> frozenset[str]:
        """Return the articles that were taken down, or no longer are, since the last call; may raise Retry."""


class NoTakedowns:
    """For a stage that consults none."""

    ids = TakenDownIds()
    known = frozenset[str]()

    def since(self) -> Mapping[str, datetime]:
        """Return nothing."""
        return {}

    def refresh(self) -> frozenset[str]:
        """Return nothing."""
        return self.known


def drop_left_snapshots(folder: Path, held: Iterable[int], names: Iterable[str], takedowns: Takedowns) -> None:
    """Drop the snapshots with texts of these articles that earlier assignments have left in a stage's folder."""
    since = takedowns.since()
    moments = {name: since[name].timestamp() for name in names if name in since}
    ours = {str(partition) for partition in held}
    for left in folder.glob("[0-9]*"):
        if left.name not in ours:
            Snapshots(left, version=0).drop_texts(moments)
