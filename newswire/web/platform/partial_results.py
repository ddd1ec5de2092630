"""Lets an overview page show what it can: a part whose server fails is missing, and the page says why."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from newswire.errors import ConfigError, Retry
from newswire.settings import Settings
from newswire.web.platform.security import mask_secrets

T = TypeVar("T")


class PartialResults:
    """Collects why servers could not be asked, each reason once."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._messages: dict[str, None] = {}

    @property
    def messages(self) -> tuple[str, ...]:
        """Return the reasons in the order in which they came up, without secrets."""
        return tuple(self._messages)

    def ask(self, question: Callable[[], T]) -> T | None:
        """Return the answer; None where the server is unavailable or its setting is wrong.

        These pages are where somebody looks for what is wrong, so that one server's wrong setting must not hide the
        others; the reason names the setting. Any other error passes.
        """
        try:
            return question()
        except (Retry, ConfigError) as error:
            self._messages[mask_secrets(str(error), self._settings)] = None
            return None
