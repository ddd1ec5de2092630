"""Gets single pages for commands, by the crawl's own way: robots.txt, the host's turn, the guard and the limits."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from newswire.crawl.database import open_database
from newswire.crawl.http_client import (
    ACCEPT_PAGE,
    PoliteClient,
    RefusedError,
    SiteResponse,
    UnreachableError,
    open_client,
)
from newswire.crawl.rate_limit import OutOfTimeError
from newswire.errors import NewswireError
from newswire.settings import Settings

T = TypeVar("T")
DEADLINE_SECONDS: Final = 60.0


async def with_web(settings: Settings, work: Callable[[PoliteClient], Awaitable[T]]) -> T:
    """Open the way to the sites for one piece of work."""
    async with open_database(settings) as database, open_client(database, settings, {}) as web:
        return await work(web)


def get_page(url: str, settings: Settings) -> SiteResponse:
    """Return a page as its site sends it; raises NewswireError where it is not to be had, saying why."""

    async def get(web: PoliteClient) -> SiteResponse:
        return await web.get(url, deadline=time.monotonic() + DEADLINE_SECONDS, accept=ACCEPT_PAGE)

    try:
        answer = asyncio.run(with_web(settings, get))
    except (RefusedError, UnreachableError, OutOfTimeError) as error:
        raise NewswireError(f"{url} cannot be had ({error}); save the page and give the FILE instead") from error
    if answer.status >= 400:
        raise NewswireError(f"{url} answers HTTP {answer.status}")
    return answer
