"""The outlets' desks: edit agency copy and own texts into the editions that a page shows."""

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
    """The text of an article from a phase on."""

    phase: int
    title: str
    paragraphs: tuple[str, ...]
    modified: dt.datetime


@dataclass(frozen=True, slots=True)
class PressArticle:
    """An article of the press, edited and dated; `path` is that of its canonical URL."""

    coverage: Coverage
    outlet: Outlet
    story: str
    family: str
    path: str
    published: dt.datetime
    editions: tuple[Edition, ...]

    @property
    def key(self) -> str:
        """Return the name of the article within the press."""
        return f"{self.outlet.id}/{self.coverage.slug}"

    def at(self, phase: int) -> Edition | None:
        """Return the edition of a phase; None if the article is not published yet."""
        return max((e for e in self.editions if e.phase <= phase), key=lambda e: e.phase, default=None)


def edit_press(press: Press, epoch: dt.datetime) -> tuple[PressArticle, ...]:
    """Return every article, the newest first."""
    made = [edit(press, story, coverage, epoch) for story in press.stories for coverage in story.coverage]
    return tuple(sorted(made, key=lambda article: (article.published, article.key), reverse=True))


def edit(press: Press, story: PressStory, coverage: Coverage, epoch: dt.datetime) -> PressArticle:
    """Return one article: its first edition, then its corrections, each applied to the edition before."""
    outlet = press.outlets[coverage.outlet]
    stands_alone = coverage.relation == "report"
    event_day = (epoch - dt.timedelta(hours=coverage.hours if stands_alone else story.hours)).date()

    def finish(text: str) -> str:
        return house_style(name_days(text, event_day, outlet.language), press, outlet)

    raw = _raw_paragraphs(story, coverage, outlet)
    first = Edition(
        coverage.phase, finish(coverage.title), tuple(map(finish, raw)), _moment(epoch, coverage.hours, outlet)
    )
    editions = [first]
    for fix in coverage.corrections:
        before = editions[-1]
        changes = {finish(old): finish(new) for old, new in fix.replace.items()}
        paragraphs = [_replace(p, changes) for p in before.paragraphs] + [*map(finish, split_paragraphs(fix.note))]
        title = finish(fix.title) if fix.title else before.title
        editions.append(Edition(fix.phase, title, tuple(paragraphs), _moment(epoch, fix.hours, outlet)))
    number = 100_000 + crc32(f"{outlet.id}/{coverage.slug}".encode()) % 900_000
    path = outlet.path.format(slug=coverage.slug, number=number, section=coverage.section)
    family = f"{story.story}/{coverage.carries}" if coverage.carries else f"{outlet.id}/{coverage.slug}"
    story_name = f"{outlet.id}/{coverage.slug}" if stands_alone else story.story
    return PressArticle(coverage, outlet, story_name, family, path, first.modified, tuple(editions))


def house_style(text: str, press: Press, outlet: Outlet) -> str:
    """Return a text with the outlet's spelling and quotation marks."""
    if outlet.language == "en" and outlet.spelling == "us":
        text = _WORD.sub(lambda found: press.american.get(found[0], found[0]), text)
    return curl(text) if outlet.quotes == "curly" else text


def curl(text: str) -> str:
    """Replace straight quotation marks by typographic ones."""
    text = _OPENING.sub(lambda found: found[1] + _CURLED[found[2]][0], text)
    return text.replace('"', _CURLED['"'][1]).replace("'", _CURLED["'"][1])


def split_paragraphs(text: str) -> tuple[str, ...]:
    """Split a text at its empty lines; single line breaks have no meaning."""
    return tuple(" ".join(part.split()) for part in re.split(r"\n\s*\n", text.strip()) if part.strip())


def _raw_paragraphs(story: PressStory, coverage: Coverage, outlet: Outlet) -> list[str]:
    if not coverage.carries:
        return list(split_paragraphs(coverage.text))
    if coverage.carries not in story.wires:
        raise ConfigError(f"story {story.story}: {coverage.outlet} carries {coverage.carries}, but no such wire exists")
    wire = split_paragraphs(story.wires[coverage.carries])
    kept = [wire[n - 1] for n in coverage.edit.keep] if coverage.edit.keep else list(wire)
    kept = [_replace(paragraph, coverage.edit.replace) for paragraph in kept]
    if coverage.place:
        kept[0] = outlet.dateline.format(place=coverage.place) + kept[0]
    return [*split_paragraphs(coverage.edit.lead), *kept, *split_paragraphs(coverage.edit.tail)]


def _replace(text: str, changes: Mapping[str, str]) -> str:
    for old, new in changes.items():
        text = text.replace(old, new)
    return text


def _moment(epoch: dt.datetime, hours: float, outlet: Outlet) -> dt.datetime:
    zone = dt.timezone(dt.timedelta(hours=outlet.utc_offset_hours))
    return (epoch - dt.timedelta(hours=hours)).astimezone(zone).replace(second=0, microsecond=0)
