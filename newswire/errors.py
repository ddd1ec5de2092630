"""The errors that change what a program does next; anything else is a bug."""

from __future__ import annotations


class NewswireError(Exception):
    """The root: its text states what, where and the way out."""


class ConfigError(NewswireError):
    """A setting, a source or a file is wrong; the process ends with exit code 2."""


class Retry(NewswireError):  # noqa: N818 - the word of the design; it is a request, not a failure
    """A server is away or busy: the stage holds its batch and tries again."""


class Unfinished(Retry):
    """The handler needs another call to finish its batch; the member polls in between."""


class StackError(NewswireError):
    """An embedded server cannot be set up, started or reached."""


class SiteError(NewswireError):
    """A whole feed or host does not serve us; `status` and `retry_after` (seconds) give when to come back."""

    def __init__(self, message: str, *, status: int | None = None, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.retry_after = retry_after


class PoisonError(NewswireError):
    """Too many bad records in a row: the stage stops, exit code 3, before it empties its topic into dead letters."""
