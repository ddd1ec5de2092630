"""Get single pages for commands through the crawl's polite client, with its rate limit, guard and size limits."""

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


async def with_client(settings: Settings, use: Callable[[PoliteClient], Awaitable[T]]) -> T:
    """Return the result of `use` with a polite client that is open until then."""
    async with open_database(settings) as database, open_client(database, settings, {}) as client:
        return await use(client)


def get_page(url: str, settings: Settings) -> SiteResponse:
    """Return a page as its site sends it; raises NewswireError with the reason if it cannot be fetched."""

    async def get(client: PoliteClient) -> SiteResponse:
        return await client.get(url, deadline=time.monotonic() + DEADLINE_SECONDS, accept=ACCEPT_PAGE)

    try:
        response = asyncio.run(with_client(settings, get))
    except (RefusedError, UnreachableError, OutOfTimeError) as error:
        raise NewswireError(f"{url} cannot be fetched ({error}); save the page and pass the FILE instead") from error
    if response.status >= 400:
        raise NewswireError(f"{url} responds with HTTP {response.status}; check the address")
    return response
