"""The web application: `newswire web` serves it, and Airflow mounts it behind its own login."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import ExitStack, asynccontextmanager
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from fastapi import FastAPI
from starlette.staticfiles import StaticFiles

import newswire
from newswire.elastic.client import open_elasticsearch
from newswire.settings import Settings
from newswire.web import api
from newswire.web.pages import article as article_pages
from newswire.web.pages import health as health_pages
from newswire.web.pages import search as search_pages
from newswire.web.pages import story as story_pages
from newswire.web.platform.context import Context
from newswire.web.platform.documentation import DocumentedApi, add_documentation
from newswire.web.platform.error_pages import add_failure_pages
from newswire.web.platform.security import SecurityHeaders, TrustedHosts

STATIC: Final = Path(str(files("newswire.web") / "static"))
ROUTERS: Final = (search_pages, article_pages, story_pages, health_pages, api)


def create_app(settings: Settings, guards: Sequence[Any] = (), names: Sequence[str] | None = None) -> FastAPI:
    """Return the application.

    Args:
        settings: where the servers are.
        guards: FastAPI dependencies of every page, such as Airflow's login.
        names: the host names to answer for, where no login protects the pages; None for any.
    """
    stack = ExitStack()
    context = Context(settings, stack.enter_context(open_elasticsearch(settings)))

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        with stack:
            yield

    app = DocumentedApi(
        title="Newswire",
        version=newswire.__version__,
        docs_url=None,  # the ready-made pages load scripts from elsewhere
        redoc_url=None,
        openapi_url="/api/openapi.json",
        dependencies=list(guards),
        lifespan=lifespan,
    )
    app.state.context = context
    app.add_api_route("/livez", _live, include_in_schema=False)
    for part in ROUTERS:
        app.include_router(part.router)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    add_documentation(app)
    add_failure_pages(app)
    if names is not None:
        app.add_middleware(TrustedHosts, names=names)
    app.add_middleware(SecurityHeaders)
    return app


async def _live() -> str:
    """Report that the pages are served; the pages themselves report the servers behind them."""
    return "live"
