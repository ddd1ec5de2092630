"""The query parameters of a search, the request that they stand for, and links to similar searches."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from newswire.search.request import DateTrust, SearchRequest
from newswire.search.time_limits import read_moment

PAGE_HITS = 20


def _read_moment(text: str, *, is_end: bool = False) -> datetime | None:
    return read_moment(text, is_end=is_end) if text else None


def _check_moment(text: str) -> str:
    _read_moment(text.strip(), is_end=True)
    return text.strip()


# A form also sends the fields that were left empty.
_filled = BeforeValidator(lambda values: [value for value in values if value] if isinstance(values, list) else values)
_or_none = BeforeValidator(lambda value: value or None)
Time = Annotated[str, Field(max_length=40), AfterValidator(_check_moment)]
Names = Annotated[list[Annotated[str, Field(max_length=200)]], _filled, Field(max_length=100)]
Identifier = Annotated[Annotated[str, Field(pattern="^[0-9a-f]{32}$")] | None, _or_none]
Cursor = Annotated[Annotated[str, Field(max_length=2000)] | None, _or_none]


class SearchQuery(BaseModel):
    """The parameters of a search, the same for the page, the exports and the API."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    q: str = Field(default="", max_length=8000, description='words, "phrases", -without; or AND, OR, NOT, fields')
    since: Time = Field(default="", description="not before this day, time or age: 2026-03-02, 12h, 7d")
    until: Time = Field(default="", description="not after this day or time")
    by: Literal["published", "seen"] = Field(default="published", description="the time that since and until refer to")
    as_of: Time = Field(default="", description="what could be found at this time, in the wording of then")
    outlet: Names = Field(default=[], description="only these outlets, by name or source id")
    language: Names = Field(default=[], description="only these languages: en, es …")
    country: Names = Field(default=[], description="only outlets of these countries: GB, ES …")
    kind: Names = Field(default=[], description="article, live, gallery, video")
    section: Names = Field(default=[], description="only these sections, as the outlets call them")
    date_trust: Annotated[list[DateTrust], _filled] = Field(
        default=[], description="told (stated by the page or feed), guessed (from the text), none"
    )
    host: Names = Field(default=[], description="only these hosts")
    story: Identifier = Field(default=None, description="only this story's articles")
    family: Identifier = Field(default=None, description="only this article and its copies")
    which: Literal["all", "originals", "copies"] = "all"
    needs: Literal["enough", "most"] = Field(default="enough", description="how many of the words an article must have")
    fold: Literal["copies", "stories", "nothing"] = Field(default="copies", description="what is shown as one hit")
    sort: Literal["relevance", "date"] = "relevance"
    limit: int = Field(default=PAGE_HITS, ge=1, le=200)
    after: Cursor = Field(default=None, description="`next` of the previous page")

    def request(self, *, with_counts: bool) -> SearchRequest:
        """Return the search; `with_counts` includes facets and a timeline."""
        return SearchRequest(
            words=self.q,
            since=_read_moment(self.since),
            until=_read_moment(self.until, is_end=True),
            by=self.by,
            as_of=_read_moment(self.as_of, is_end=True),
            outlets=tuple(self.outlet),
            languages=tuple(self.language),
            countries=tuple(self.country),
            kinds=tuple(self.kind),
            sections=tuple(self.section),
            date_trust=tuple(self.date_trust),
            hosts=tuple(self.host),
            story_id=self.story,
            family_id=self.family,
            which=self.which,
            needs=self.needs,
            fold=self.fold,
            sort=self.sort,
            limit=self.limit,
            after=self.after,
            facets=with_counts,
            timeline=with_counts,
        )

    def link(self, **changes: Any) -> str:
        """Return the query string of this search with some parameters changed, on its first page."""
        values = self.model_dump(exclude_defaults=True, exclude={"after"}) | changes
        return urlencode([(name, text) for name, value in values.items() for text in _texts(value)])

    def without(self, name: str, value: str) -> str:
        """Return the query string of this search without one value of a list."""
        return self.link(**{name: [other for other in getattr(self, name) if other != value]})

    @property
    def chosen(self) -> list[tuple[str, str]]:
        """Return the values of the lists that narrow this search, as name and value."""
        return [(name, value) for name in LISTS for value in getattr(self, name)]


LISTS = ("outlet", "language", "country", "kind", "section", "date_trust", "host")


def _texts(value: object) -> Iterable[str]:
    if value is None:
        return []
    return value if isinstance(value, list) else [str(value)]
