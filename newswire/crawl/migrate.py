"""Bring the crawl state's tables up to date before anything crawls: `python -m newswire.crawl.migrate`."""

from __future__ import annotations

import warnings
from importlib.resources import as_file, files

import psycopg
import structlog

from newswire.crawl.database import database_outages_as_retry
from newswire.settings import Settings, settings

_LOCK = 0x6E657773  # the same number for everyone who migrates

log = structlog.get_logger()


def migrate(settings: Settings) -> int:
    """Apply the missing migrations and return their number; concurrent calls wait for each other."""
    dsn = settings.postgres_dsn.get_secret_value()
    # An advisory lock ends with its connection, so a migration killed half-way does not block the next one.
    with database_outages_as_retry(), psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", (_LOCK,))
        return _apply(dsn)


def _apply(dsn: str) -> int:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # from yoyo's own imports
        from yoyo import get_backend, read_migrations  # noqa: PLC0415 - takes half a second, which no crawl should pay

        backend = get_backend(dsn.replace("postgresql://", "postgresql+psycopg://", 1))
    try:
        with as_file(files("newswire.crawl").joinpath("migrations")) as folder:
            missing = backend.to_apply(read_migrations(str(folder)))
            if missing:
                backend.break_lock()  # we hold the advisory lock, so the holder of yoyo's is dead
                with backend.lock():
                    backend.apply_migrations(missing)
            return len(missing)
    finally:
        backend.connection.close()


if __name__ == "__main__":
    log.info("migrate.done", applied=migrate(settings()))
