"""The Airflow plugin with Newswire's pages; every Airflow process loads it, so it imports nothing large."""

from __future__ import annotations

from typing import Any, ClassVar

from airflow.plugins_manager import AirflowPlugin


class LazyPages:
    """The pages as an ASGI application that is imported with the first request."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Pass an ASGI request on."""
        from newswire.airflow.pages import app  # noqa: PLC0415 - only the API server serves pages

        await app(scope, receive, send)


class NewswirePlugin(AirflowPlugin):
    """Adds the pages to the side bar; the search opens in its own window, as Airflow's frame blocks outside links."""

    name = "newswire"
    fastapi_apps: ClassVar[list[dict[str, Any]]] = [{"app": LazyPages(), "url_prefix": "/newswire", "name": "Newswire"}]
    external_views: ClassVar[list[dict[str, str]]] = [
        {"name": "Search", "href": "newswire/", "destination": "nav"},
        {"name": "Sources", "href": "newswire/sources", "destination": "nav", "url_route": "sources"},
        {"name": "Pipeline", "href": "newswire/pipeline", "destination": "nav", "url_route": "pipeline"},
    ]
