"""The page "Sources" of the Airflow UI: every source, where its addresses stand, and the files that are broken."""

from __future__ import annotations

from importlib.resources import files

from airflow.api_fastapi.auth.managers.models.resource_details import AccessView
from airflow.api_fastapi.core_api.security import requires_access_view
from fastapi import Depends, FastAPI
from fastapi.responses import HTMLResponse
from jinja2 import Environment

from newswire.catalogue import TIERS, load_catalogue
from newswire.crawl.accounting import Account, account
from newswire.errors import Retry
from newswire.settings import Settings, load_settings

# Addresses and reasons come from the web: nothing on the page may run, load or send anything.
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
}
TEMPLATE = files("newswire.airflow").joinpath("sources.html").read_text("utf-8")

app = FastAPI(title="Newswire", docs_url=None, redoc_url=None, openapi_url=None)
_template = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True).from_string(TEMPLATE)


@app.get("/sources", dependencies=[Depends(requires_access_view(AccessView.PLUGINS))])
def sources_page() -> HTMLResponse:
    """Return the page, for whoever may see plugins."""
    return HTMLResponse(render_sources(load_settings()), headers=HEADERS)


def render_sources(settings: Settings) -> str:
    """Return the page as HTML; without the crawl state it still names the sources."""
    catalogue = load_catalogue(settings)
    accounts, outage = _accounts(settings)
    gone = sorted(accounts.keys() - catalogue.sources.keys())
    return _template.render(
        sources=catalogue.sources.values(),
        broken=catalogue.broken,
        tiers=TIERS,
        accounts=accounts,
        outage=outage,
        gone=gone,
    )


def _accounts(settings: Settings) -> tuple[dict[str, Account], str | None]:
    try:
        return account(settings), None
    except Retry as error:
        return {}, str(error)
