"""deduplicated-articles to articles and stories: assign every article to a story and announce how stories change."""

from __future__ import annotations

from typing import TYPE_CHECKING

from newswire.stage import LogStage
from schemas.topics import ARTICLES, DEDUPLICATED_ARTICLES, STORIES, TAKEDOWNS

if TYPE_CHECKING:
    from consumers.cluster.bench import ClusterBench
    from newswire.settings import Settings
    from newswire.stage import LogState
    from schemas.messages import DeduplicatedArticle


def new_state(settings: Settings) -> LogState[DeduplicatedArticle]:
    """Return the empty state of a partition."""
    from consumers.cluster.state import ClusterState

    return ClusterState(settings.state_dir / "vocabularies")


def bench() -> ClusterBench:
    """Return an empty stage for an offline scorer."""
    from consumers.cluster.bench import ClusterBench

    return ClusterBench()


STAGE = LogStage(
    "cluster",
    reads=DEDUPLICATED_ARTICLES,
    writes=(ARTICLES, STORIES),
    new_state=new_state,
    state_version=4,
    consults=(TAKEDOWNS,),
    keeps_texts=True,
)
