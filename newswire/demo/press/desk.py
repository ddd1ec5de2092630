"""The outlets' desks: agency copy and own texts become the editions that a page shows."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass
from zlib import crc32

from newswire.demo.press.content import Coverage, Outlet, Press, PressStory
from newswire.demo.press.dates import name_days
from newswire.errors import ConfigError

_WORD = re.compile(r"\b[a-z]+\b")
_OPENING = re.compile("(^|[\\s(\\[\u2013\u2014-])([\"'])")
_CURLED = {'"': ("\u201c", "\u201d"), "'": ("\u2018", "\u2019")}  # opening, closing


@dataclass(frozen=True, slots=True)
class Edition:
    """The text as it stands from a phase on."""

    phase: int
    title: str
    paragraphs: tuple[str, ...]
    modified: dt.datetime


@dataclass(frozen=True, slots=True)
class PressArticle:
    """A telling, edited and dated; `path` is its canonical one."""

    telling: Coverage
    outlet: Outlet
    story: str
    family: str
    path: str
    published: dt.datetime
    editions: tuple[Edition, ...]

    @property
    def key(self) -> str:
        """Return the name of the article within the press."""
        return f"{self.outlet.id}/{self.telling.slug}"

    def at(self, phase: int) -> Edition | None:
        """Return the edition of a phase; None where the article is not out yet."""
        return max((e for e in self.editions if e.phase <= phase), key=lambda e: e.phase, default=None)


def edit_press(press: Press, epoch: dt.datetime) -> tuple[PressArticle, ...]:
    """Return every article, the newest first."""
    made = [edit(press, story, telling, epoch) for story in press.stories for telling in story.tellings]
    return tuple(sorted(made, key=lambda article: (article.published, article.key), reverse=True))


def edit(press: Press, story: PressStory, telling: Coverage, epoch: dt.datetime) -> PressArticle:
    """Edit one telling: its first edition, then its corrections, each on top of the one before."""
    outlet = press.outlets[telling.outlet]
    stands_alone = telling.relation == "report"
    event_day = (epoch - dt.timedelta(hours=telling.hours if stands_alone else story.hours)).date()

    def finish(text: str) -> str:
        return house_style(name_days(text, event_day, outlet.language), press, outlet)

    raw = _raw_paragraphs(story, telling, outlet)
    first = Edition(
        telling.phase, finish(telling.title), tuple(map(finish, raw)), _moment(epoch, telling.hours, outlet)
    )
    editions = [first]
    for fix in telling.corrections:
        before = editions[-1]
        changes = {finish(old): finish(new) for old, new in fix.replace.items()}
        paragraphs = [_replace(p, changes) for p in before.paragraphs] + [*map(finish, split_paragraphs(fix.note))]
        title = finish(fix.title) if fix.title else before.title
        editions.append(Edition(fix.phase, title, tuple(paragraphs), _moment(epoch, fix.hours, outlet)))
    number = 100_000 + crc32(f"{outlet.id}/{telling.slug}".encode()) % 900_000
    path = outlet.path.format(slug=telling.slug, number=number, section=telling.section)
    family = f"{story.story}/{telling.carries}" if telling.carries else f"{outlet.id}/{telling.slug}"
    story_name = f"{outlet.id}/{telling.slug}" if stands_alone else story.story
    return PressArticle(telling, outlet, story_name, family, path, first.modified, tuple(editions))


def house_style(text: str, press: Press, outlet: Outlet) -> str:
    """Spell and quote as the outlet does."""
    if outlet.language == "en" and outlet.spelling == "us":
        text = _WORD.sub(lambda found: press.american.get(found[0], found[0]), text)
    return curl(text) if outlet.quotes == "curly" else text


def curl(text: str) -> str:
    """Turn straight quotation marks into typographic ones."""
    text = _OPENING.sub(lambda found: found[1] + _CURLED[found[2]][0], text)
    return text.replace('"', _CURLED['"'][1]).replace("'", _CURLED["'"][1])


def split_paragraphs(text: str) -> tuple[str, ...]:
    """Part a text at its empty lines; single line breaks are layout."""
    return tuple(" ".join(part.split()) for part in re.split(r"\n\s*\n", text.strip()) if part.strip())


def _raw_paragraphs(story: PressStory, telling: Coverage, outlet: Outlet) -> list[str]:
    if not telling.carries:
        return list(split_paragraphs(telling.text))
    if telling.carries not in story.wires:
        raise ConfigError(f"story {story.story}: {telling.outlet} carries {telling.carries}, and there is no such wire")
    wire = split_paragraphs(story.wires[telling.carries])
    kept = [wire[n - 1] for n in telling.edit.keep] if telling.edit.keep else list(wire)
    kept = [_replace(paragraph, telling.edit.replace) for paragraph in kept]
    if telling.place:
        kept[0] = outlet.dateline.format(place=telling.place) + kept[0]
    return [*split_paragraphs(telling.edit.lead), *kept, *split_paragraphs(telling.edit.tail)]


def _replace(text: str, changes: Mapping[str, str]) -> str:
    for old, new in changes.items():
        text = text.replace(old, new)
    return text


def _moment(epoch: dt.datetime, hours: float, outlet: Outlet) -> dt.datetime:
    zone = dt.timezone(dt.timedelta(hours=outlet.utc_offset_hours))
    return (epoch - dt.timedelta(hours=hours)).astimezone(zone).replace(second=0, microsecond=0)
