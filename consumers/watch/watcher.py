"""Answers announced article versions with the alerts of the saved searches that match them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta

import structlog
from elasticsearch import Elasticsearch

from consumers.watch.alert_claims import AlertClaim, Announcement, build_claim, claim_alerts, position_of
from consumers.watch.saved_search_matches import SearchRefusal, find_matches
from newswire.clock import Clock
from newswire.elastic.client import elastic_outages_as_retry
from newswire.elastic.templates import TemplateGate
from newswire.saved.searches import SavedSearch, disable_search, list_searches
from newswire.stage import Answer, Out, Record
from newswire.takedowns.taken_down import find_taken_down_articles
from schemas.messages import Alert, IndexedArticle
from schemas.topics import ALERTS

# A search applies from when it was saved: replaying years of articles must not send alerts for them. Articles that
# were on their way through the pipeline at that time still count.
IN_FLIGHT = timedelta(hours=1)
Announcements = Mapping[tuple[str, int], Announcement]

log = structlog.get_logger()


class Watcher:
    """The handler of the watch stage: each version that a saved search matches causes one alert."""

    def __init__(
        self, client: Elasticsearch, prefix: str, clock: Clock, prepare: Callable[[], object] | None = None
    ) -> None:
        self._client = client
        self._prefix = prefix
        self._clock = clock
        self._templates = TemplateGate(client, prefix, prepare)

    def __call__(self, records: Sequence[Record[IndexedArticle]], /) -> Sequence[Answer]:
        """Return the alerts of a batch. Raises Retry when the server is unavailable, busy or without its templates."""
        alerts: defaultdict[str, list[Out[Alert]]] = defaultdict(list)
        with elastic_outages_as_retry():
            self._templates.require()
            pushing = [s for s in list_searches(self._client, self._prefix) if s.pushes and not s.disabled_reason]
            for position, alert in claim_alerts(self._client, self._claim(pushing, _first_announcements(records))):
                alerts[position].append(Out(ALERTS, alert))
        # An alert that belongs to a record outside this batch was sent with that record.
        return [alerts.get(position_of(record), ()) for record in records]

    def _claim(self, searches: Sequence[SavedSearch], announced: Announcements) -> dict[str, AlertClaim]:
        claims: dict[str, AlertClaim] = {}
        articles = [announcement.article for announcement in announced.values()]
        # The index stage may have announced it before the takedown, and not yet read the tombstone.
        taken = find_taken_down_articles(self._client, self._prefix, articles)
        articles = [article for article in articles if not taken.covers(article)]
        now = self._clock.now()
        for found in find_matches(self._client, self._prefix, searches, articles):
            if isinstance(found, SearchRefusal):
                self._disable(found)
                continue
            announcement = announced[found.version.article_id, found.version.version]
            if announcement.article.fetched_at >= found.search.created_at - IN_FLIGHT:
                claim = build_claim(self._prefix, found, announcement, now)
                claims[claim.alert.alert_id] = claim
        return claims

    def _disable(self, refusal: SearchRefusal) -> None:
        search = refusal.search
        disable_search(self._client, self._prefix, search.query_id, refusal.reason)
        log.warning("watch.search_disabled", query_id=search.query_id, name=search.name, reason=refusal.reason)


def _first_announcements(records: Sequence[Record[IndexedArticle]]) -> Announcements:
    """Return the first announcement of each version; a version is announced again when its story changes."""
    first: dict[tuple[str, int], Announcement] = {}
    for record in records:
        if (article := record.value) is not None:
            first.setdefault((article.article_id, article.version), Announcement(position_of(record), article))
    return first
