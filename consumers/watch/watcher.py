"""Takes batches of announcements: finds what the saved searches match, settles what is new, answers with alerts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import timedelta

import structlog
from elasticsearch import Elasticsearch

from consumers.watch.alert_claims import AlertClaim, Announcement, build_claim, origin_of, settle
from consumers.watch.saved_search_matches import Refusal, find_matches
from newswire.clock import Clock
from newswire.elastic.client import outages_as_retry
from newswire.elastic.templates import TemplateGate
from newswire.saved.searches import SavedSearch, disable_search, list_searches
from newswire.stage import Answer, Out, Record
from schemas.messages import Alert, IndexedArticle
from schemas.topics import ALERTS

# A search looks forward: a replay of years must not push them. What was on its way when it was saved counts.
ON_ITS_WAY = timedelta(hours=1)
Announced = Mapping[tuple[str, int], Announcement]

log = structlog.get_logger()


class Watcher:
    """The handler of the watch stage: every version that a saved search finds is pushed once."""

    def __init__(self, client: Elasticsearch, prefix: str, clock: Clock) -> None:
        self._client = client
        self._prefix = prefix
        self._clock = clock
        self._templates = TemplateGate(client, prefix)

    def __call__(self, records: Sequence[Record[IndexedArticle]], /) -> Sequence[Answer]:
        """Answer with the alerts of a batch; raises Retry when the server is away, busy or without its templates."""
        alerts: defaultdict[str, list[Out[Alert]]] = defaultdict(list)
        with outages_as_retry():
            self._templates.require()
            pushing = [s for s in list_searches(self._client, self._prefix) if s.pushes and not s.disabled_reason]
            for origin, alert in settle(self._client, self._claim(pushing, _first_of_each(records))):
                alerts[origin].append(Out(ALERTS, alert))
        # What belongs to a record outside the batch was sent with that one.
        return [alerts.get(origin_of(record), ()) for record in records]

    def _claim(self, searches: Sequence[SavedSearch], announced: Announced) -> dict[str, AlertClaim]:
        claims: dict[str, AlertClaim] = {}
        articles = [announcement.article for announcement in announced.values()]
        now = self._clock.now()
        for found in find_matches(self._client, self._prefix, searches, articles):
            if isinstance(found, Refusal):
                self._disable(found)
                continue
            announcement = announced[found.version.article_id, found.version.version]
            if announcement.article.fetched_at >= found.search.created_at - ON_ITS_WAY:
                claim = build_claim(self._prefix, found, announcement, now)
                claims[claim.alert.alert_id] = claim
        return claims

    def _disable(self, refusal: Refusal) -> None:
        search = refusal.search
        disable_search(self._client, self._prefix, search.query_id, refusal.reason)
        log.warning("watch.search_disabled", query_id=search.query_id, name=search.name, reason=refusal.reason)


def _first_of_each(records: Sequence[Record[IndexedArticle]]) -> Announced:
    """Return the first announcement of each version: a change of its story announces it again."""
    first: dict[tuple[str, int], Announcement] = {}
    for record in records:
        if (article := record.value) is not None:
            first.setdefault((article.article_id, article.version), Announcement(origin_of(record), article))
    return first
