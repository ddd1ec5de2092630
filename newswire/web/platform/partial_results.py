"""Lets a page show what it can while a server is away: its part is missing, and the page says why."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from newswire.errors import NewswireError

T = TypeVar("T")


class PartialResults:
    """Collects what the servers that could not be asked have said, each sentence once."""

    def __init__(self) -> None:
        self._said: dict[str, None] = {}

    @property
    def said(self) -> tuple[str, ...]:
        """Return the sentences in the order in which they came up."""
        return tuple(self._said)

    def ask(self, question: Callable[[], T]) -> T | None:
        """Return the answer; None where the server is away."""
        try:
            return question()
        except NewswireError as error:
            self._said[str(error)] = None
            return None
