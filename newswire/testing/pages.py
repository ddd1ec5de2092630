"""An in-process client for the web pages: tests send requests as a browser would, without a socket."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import httpx
from anyio.from_thread import BlockingPortal, start_blocking_portal
from fastapi import FastAPI


class PagesClient:
    """Requests pages one after another."""

    def __init__(self, portal: BlockingPortal, client: httpx.AsyncClient) -> None:
        self._portal, self._client = portal, client

    def get(self, path: str, **options: Any) -> httpx.Response:
        """Return the response; an error that the application does not handle is raised here."""
        return self._portal.call(partial(self._client.get, path, **options))


@contextmanager
def open_pages(app: FastAPI) -> Iterator[PagesClient]:
    """Start an application, yield a client of it, and stop it."""
    client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1")
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(app.router.lifespan_context(app)),
        portal.wrap_async_context_manager(client),
    ):
        yield PagesClient(portal, client)
