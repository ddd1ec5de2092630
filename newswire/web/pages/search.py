"""The search page: hits, facets and a timeline."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from newswire.search.results import Facet, FacetName, Hit, SearchResults
from newswire.search.search import search_articles
from newswire.web.platform.context import CurrentContext
from newswire.web.search_params import SearchQuery
from newswire.web.view.charts import draw_bars
from newswire.web.view.rendering import country_name, language_name, plural, show_page

FACET_TITLES: Final[dict[FacetName, str]] = {
    "language": "Language",
    "outlet": "Outlet",
    "country": "Country",
    "section": "Section",
    "kind": "Kind",
    "date_trust": "Date",
}
DATE_TRUST: Final = {"told": "stated by the page", "guessed": "guessed from the text", "none": "unknown"}
FACET_VALUES_SHOWN: Final = 8
# name, label and the values with their meaning
CHOICES: Final = (
    ("sort", "Order", (("relevance", "best first"), ("date", "newest first"))),
    ("fold", "One hit is", (("copies", "a text with its copies"), ("stories", "a story"), ("nothing", "an article"))),
    ("which", "Show", (("all", "everything"), ("originals", "originals"), ("copies", "copies"))),
    ("by", "Times are", (("published", "publication"), ("seen", "first seen"))),
)

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)


@router.get("/")
def search_page(request: Request, context: CurrentContext, query: Annotated[SearchQuery, Query()]) -> HTMLResponse:
    """Show what a search finds; without words, the newest articles."""
    results = search_articles(context.client, context.prefix, query.request(with_counts=True))
    return show_page(
        request,
        "search.html",
        query=query,
        results=results,
        chart=draw_bars(results.timeline),
        facets=_facets(results),
        choices=CHOICES,
        facet_titles=FACET_TITLES,
        facet_values_shown=FACET_VALUES_SHOWN,
        label=label,
        folded=describe_folded,
    )


def _facets(results: SearchResults) -> list[Facet]:
    """Return the facets in the page's order, without those that have only one value."""
    found = {facet.name: facet for facet in results.facets}
    facets = [found[name] for name in FACET_TITLES if name in found]
    return [facet for facet in facets if len(facet.values) > 1 or any(value.chosen for value in facet.values)]


def describe_folded(hit: Hit) -> str:
    """Return the summary of a hit's other members: 3 near-duplicates: Ostrey Post, Norhaven Mail and 1 more."""
    outlets = list(dict.fromkeys(member.outlet for member in hit.folded))
    more = hit.folded_count - len(hit.folded)
    is_family = all(member.family_id == hit.article.family_id for member in hit.folded)
    noun = ("near-duplicate", "near-duplicates") if is_family else ("more article", "more articles")
    names = ", ".join(outlets) + (f" and {more:,} more" if more else "")
    return f"{plural(hit.folded_count, *noun)}: {names}"


def label(name: str, value: str) -> str:
    """Return a facet's value as readers know it."""
    if name == "date_trust":
        return DATE_TRUST.get(value, value)
    return {"language": language_name, "country": country_name}.get(name, str)(value)
