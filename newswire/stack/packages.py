"""The embedded servers are an optional extra: say so where it is not installed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from newswire.errors import ConfigError


@contextmanager
def explain_missing_package() -> Iterator[None]:
    """Turn the import of a package that is not installed into a sentence."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise ConfigError(
            f"The package {error.name} is missing. The embedded servers need the extras `stack` and `airflow`: "
            "make, or pip install 'newswire[stack,airflow]'."
        ) from error
