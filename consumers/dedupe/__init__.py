"""parsed-articles to deduplicated-articles: keep the first telling of each text and point later copies at it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from newswire.stage import LogStage
from schemas.topics import DEDUPLICATED_ARTICLES, PARSED_ARTICLES

if TYPE_CHECKING:
    from newswire.settings import Settings
    from newswire.stage import LogState
    from schemas.messages import ParsedArticle


def new_state(settings: Settings) -> LogState[ParsedArticle]:  # noqa: ARG001 - the signature of LogStage
    """Return the empty state of a partition."""
    from consumers.dedupe.state import DedupeState

    return DedupeState()


STAGE = LogStage("dedupe", reads=PARSED_ARTICLES, writes=(DEDUPLICATED_ARTICLES,), new_state=new_state)
