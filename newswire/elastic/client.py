"""The Elasticsearch client, its outages and the names of indexes."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final, Literal, cast, get_args

from elasticsearch import ApiError, Elasticsearch, OrjsonSerializer, TransportError, UnsupportedProductError

from newswire.errors import ConfigError, Retry
from newswire.settings import Settings

REQUEST_SECONDS = 30.0
MESSAGE_CHARACTERS = 300
IndexKind = Literal[
    "articles", "revisions", "stories", "fetches", "dead-letters", "alerts", "saved-searches", "takedowns"
]
MonthlyKind = Literal["articles", "revisions", "fetches", "dead-letters", "alerts"]
MONTHLY: Final[tuple[MonthlyKind, ...]] = get_args(MonthlyKind)
_NAME = re.compile(rf"(?P<prefix>.+)-(?P<kind>{'|'.join(MONTHLY)})-(?P<year>\d{{4}})\.(?P<month>\d\d)")


@dataclass(frozen=True, slots=True)
class IndexName:
    """The parts of a monthly index's name."""

    prefix: str
    kind: MonthlyKind
    month: date


def build_index_name(prefix: str, moment: datetime, kind: MonthlyKind = "articles") -> str:
    """Return the month's index. An article's moment is `first_seen_at`: it never changes, so neither does the index."""
    return f"{build_alias(prefix, kind)}-{moment.astimezone(UTC):%Y.%m}"


def parse_index_name(name: str) -> IndexName:
    """Return the parts of a monthly index's name; raises ValueError for any other name."""
    if not (match := _NAME.fullmatch(name)):
        raise ValueError(f"{name} is not the name of a monthly index")
    month = date(int(match["year"]), int(match["month"]), 1)
    return IndexName(match["prefix"], cast("MonthlyKind", match["kind"]), month)


def build_stories_index(prefix: str) -> str:
    """Return the one index of stories: a story has no date that never changes."""
    return f"{build_alias(prefix, 'stories')}-all"


def build_saved_searches_index(prefix: str) -> str:
    """Return the one index of saved searches."""
    return f"{build_alias(prefix, 'saved-searches')}-all"


def build_takedowns_index(prefix: str) -> str:
    """Return the one index of takedowns."""
    return f"{build_alias(prefix, 'takedowns')}-all"


def build_alias(prefix: str, kind: IndexKind = "articles") -> str:
    """Return the alias over all indexes of a kind, which readers use."""
    return f"{prefix}-{kind}"


@contextmanager
def open_elasticsearch(settings: Settings) -> Iterator[Elasticsearch]:
    """Open a client; several URLs are separated by commas.

    Timeouts are not retried here: a stage holds its batch instead, and stays alive meanwhile.
    """
    logging.getLogger("elastic_transport").setLevel(logging.ERROR)  # it logs every attempt; we raise once
    client = Elasticsearch(
        settings.elasticsearch_url.split(","),
        serializer=OrjsonSerializer(),
        request_timeout=REQUEST_SECONDS,
        **_credentials(settings),
    )
    with client:
        yield client


def _credentials(settings: Settings) -> dict[str, Any]:
    given: dict[str, Any] = {}
    if settings.elasticsearch_api_key:
        given["api_key"] = settings.elasticsearch_api_key.get_secret_value()
    elif settings.elasticsearch_username and settings.elasticsearch_password:
        given["basic_auth"] = (settings.elasticsearch_username, settings.elasticsearch_password.get_secret_value())
    if settings.elasticsearch_ca_certs:
        given["ca_certs"] = str(settings.elasticsearch_ca_certs)
    return given


@contextmanager
def elastic_outages_as_retry() -> Iterator[None]:
    """Raise Retry for an unavailable or busy server and ConfigError for a refused login; other errors pass through."""
    try:
        yield
    except UnsupportedProductError as error:
        raise ConfigError(f"NEWSWIRE_ELASTICSEARCH_URL does not lead to an Elasticsearch 9: {error}") from error
    except TransportError as error:
        raise Retry(
            f"Elasticsearch cannot be reached ({error.message}); `newswire status` shows whether it runs"
        ) from error
    except ApiError as error:
        raise _error_of(error) from error


def _error_of(error: ApiError) -> Exception:
    message = " ".join(str(error.message).split())[:MESSAGE_CHARACTERS]  # may be a proxy's page
    if error.status_code == 429 or error.status_code >= 500 or error.error == "cluster_block_exception":
        return Retry(f"Elasticsearch is busy or out of order: {error.status_code} {message}")
    if error.status_code in {401, 403}:
        return ConfigError(
            f"Elasticsearch refuses the login ({error.status_code} {message}); "
            "see NEWSWIRE_ELASTICSEARCH_API_KEY, or NEWSWIRE_ELASTICSEARCH_USERNAME and _PASSWORD"
        )
    return error
