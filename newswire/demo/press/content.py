"""The press's content files, read into structs: the outlets, their articles, and the other pages they announce."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Literal, TypeVar

import msgspec
import yaml
from msgspec import Struct

from newswire.errors import ConfigError

HERE = Path(__file__).parent
T = TypeVar("T")

Relation = Literal["original", "carrier", "rewrite", "independent", "follow-up", "report"]
Dated = Literal["page", "feed", "text", "nowhere", "year 2093"]


class Outlet(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A fictional news site: its address, its layout, and how its server behaves."""

    id: str
    name: str
    language: str
    country: str
    is_agency: bool = False
    address: str
    layout: str
    path: str
    charset: str = "utf-8"
    declares: Literal["header", "meta", "both", "nothing"] = "both"
    utc_offset_hours: float = 0
    quotes: Literal["straight", "curly"] = "straight"
    spelling: Literal["uk", "us"] = "uk"
    dateline: str = "{place}: "
    feed: Literal["rss", "atom", "none"] = "rss"
    feed_fault: Literal["none", "lying etag", "broken xml"] = "none"
    has_sitemap: bool = False
    has_robots: bool = True
    tracks_links: bool = False
    crawl_delay_seconds: float | None = None
    delay_seconds: float = 0.05


class Edit(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The edits of an outlet's desk to agency copy; `keep` lists the wire's paragraphs from 1, in the order printed."""

    keep: tuple[int, ...] = ()
    lead: str = ""
    tail: str = ""
    replace: dict[str, str] = {}


class Correction(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A later edition of the same page."""

    phase: int = 1
    hours: float
    title: str = ""
    replace: dict[str, str] = {}
    note: str = ""


class Coverage(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One article of one outlet, published `hours` before the epoch.

    `dated` is where the page states its date, if at all; an `is_untitled` page has no title; an `is_busy` page responds
    429 at first; `moved_from` is announced and redirects here; `print_path` is a second address; `ballast_bytes` is the
    size of script added to the page.
    """

    outlet: str
    slug: str
    title: str
    hours: float
    relation: Relation
    text: str = ""
    carries: str = ""
    edit: Edit = Edit()
    place: str = ""
    authors: tuple[str, ...] = ()
    section: str = "news"
    caption: str = ""
    corrections: tuple[Correction, ...] = ()
    phase: int = 0
    dated: Dated = "page"
    is_untitled: bool = False
    is_busy: bool = False
    moved_from: str = ""
    print_path: str = ""
    ballast_bytes: int = 0


class PressStory(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One event: agency copy by name, and all articles on it; `{day}` in texts is the weekday on which it happened."""

    story: str
    hours: float
    wires: dict[str, str] = {}
    coverage: tuple[Coverage, ...]


class OddResponse(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A URL that a feed announces although it is not an article; `ends` lists its correct final states."""

    outlet: str
    kind: str
    path: str
    title: str
    hours: float
    ends: tuple[str, ...]


class Search(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A search that the demo shows; `finds` are the keys of articles that must be among its hits."""

    query: str
    why: str
    language: str | None = None
    finds: tuple[str, ...]


class PageBoilerplate(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The text on every page of a language that is not part of an article."""

    direction: Literal["ltr", "rtl"] = "ltr"
    by: str
    advertisement: str
    cookies: str
    accept: str
    newsletter: str
    sign_up: str
    related: str
    most_read: str
    most_read_titles: tuple[str, ...]
    share: tuple[str, ...]
    comments: str
    comment: str
    footer: str
    sections: tuple[str, ...]
    photo_credit: str
    wall: tuple[str, ...]


class Press(Struct, frozen=True):
    """All content of the press."""

    outlets: dict[str, Outlet]
    stories: tuple[PressStory, ...]
    odd_responses: tuple[OddResponse, ...]
    searches: tuple[Search, ...]
    boilerplate: dict[str, PageBoilerplate]
    american: dict[str, str]


def _read(path: Path, kind: type[T]) -> T:
    try:
        return msgspec.convert(yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader), kind)
    except (yaml.YAMLError, msgspec.ValidationError) as error:
        raise ConfigError(f"{path}: {error}") from error


@cache
def read_press(folder: Path = HERE) -> Press:
    """Return the press's content.

    Raises:
        ConfigError: a file does not match its struct.
    """
    outlets = _read(folder / "outlets.yml", tuple[Outlet, ...])
    return Press(
        outlets={outlet.id: outlet for outlet in outlets},
        stories=tuple(_read(path, PressStory) for path in sorted((folder / "stories").glob("*.yml"))),
        odd_responses=_read(folder / "odd_responses.yml", tuple[OddResponse, ...]),
        searches=_read(folder / "searches.yml", tuple[Search, ...]),
        boilerplate=_read(folder / "boilerplate.yml", dict[str, PageBoilerplate]),
        american=_read(folder / "american.yml", dict[str, str]),
    )
