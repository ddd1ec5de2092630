"""The context of every page: the settings, and one Elasticsearch client for as long as the application runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from elasticsearch import Elasticsearch
from fastapi import Depends, Request

from newswire.settings import Settings


@dataclass(frozen=True, slots=True)
class Context:
    """The settings and the Elasticsearch client."""

    settings: Settings
    client: Elasticsearch

    @property
    def prefix(self) -> str:
        """Return the prefix of the indexes."""
        return self.settings.index_prefix


def _context_of(request: Request) -> Context:
    context: Context = request.app.state.context
    return context


CurrentContext = Annotated[Context, Depends(_context_of)]
