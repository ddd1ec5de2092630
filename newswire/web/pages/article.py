"""The page of an article: its text and provenance, its versions, its near-duplicates and its story."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, HTTPException, Path, Request
from fastapi.responses import HTMLResponse

from newswire.search.articles import read_article, read_family
from newswire.search.revisions import read_revisions
from newswire.search.stories import read_story
from newswire.web.platform.context import CurrentContext
from newswire.web.view.condensed_diff import condense
from newswire.web.view.provenance import facts_of
from newswire.web.view.rendering import show_page

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)
ArticleId = Annotated[str, Path(max_length=200)]


@router.get("/article/{article_id}")
def article_page(request: Request, context: CurrentContext, article_id: ArticleId) -> HTMLResponse:
    """Show an article in its newest version."""
    article = read_article(context.client, context.prefix, article_id)
    if article is None:
        raise HTTPException(404, f"There is no article {article_id}.")
    family = read_family(context.client, context.prefix, article.family_id)
    return show_page(
        request,
        "article.html",
        article=article,
        facts=facts_of(article),
        condense=condense,
        revisions=read_revisions(context.client, context.prefix, article_id) if article.version > 1 else (),
        family=family if family and len(family.members) > 1 else None,
        story=read_story(context.client, context.prefix, article.story_id),
    )
