"""The pages' content as JSON for programs: the same searches, articles, stories, sources and pipeline."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import chain, islice
from typing import Annotated, Any, Literal

import msgspec
from fastapi import APIRouter, HTTPException, Path, Query
from fastapi.responses import Response, StreamingResponse

from newswire.search.articles import ArticleView, FamilyView, read_article, read_family
from newswire.search.export import ExportedArticle, csv_lines, export, json_lines
from newswire.search.results import SearchResults
from newswire.search.revisions import RevisionView, read_revisions
from newswire.search.search import search
from newswire.search.stories import Story, StoryView, list_stories, read_story
from newswire.web.platform.context import Asked
from newswire.web.reports.pipeline import PipelineReport, report_pipeline
from newswire.web.reports.sources import SourceReport, report_sources
from newswire.web.search_params import SearchQuery

Searched = Annotated[SearchQuery, Query()]
Id = Annotated[str, Path(max_length=200, description="32 hex digits")]
# Operation -> what it answers with; the documentation is made from this.
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
def search_articles(asked: Asked, query: Searched) -> Response:
    """Find articles, with facets and a timeline; `next` is the `after` of the page that follows."""
    return _json(search(asked.client, asked.prefix, query.request(with_counts=True)))


@router.get("/export.csv", name="export_a_table")
def export_table(asked: Asked, query: Searched) -> Response:
    """Return everything that a search finds as a table without the texts; limit and after are void."""
    return _download(csv_lines(_found(asked, query)), "text/csv; charset=utf-8", "csv")


@router.get("/export.ndjson", name="export_lines_of_json")
def export_lines(asked: Asked, query: Searched) -> Response:
    """Return everything that a search finds, an article a line with its text; limit and after are void."""
    return _download(json_lines(_found(asked, query)), "application/x-ndjson", "ndjson")


@router.get("/articles/{article_id}", name="read_an_article")
def article(asked: Asked, article_id: Id) -> Response:
    """Return an article in its newest version, with where each datum comes from."""
    return _json(read_article(asked.client, asked.prefix, article_id), f"There is no article {article_id}.")


@router.get("/articles/{article_id}/versions", name="read_its_versions")
def versions(asked: Asked, article_id: Id) -> Response:
    """Return all versions of an article, the newest first, each with what it changed."""
    return _json(read_revisions(asked.client, asked.prefix, article_id) or None, f"There is no article {article_id}.")


@router.get("/families/{family_id}", name="read_its_family")
def family(asked: Asked, family_id: Id) -> Response:
    """Return the tellings of one text, named by an article's `family_id`, with their delays."""
    return _json(read_family(asked.client, asked.prefix, family_id), f"There is no family {family_id}.")


@router.get("/stories", name="list_stories")
def stories(
    asked: Asked,
    sort: Literal["newest", "largest"] = "newest",
    limit: Annotated[int, Query(ge=1, le=200)] = 30,
    offset: Annotated[int, Query(ge=0, le=9_000)] = 0,
) -> Response:
    """Return the stories with the newest article, or those that most outlets tell."""
    return _json(list_stories(asked.client, asked.prefix, sort=sort, limit=limit, offset=offset))


@router.get("/stories/{story_id}", name="read_a_story")
def story(asked: Asked, story_id: Id) -> Response:
    """Return a story with its articles as they came out, and who was first."""
    return _json(read_story(asked.client, asked.prefix, story_id), f"There is no story {story_id}.")


@router.get("/sources", name="report_sources")
def sources(asked: Asked) -> Response:
    """Return how every source is, with a diagnosis; the worst first."""
    return _json(report_sources(asked.settings, asked.client))


@router.get("/pipeline", name="report_the_pipeline")
def pipeline(asked: Asked) -> Response:
    """Return the stages, how far they are behind, where all addresses stand and what is stuck."""
    return _json(report_pipeline(asked.settings, asked.client))


def _json(value: Any, missing: str = "") -> Response:
    if value is None:
        raise HTTPException(404, missing)
    return Response(msgspec.json.encode(value), media_type="application/json")


def _found(asked: Asked, query: SearchQuery) -> Iterator[ExportedArticle]:
    """Begin the export before the answer begins: a server that is away can still be told by the status."""
    articles = export(asked.client, asked.prefix, query.request(with_counts=False))
    return chain(list(islice(articles, 1)), articles)


def _download(lines: Iterator[str], media_type: str, suffix: str) -> Response:
    name = f"newswire-{datetime.now(UTC):%Y%m%d-%H%M%S}.{suffix}"
    return StreamingResponse(
        lines, media_type=media_type, headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )
