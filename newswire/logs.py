"""Sets up structured logs on standard error: for people or as JSON, and never with a secret in them."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Callable
from typing import TextIO

import structlog
from pydantic import SecretStr
from structlog.typing import EventDict, Processor, WrappedLogger

from newswire.settings import Settings

MASK = "***"
SHORTEST_SECRET = 8  # masking a shorter one would blot out ordinary words
_SECRET_KEY = re.compile(r"password|passwd|secret|api_?key|token|authorization|cookie", re.IGNORECASE)
_PASSWORD_IN_URL = re.compile(r"(\w+://[^\s:/@]*):[^\s/@]+@")
# The client logs every attempt to reach a broker that is away; what matters it raises, and the runner logs it once.
_LIBRARY_LEVELS = {"kafka": logging.CRITICAL, "elastic_transport": logging.WARNING, "httpx": logging.WARNING}


def configure_logs(settings: Settings, *, stream: TextIO | None = None) -> None:
    """Send structlog and the standard library's logs the same way."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        redactor(settings),
    ]
    target = stream or sys.stderr
    level = logging.getLevelNamesMapping()[settings.log_level.upper()]
    structlog.configure(
        processors=[*shared, _renderer(settings, target)],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(target),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(target)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, _renderer(settings, target)],
        )
    )
    logging.basicConfig(level=max(level, logging.INFO), handlers=[handler], force=True)
    for name, least in _LIBRARY_LEVELS.items():
        logging.getLogger(name).setLevel(least)


def redactor(settings: Settings) -> Callable[[WrappedLogger, str, EventDict], EventDict]:
    """Return the step that masks secrets by the name of their key, as part of a URL and by value."""
    held = (getattr(settings, name) for name in type(settings).model_fields)
    secrets = [secret.get_secret_value() for secret in held if isinstance(secret, SecretStr)]
    known = [secret for secret in secrets if len(secret) >= SHORTEST_SECRET and "://" not in secret]

    def mask(value: object) -> object:
        if not isinstance(value, str):
            return MASK if isinstance(value, SecretStr) else value
        for secret in known:
            value = value.replace(secret, MASK)
        return _PASSWORD_IN_URL.sub(rf"\1:{MASK}@", value)

    def redact(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        return {key: MASK if _SECRET_KEY.search(key) else mask(value) for key, value in event.items()}

    return redact


def _renderer(settings: Settings, target: TextIO) -> Processor:
    if settings.log_format == "json":
        return structlog.processors.JSONRenderer()
    return structlog.dev.ConsoleRenderer(
        colors=target.isatty(), exception_formatter=structlog.dev.plain_traceback, pad_event_to=0
    )
