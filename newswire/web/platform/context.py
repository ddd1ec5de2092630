"""What every page needs to answer: the settings and one client of Elasticsearch, held for as long as the pages run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from elasticsearch import Elasticsearch
from fastapi import Depends, Request

from newswire.settings import Settings


@dataclass(frozen=True, slots=True)
class Context:
    """The servers to ask."""

    settings: Settings
    client: Elasticsearch

    @property
    def prefix(self) -> str:
        """Return the prefix of the indexes."""
        return self.settings.index_prefix


def _context_of(request: Request) -> Context:
    context: Context = request.app.state.context
    return context


Asked = Annotated[Context, Depends(_context_of)]
