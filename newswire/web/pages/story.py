"""The pages of stories: a list, and one story with who was first and who followed when."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from fastapi import APIRouter, HTTPException, Path, Query, Request
from fastapi.responses import HTMLResponse

from newswire.search.stories import list_stories, read_story
from newswire.web.platform.context import CurrentContext
from newswire.web.view.rendering import show_page
from newswire.web.view.swimlanes import draw_swimlanes

PAGE_STORIES: Final = 30
router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)


@router.get("/stories")
def stories_page(
    request: Request,
    context: CurrentContext,
    sort: Literal["newest", "largest"] = "newest",
    offset: Annotated[int, Query(ge=0, le=9_000)] = 0,
) -> HTMLResponse:
    """Show the stories with the newest article, or those that most outlets report."""
    found = list_stories(context.client, context.prefix, sort=sort, limit=PAGE_STORIES + 1, offset=offset)
    onward = offset + PAGE_STORIES if len(found) > PAGE_STORIES else None
    return show_page(request, "stories.html", stories=found[:PAGE_STORIES], sort=sort, offset=offset, onward=onward)


@router.get("/story/{story_id}")
def story_page(
    request: Request, context: CurrentContext, story_id: Annotated[str, Path(max_length=200)]
) -> HTMLResponse:
    """Show a story with its articles in the order of publication."""
    view = read_story(context.client, context.prefix, story_id)
    if view is None:
        raise HTTPException(404, f"There is no story {story_id}.")
    return show_page(request, "story.html", view=view, chart=draw_swimlanes(view.articles))
