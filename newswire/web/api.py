"""The JSON API: the same searches, articles, stories, sources and pipeline as on the pages."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import chain, islice
from typing import Annotated, Any, Literal

import msgspec
from fastapi import APIRouter, HTTPException, Path, Query
from fastapi.responses import Response, StreamingResponse

from newswire.search.articles import ArticleView, FamilyView, read_article, read_family
from newswire.search.export import ExportedArticle, csv_lines, export_articles, json_lines
from newswire.search.results import SearchResults
from newswire.search.revisions import RevisionView, read_revisions
from newswire.search.search import search_articles
from newswire.search.stories import Story, StoryView, list_stories, read_story
from newswire.web.platform.context import CurrentContext
from newswire.web.reports.pipeline import PipelineReport, report_pipeline
from newswire.web.reports.sources import SourceReport, report_sources
from newswire.web.search_params import SearchQuery

SearchParams = Annotated[SearchQuery, Query()]
Id = Annotated[str, Path(max_length=200, description="32 hex digits")]
# Operation -> type of its answer; the documentation is generated from this.
ANSWERS: dict[str, Any] = {
    "search": SearchResults,
    "read_an_article": ArticleView,
    "read_its_versions": tuple[RevisionView, ...],
    "read_its_family": FamilyView,
    "list_stories": tuple[Story, ...],
    "read_a_story": StoryView,
    "report_sources": SourceReport,
    "report_the_pipeline": PipelineReport,
}

router = APIRouter(prefix="/api", generate_unique_id_function=lambda route: route.name)


@router.get("/search", name="search")
def api_search(context: CurrentContext, query: SearchParams) -> Response:
    """Find articles, with facets and a timeline; `next` is the `after` of the page that follows."""
    return _json(search_articles(context.client, context.prefix, query.request(with_counts=True)))


@router.get("/export.csv", name="export_a_table")
def export_table(context: CurrentContext, query: SearchParams) -> Response:
    """Return everything that a search finds as a table without the texts; `limit` and `after` have no effect."""
    return _download(csv_lines(_found(context, query)), "text/csv; charset=utf-8", "csv")


@router.get("/export.ndjson", name="export_lines_of_json")
def export_lines(context: CurrentContext, query: SearchParams) -> Response:
    """Return everything that a search finds, an article a line with its text; `limit` and `after` have no effect."""
    return _download(json_lines(_found(context, query)), "application/x-ndjson", "ndjson")


@router.get("/articles/{article_id}", name="read_an_article")
def article(context: CurrentContext, article_id: Id) -> Response:
    """Return an article in its newest version, with the provenance of each field."""
    return _json(read_article(context.client, context.prefix, article_id), f"There is no article {article_id}.")


@router.get("/articles/{article_id}/versions", name="read_its_versions")
def versions(context: CurrentContext, article_id: Id) -> Response:
    """Return all versions of an article, the newest first, each with what it changed."""
    return _json(
        read_revisions(context.client, context.prefix, article_id) or None, f"There is no article {article_id}."
    )


@router.get("/families/{family_id}", name="read_its_family")
def family(context: CurrentContext, family_id: Id) -> Response:
    """Return the near-duplicates of one text, by an article's `family_id`, with their delays."""
    return _json(read_family(context.client, context.prefix, family_id), f"There is no family {family_id}.")


@router.get("/stories", name="list_stories")
def stories(
    context: CurrentContext,
    sort: Literal["newest", "largest"] = "newest",
    limit: Annotated[int, Query(ge=1, le=200)] = 30,
    offset: Annotated[int, Query(ge=0, le=9_000)] = 0,
) -> Response:
    """Return the stories with the newest article, or those that most outlets report."""
    return _json(list_stories(context.client, context.prefix, sort=sort, limit=limit, offset=offset))


@router.get("/stories/{story_id}", name="read_a_story")
def story(context: CurrentContext, story_id: Id) -> Response:
    """Return a story with its articles in the order of publication, and who was first."""
    return _json(read_story(context.client, context.prefix, story_id), f"There is no story {story_id}.")


@router.get("/sources", name="report_sources")
def sources(context: CurrentContext) -> Response:
    """Return the state of every source, with a diagnosis; the worst first."""
    return _json(report_sources(context.settings, context.client))


@router.get("/pipeline", name="report_the_pipeline")
def pipeline(context: CurrentContext) -> Response:
    """Return the stages, how far they are behind, the state of all addresses and what is stuck."""
    return _json(report_pipeline(context.settings, context.client))


def _json(value: Any, missing: str = "") -> Response:
    if value is None:
        raise HTTPException(404, missing)
    return Response(msgspec.json.encode(value), media_type="application/json")


def _found(context: CurrentContext, query: SearchQuery) -> Iterator[ExportedArticle]:
    """Fetch the first article before the answer begins, so that an outage still shows in the HTTP status."""
    articles = export_articles(context.client, context.prefix, query.request(with_counts=False))
    return chain(list(islice(articles, 1)), articles)


def _download(lines: Iterator[str], media_type: str, suffix: str) -> Response:
    name = f"newswire-{datetime.now(UTC):%Y%m%d-%H%M%S}.{suffix}"
    return StreamingResponse(
        lines, media_type=media_type, headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )
