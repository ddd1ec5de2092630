"""The site rules of a source file: CSS selectors with dates of validity that parse uses to read its pages."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator


def _selector(value: str) -> str:
    """Reject what one of the two selector engines in parse does not accept."""
    import soupsieve  # noqa: PLC0415 - few sources have rules, but every DAG file reads the catalogue
    from selectolax.lexbor import LexborHTMLParser, SelectolaxError  # noqa: PLC0415

    try:
        soupsieve.compile(value)
    except (soupsieve.SelectorSyntaxError, ValueError) as error:
        raise ValueError(f"not a valid CSS selector: {str(error).splitlines()[0]}") from error
    try:
        LexborHTMLParser("<p>").css(value)
    except SelectolaxError as error:
        raise ValueError("a CSS selector that parse does not support; write it in plain CSS") from error
    return value


Selector = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300), AfterValidator(_selector)
]


class SiteRule(BaseModel):
    """Where the parts of an article are on the pages of a source, from one redesign to the next."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    since: dt.date | None = Field(default=None, description="first date of fetching to which this rule applies")
    until: dt.date | None = Field(default=None, description="last date of fetching to which it applies")
    body: Selector | None = Field(default=None, description="the elements that contain the text")
    remove: tuple[Selector, ...] = Field(default=(), description="elements to remove, in body or on the whole page")
    title: Selector | None = Field(default=None, description="the headline")
    authors: Selector | None = Field(default=None, description="the authors' names, one element each or in one line")
    published: Selector | None = Field(default=None, description="the time of publication")

    @model_validator(mode="after")
    def _has_content(self) -> SiteRule:
        if self.since and self.until and self.since > self.until:
            raise ValueError("since is later than until; swap them")
        if not (self.body or self.remove or self.title or self.authors or self.published):
            raise ValueError("empty rule: give at least one of body, remove, title, authors, published")
        return self

    def is_valid_on(self, day: dt.date) -> bool:
        """Return whether the rule applies to pages fetched on that day."""
        return (self.since is None or self.since <= day) and (self.until is None or day <= self.until)
