"""Lets a page show what it can during an outage: a part is missing, and the page says why."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from newswire.errors import Retry

T = TypeVar("T")


class PartialResults:
    """Collects the messages of servers that are unavailable, each once."""

    def __init__(self) -> None:
        self._messages: dict[str, None] = {}

    @property
    def messages(self) -> tuple[str, ...]:
        """Return the messages in the order in which they came up."""
        return tuple(self._messages)

    def ask(self, question: Callable[[], T]) -> T | None:
        """Return the answer; None where the server is unavailable. Any other error, such as ConfigError, passes."""
        try:
            return question()
        except Retry as error:
            self._messages[str(error)] = None
            return None
