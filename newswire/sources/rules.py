"""How a source's pages are to be read, as its file says it: CSS selectors with days of validity, for parse."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator


def _selector(value: str) -> str:
    """Refuse what one of the two readers of selectors would not take."""
    import soupsieve  # noqa: PLC0415 - few sources have rules, and every DAG file reads the catalogue
    from selectolax.lexbor import LexborHTMLParser, SelectolaxError  # noqa: PLC0415

    try:
        soupsieve.compile(value)
    except (soupsieve.SelectorSyntaxError, ValueError) as error:
        raise ValueError(f"is no CSS selector: {str(error).splitlines()[0]}") from error
    try:
        LexborHTMLParser("<p>").css(value)
    except SelectolaxError as error:
        raise ValueError("is no CSS selector that works on a whole page; write it in plain CSS") from error
    return value


Selector = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300), AfterValidator(_selector)
]


class SiteRule(BaseModel):
    """Where things stand on the pages of a source, from one redesign to the next."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    since: dt.date | None = Field(default=None, description="first day of pages fetched to which this applies")
    until: dt.date | None = Field(default=None, description="last such day")
    body: Selector | None = Field(default=None, description="the elements that hold the text")
    remove: tuple[Selector, ...] = Field(default=(), description="what is no text: inside body, or on the whole page")
    title: Selector | None = Field(default=None, description="the headline")
    authors: Selector | None = Field(default=None, description="the names of the authors, one element each or one line")
    published: Selector | None = Field(default=None, description="the time of publication")

    @model_validator(mode="after")
    def _says_something(self) -> SiteRule:
        if self.since and self.until and self.since > self.until:
            raise ValueError("since is later than until")
        if not (self.body or self.remove or self.title or self.authors or self.published):
            raise ValueError("names nothing: give body, remove, title, authors or published")
        return self

    def is_valid_on(self, day: dt.date) -> bool:
        """Whether the rule is for pages fetched on that day."""
        return (self.since is None or self.since <= day) and (self.until is None or day <= self.until)
