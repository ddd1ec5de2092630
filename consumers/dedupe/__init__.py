"""parsed-articles to deduplicated-articles: link copies of earlier articles to their originals, and number versions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from newswire.stage import LogStage
from schemas.topics import DEDUPLICATED_ARTICLES, PARSED_ARTICLES, TAKEDOWNS

if TYPE_CHECKING:
    from consumers.dedupe.bench import DedupeBench
    from newswire.settings import Settings
    from newswire.stage import LogState
    from schemas.messages import ParsedArticle


def new_state(settings: Settings) -> LogState[ParsedArticle]:
    """Return the empty state of a partition."""
    from consumers.dedupe.state import DedupeState

    return DedupeState(settings.state_dir / "dedupe")


def bench() -> DedupeBench:
    """Return an empty stage for an offline scorer."""
    from consumers.dedupe.bench import DedupeBench

    return DedupeBench()


STAGE = LogStage(
    "dedupe",
    reads=PARSED_ARTICLES,
    writes=(DEDUPLICATED_ARTICLES,),
    new_state=new_state,
    state_version=3,
    consults=(TAKEDOWNS,),
)
