"""The pages of health: every source with a diagnosis, and the pipeline from end to end."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from newswire.web.platform.context import CurrentContext
from newswire.web.reports.pipeline import report_pipeline
from newswire.web.reports.sources import report_sources
from newswire.web.view.rendering import show_page

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)


@router.get("/sources")
def sources_page(request: Request, context: CurrentContext) -> HTMLResponse:
    """Show every source, the worst first."""
    return show_page(request, "sources.html", report=report_sources(context.settings, context.client))


@router.get("/pipeline")
def pipeline_page(request: Request, context: CurrentContext) -> HTMLResponse:
    """Show processes, stages, the state of all addresses and what is stuck."""
    return show_page(request, "pipeline.html", report=report_pipeline(context.settings, context.client))
