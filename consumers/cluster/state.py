"""What a partition of deduplicated-articles has taught: each article's story, and what each story holds."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, Final

import msgspec
from msgspec import Struct

from consumers.cluster.active import ActiveStories, Choice, Story, begin
from consumers.cluster.frequencies import Rarity, Week
from consumers.cluster.members import Chronicle
from consumers.cluster.scorer import find_bar
from consumers.cluster.terms import read_terms
from consumers.cluster.vectors import weigh
from newswire.stage import Answer, Out
from schemas.messages import Article, ArticleText, DeduplicatedArticle
from schemas.topics import ARTICLES, DEDUPLICATED_ARTICLES, STORIES

if TYPE_CHECKING:
    from pathlib import Path

    from newswire.stage import Record

FILE: Final = "state.msgpack"
MAX_AGE: Final = dt.timedelta(days=14)  # a date of publication further from the first sight is not believed


class Language(Struct):
    """What is kept of one language, as a snapshot holds it."""

    week: Week
    stories: list[Story]


class Saved(Struct):
    """A snapshot."""

    clock_ms: int
    languages: dict[str, Language]
    chronicle: Chronicle


class ClusterState:
    """Decides record by record; the clock is the newest record time, so a replay decides the same."""

    def __init__(self) -> None:
        self._clock_ms = 0
        self._rarity: dict[str, Rarity] = {}
        self._active: dict[str, ActiveStories] = {}
        self._chronicle = Chronicle()

    def decide(self, record: Record[DeduplicatedArticle]) -> Answer:
        """Place the article; what is unchanged or was answered before needs no message."""
        article = record.value
        if article is None:
            return ()
        self._clock_ms = max(self._clock_ms, record.timestamp_ms)
        self._forget()
        event = record.headers.get("ce_id") or DEDUPLICATED_ARTICLES.id_of(article)
        if not self._chronicle.is_new_event(event, self._clock_ms) or article.verdict == "unchanged":
            return ()
        story_id = self._chronicle.story_of(article.article_id)
        return self._keep(article, story_id) if story_id else self._place(article)

    def _keep(self, article: DeduplicatedArticle, story_id: str) -> tuple[Out[Any], ...]:
        """Announce a revision: it stays where it is, and may have changed the story's headline."""
        changed = self._chronicle.revise(story_id, article, self._clock_ms)
        return (_announce(article, story_id, None), *((Out(STORIES, changed),) if changed else ()))

    def _place(self, article: DeduplicatedArticle) -> tuple[Out[Any], ...]:
        source = self._chronicle.story_of(article.copy_of) if article.copy_of else None
        is_copy = article.copy_tier in {"exact", "copy"}
        choice, story_id = None, source
        if not (is_copy and source):
            choice, story_id = self._join(article, source)
        changed = self._chronicle.add(story_id or article.article_id, article, self._clock_ms, is_copy=is_copy)
        return _announce(article, changed.story_id, choice), Out(STORIES, changed)

    def _join(self, article: DeduplicatedArticle, source: str | None) -> tuple[Choice | None, str]:
        rarity = self._rarity.setdefault(article.language, Rarity(article.language))
        active = self._active.setdefault(article.language, ActiveStories())
        terms = read_terms(article.title, article.body)
        vectors, time_ms = weigh(terms, rarity), _time_ms(article)
        choice = active.choose(vectors, time_ms, find_bar(len(rarity.week.articles)), source)
        story = choice.story if choice else begin(article.article_id, time_ms, self._clock_ms)
        active.add(story, vectors, time_ms, self._clock_ms)
        rarity.learn(terms.body, self._clock_ms)
        return choice, story.story_id

    def _forget(self) -> None:
        for rarity in self._rarity.values():
            rarity.forget(self._clock_ms)
        for active in self._active.values():
            active.forget(self._clock_ms)
        self._chronicle.forget(self._clock_ms)

    def save(self, folder: Path) -> None:
        """Write everything into one file."""
        languages = {name: Language(rarity.week, self._active[name].all()) for name, rarity in self._rarity.items()}
        saved = Saved(self._clock_ms, languages, self._chronicle)
        (folder / FILE).write_bytes(msgspec.msgpack.encode(saved))

    def load(self, folder: Path) -> None:
        """Take over what `save` wrote."""
        saved = msgspec.msgpack.decode((folder / FILE).read_bytes(), type=Saved)
        self._clock_ms, self._chronicle = saved.clock_ms, saved.chronicle
        self._rarity = {name: Rarity(name, language.week) for name, language in saved.languages.items()}
        self._active = {name: ActiveStories(language.stories) for name, language in saved.languages.items()}


def _time_ms(article: DeduplicatedArticle) -> int:
    """Return when it was published, as far as that can be true."""
    seen, published = article.first_seen_at, article.published_at
    is_believed = published is not None and seen - MAX_AGE <= published <= seen
    return int((published if published and is_believed else seen).timestamp() * 1000)


def _announce(article: DeduplicatedArticle, story_id: str, choice: Choice | None) -> Out[Article]:
    fields = {name: getattr(article, name) for name in ArticleText.__struct_fields__}
    scores, reasons = dict(article.scores), article.reasons
    if choice:
        scores["story"] = round(choice.score, 2)
        reasons = (*reasons, choice.evidence.in_words())
    return Out(
        ARTICLES,
        Article(
            **fields,
            version=article.version,
            copy_of=article.copy_of,
            copy_tier=article.copy_tier,
            scores=scores,
            reasons=reasons,
            story_id=story_id,
        ),
    )
