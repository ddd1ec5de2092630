"""The press's own files, read into structs: who the outlets are and who tells what."""

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
    """A fictional news site: its address, its looks and its habits."""

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
    """What an outlet's desk does to agency copy; `keep` counts the wire's paragraphs from 1, in the order printed."""

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
    """One article of one outlet; `hours` is how long before the epoch it came out.

    `dated` and `is_untitled` tell where the page keeps silent or lies; `is_busy` answers 429 at first; `moved_from`
    is announced and redirects here; `print_path` is a second address; `ballast_bytes` makes the page heavy.
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
    """One event: agency copy by name, and every telling of it; `{day}` in texts is the weekday it happened on."""

    story: str
    hours: float
    wires: dict[str, str] = {}
    tellings: tuple[Coverage, ...]


class Rogue(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A URL that a feed announces and that is no article; `ends` lists the ends that are right for it."""

    outlet: str
    kind: str
    path: str
    title: str
    hours: float
    ends: tuple[str, ...]


class Search(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A search to show; `finds` are keys of articles that must be among the hits."""

    query: str
    why: str
    language: str | None = None
    finds: tuple[str, ...]


class Furniture(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What stands on every page of a language and belongs to no article."""

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
    """Everything the press has."""

    outlets: dict[str, Outlet]
    stories: tuple[PressStory, ...]
    rogues: tuple[Rogue, ...]
    searches: tuple[Search, ...]
    furniture: dict[str, Furniture]
    american: dict[str, str]


def _read(path: Path, kind: type[T]) -> T:
    try:
        return msgspec.convert(yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader), kind)
    except (yaml.YAMLError, msgspec.ValidationError) as error:
        raise ConfigError(f"{path}: {error}") from error


@cache
def read_press(folder: Path = HERE) -> Press:
    """Read the press's files.

    Raises:
        ConfigError: A file does not have the form of its struct.
    """
    outlets = _read(folder / "outlets.yml", tuple[Outlet, ...])
    return Press(
        outlets={outlet.id: outlet for outlet in outlets},
        stories=tuple(_read(path, PressStory) for path in sorted((folder / "stories").glob("*.yml"))),
        rogues=_read(folder / "rogues.yml", tuple[Rogue, ...]),
        searches=_read(folder / "searches.yml", tuple[Search, ...]),
        furniture=_read(folder / "furniture.yml", dict[str, Furniture]),
        american=_read(folder / "american.yml", dict[str, str]),
    )
