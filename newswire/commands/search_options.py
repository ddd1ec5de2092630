"""The search filters as command options, shared by `newswire search` and `newswire saved add`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

import click

from newswire.search.time_limits import read_moment

if TYPE_CHECKING:
    from newswire.search.request import SearchRequest

F = TypeVar("F", bound=Callable[..., Any])
# -word is a word to exclude, not an option
WORDS_SETTINGS = {"ignore_unknown_options": True}


class Moment(click.ParamType[datetime]):
    """A date, a time or an age: 2026-03-02, 2026-03-02T08:30, 90m, 12h, 7d, 2w; UTC if it has no time zone.

    A date means its first moment, or its last with `is_end`.
    """

    name = "time"

    def __init__(self, *, is_end: bool = False) -> None:
        self._is_end = is_end

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Parse the value."""
        try:
            return read_moment(str(value), is_end=self._is_end)
        except ValueError as error:
            self.fail(str(error), param, ctx)


_OPTIONS = (
    click.argument("words", nargs=-1),
    click.option("--since", type=Moment(), help="Not before this date, time or age (7d)."),
    click.option("--until", type=Moment(is_end=True), help="Not after this date or time."),
    click.option(
        "--by",
        type=click.Choice(["published", "seen"]),
        default="published",
        help="Whether --since and --until mean the time of publication or the time first seen.",
    ),
    click.option("--outlet", "outlets", multiple=True, help="Only this outlet, by name or source id; repeatable."),
    click.option("--language", "languages", multiple=True, help="Only this language (en, es …); repeatable."),
    click.option("--country", "countries", multiple=True, help="Only outlets of this country (GB …); repeatable."),
    click.option("--host", "hosts", multiple=True, help="Only this host; repeatable."),
    click.option("--kind", "kinds", multiple=True, help="Only this kind of page (article, live …); repeatable."),
    click.option("--section", "sections", multiple=True, help="Only this section of an outlet; repeatable."),
    click.option(
        "--date",
        "date_trust",
        type=click.Choice(["told", "guessed", "none"]),
        multiple=True,
        help="Only articles whose date the outlet stated, was guessed, or is missing; repeatable.",
    ),
    click.option("--story", "story_id", help="Only this story's articles, by its id."),
    click.option("--family", "family_id", help="Only an article and its copies, by the original's id."),
    click.option("--originals", "which", flag_value="originals", default="all", help="Leave copies out."),
    click.option("--copies", "which", flag_value="copies", help="Only copies."),
    click.option("--fold", type=click.Choice(["copies", "stories", "nothing"]), default="copies", show_default=True),
    click.option("--sort", type=click.Choice(["relevance", "date"]), default="relevance", show_default=True),
    click.option("--limit", type=click.IntRange(1, 1000), default=10, show_default=True, help="How many to show."),
)


def search_options(function: F) -> F:
    """Add the words and filters of a search to a command; `read_request` reads their values."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


def read_request(words: tuple[str, ...], filters: Mapping[str, object]) -> SearchRequest:
    """Return the request of the words and of the options that `search_options` adds."""
    import msgspec

    from newswire.search.request import SearchRequest

    if misspelt := [word for word in words if word.startswith("--")]:
        raise click.NoSuchOption(misspelt[0])
    return msgspec.convert({"words": " ".join(words), **filters}, SearchRequest)
