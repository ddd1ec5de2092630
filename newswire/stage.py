"""What a stage is: a name, the topics it reads and writes, and a handler that answers for every record."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

from newswire.settings import Settings
from schemas.messages import ArticleText, IndexedArticle
from schemas.topics import Topic

M = TypeVar("M")
M_co = TypeVar("M_co", covariant=True)
M_contra = TypeVar("M_contra", contravariant=True)


@dataclass(frozen=True, slots=True)
class Record(Generic[M_co]):
    """One decoded record; `value` is None for a tombstone."""

    topic: str
    partition: int
    offset: int
    timestamp_ms: int
    key: bytes | None
    value: M_co | None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Out(Generic[M]):
    """One message to send. A tombstone has `value` None and gives its `key` itself."""

    topic: Topic[M]
    value: M | None
    key: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reject:
    """The stage can never take this record: it goes to the dead-letter topic with its reason.

    `reason` is a short kebab-case word for counting, `detail` a sentence. `is_poison` separates a bad record from an
    expected rejection, such as a page that is not an article. `from_site` marks what a web site's content caused:
    however many there are, they never stop the stage.
    """

    reason: str
    detail: str = ""
    is_poison: bool = True
    from_site: bool = False


Answer = Sequence[Out[Any]] | Reject


class TakenDownIds(NamedTuple):
    """The ids of articles that are taken down, and of the addresses that show them."""

    article_ids: frozenset[str] = frozenset()
    url_ids: frozenset[str] = frozenset()

    def covers(self, article: ArticleText | IndexedArticle) -> bool:
        """Return whether an article, or the address that it was fetched from, is taken down."""
        return article.article_id in self.article_ids or article.url_id in self.url_ids


class Handler(Protocol[M_contra]):
    """Answers for every record of a batch, in order; an empty answer means nothing to announce.

    May raise `Retry`: the whole batch is held and handed over again; `Unfinished` asks for that at once. `ConfigError`
    ends the process. Anything else is a bug, and the record that brings it out is dead-lettered: the handler may be
    called again with parts of the batch.
    """

    def __call__(self, records: Sequence[Record[M_contra]], /) -> Sequence[Answer]:
        """Return one answer a record."""


@dataclass(frozen=True, slots=True)
class Stage(Generic[M]):
    """A step that keeps nothing between batches; `batch_records` is its own default where a batch has a fixed cost.

    `consults` are the topics that it reads as a whole when it opens, without a group.
    """

    name: str
    reads: Topic[M]
    writes: tuple[Topic[Any], ...]
    open: Callable[[Settings], AbstractContextManager[Handler[M]]]
    batch_records: int | None = None
    consults: tuple[Topic[Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Sink:
    """A step that reads several topics and writes none."""

    name: str
    reads: tuple[Topic[Any], ...]
    open: Callable[[Settings], AbstractContextManager[Handler[Any]]]
    consults: tuple[Topic[Any], ...] = ()


class LogState(Protocol[M_contra]):
    """What a partition's log has taught so far: a pure function of its records, in order.

    `decide` takes the next record and moves on; it may look at record times, never at the clock. When it raises, the
    state is thrown away and built again without the record.
    """

    def decide(self, record: Record[M_contra], /) -> Answer:
        """Take the next record of the log."""

    def save(self, folder: Path, /) -> None:
        """Write the state into an empty folder."""

    def load(self, folder: Path, /) -> None:
        """Take over what `save` wrote; the state is new and empty before."""


class TakedownState(LogState[M_contra], Protocol[M_contra]):
    """The state of a stage that consults the topic `takedowns`.

    What is taken down is not part of the log, so it changes what the state sends and which texts it keeps, and never
    what it decides: a replay decides the same, whatever has been taken down since.
    """

    def honour(self, taken: TakenDownIds, changed: AbstractSet[str], /) -> Sequence[Out[Any]]:
        """Send and keep no text of these articles from now on.

        Returns what has to be sent because articles in `changed`, which are taken down or are so no longer, were sent
        before; empty for those that the state does not know.
        """


@dataclass(frozen=True, slots=True)
class LogStage(Generic[M]):
    """A step that decides from all that came before in the partition: snapshot, replay, then live."""

    name: str
    reads: Topic[M]
    writes: tuple[Topic[Any], ...]
    new_state: Callable[[Settings], LogState[M]]
    state_version: int = 1  # raise it when saved states of the old code no longer fit
    consults: tuple[Topic[Any], ...] = ()  # with `takedowns`, its states are TakedownStates
    keeps_texts: bool = False  # its snapshots hold texts, beside the article_id in hex digits


@dataclass(frozen=True, slots=True)
class Deployment:
    """How the embedded stack runs a stage: how many processes, and which jobs must have ended before."""

    processes: int = 1
    needs: tuple[str, ...] = ()


AnyStage = Stage[Any] | LogStage[Any] | Sink
