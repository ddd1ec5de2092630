"""Newswire's pages in the Airflow UI; every Airflow process loads this module, so nothing heavy is imported here."""

from __future__ import annotations

from typing import Any, ClassVar

from airflow.plugins_manager import AirflowPlugin


class LazyPages:
    """The pages, imported with the first request."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Hand an ASGI request on."""
        from newswire.airflow.pages import app  # noqa: PLC0415 - only the API server ever gets here

        await app(scope, receive, send)


class NewswirePlugin(AirflowPlugin):
    """Registers the pages in the side bar; the search gets a window of its own, as Airflow's frame lets no link out."""

    name = "newswire"
    fastapi_apps: ClassVar[list[dict[str, Any]]] = [{"app": LazyPages(), "url_prefix": "/newswire", "name": "Newswire"}]
    external_views: ClassVar[list[dict[str, str]]] = [
        {"name": "Search", "href": "newswire/", "destination": "nav"},
        {"name": "Sources", "href": "newswire/sources", "destination": "nav", "url_route": "sources"},
        {"name": "Pipeline", "href": "newswire/pipeline", "destination": "nav", "url_route": "pipeline"},
    ]
