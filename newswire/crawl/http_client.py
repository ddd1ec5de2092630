"""The one way to a site: all requests of the crawl pass robots.txt, the host's turn, the guard and the limits here."""

from __future__ import annotations

import contextlib
import datetime as dt
import ssl
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, replace
from email.utils import parsedate_to_datetime
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Final

import anyio
import httpx

from newswire.crawl.bounded_body import ACCEPT_ENCODING, BadEncodingError, TooLargeError, read_bounded, unpack
from newswire.crawl.database import Database
from newswire.crawl.rate_limit import Lease, OutOfTimeError, RateLimiter
from newswire.crawl.robots import MAX_ROBOTS_BYTES, Robots, RobotsFile, Rules
from newswire.crawl.ssrf_guard import ForbiddenAddressError, GuardedTransport
from newswire.settings import Settings
from newswire.text.urls import clean_url, host_of

ACCEPT_PAGE: Final = "text/html, application/xhtml+xml;q=0.9, */*;q=0.1"
ACCEPT_LIST: Final = "application/rss+xml, application/atom+xml, application/xml;q=0.9, text/xml;q=0.9, */*;q=0.5"
_THROTTLED_SECONDS: Final = 60.0
_LONGEST_RETRY_AFTER_SECONDS: Final = 86_400.0


@dataclass(frozen=True, slots=True)
class SiteResponse:
    """What a site sent in the end; `url` is where it came from after all redirects."""

    url: str
    status: int
    headers: httpx.Headers
    body: bytes
    robots_ai_use: bool | None = None  # what robots.txt says of it
    seconds: float = 0.0  # from the last request to the end of its answer


class RefusedError(Exception):
    """This address is not for us; asking again would not help. The text is the reason, for counting."""


class UnreachableError(Exception):
    """The site has not answered, or says that it cannot; later it may. The text is the reason, for counting."""

    def __init__(self, reason: str, *, status: int | None = None, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.status = status
        self.retry_after = retry_after


class PoliteClient:
    """GET, politely."""

    def __init__(
        self, client: httpx.AsyncClient, database: Database, settings: Settings, delays: Mapping[str, float]
    ) -> None:
        self._client = client
        self._settings = settings
        self._delays = delays
        self._turns = RateLimiter(database, settings)
        self._robots = Robots(database, settings, self._download_robots)

    async def get(
        self, url: str, *, deadline: float, accept: str, validators: Mapping[str, str] | None = None
    ) -> SiteResponse:
        """Return the answer; `deadline` is a time.monotonic().

        Raises RefusedError, UnreachableError, or OutOfTimeError where the host's turn comes too late.
        """
        headers = {"Accept": accept, **(validators or {})}
        for _ in range(self._settings.max_redirects + 1):
            rules = await self.rules(url, deadline)
            if not rules.is_reachable:
                raise UnreachableError("robots-unreachable")
            if not rules.allows(url):
                raise RefusedError("robots")
            answer = await self._send(url, headers, deadline, rules.delay_seconds)
            if not (target := _target(answer)):
                return replace(answer, robots_ai_use=rules.allows_ai_use(url))
            url = target
        raise RefusedError("too-many-redirects")

    async def rules(self, url: str, deadline: float) -> Rules:
        """Return what the host of an address allows us."""
        return await self._robots.rules(url.partition(":")[0], host_of(url), deadline)

    async def _download_robots(self, url: str, deadline: float) -> RobotsFile:
        try:
            for _ in range(self._settings.max_redirects + 1):
                answer = await self._send(url, {"Accept": "text/plain, */*;q=0.5"}, deadline, 0.0)
                if not (target := _target(answer)):
                    is_good = 200 <= answer.status < 300
                    text = answer.body[:MAX_ROBOTS_BYTES].decode("utf-8", "replace").replace("\0", "")
                    return RobotsFile(answer.status, text if is_good else None)
                url = target
        except UnreachableError as error:
            return RobotsFile(error.status)
        return RobotsFile(404)  # RFC 9309: after five redirects the file counts as absent

    async def _send(self, url: str, headers: Mapping[str, str], deadline: float, robots_delay: float) -> SiteResponse:
        host = host_of(url)
        delay = max(self._delays.get(host, self._settings.host_delay_seconds), robots_delay)
        async with self._turns.turn(host, delay, deadline) as turn:
            began = time.monotonic()
            left = deadline - began
            try:
                with _errors_in_our_words(), anyio.fail_after(min(self._settings.fetch_timeout_seconds, left)):
                    answer = await self._exchange(url, headers)
            except TimeoutError as error:
                if left < self._settings.fetch_timeout_seconds:  # our time was up, not the site's
                    raise OutOfTimeError(host, 0.0) from error
                raise UnreachableError("timeout") from error
            _heed(answer, turn)
        return replace(answer, seconds=time.monotonic() - began)

    async def _exchange(self, url: str, headers: Mapping[str, str]) -> SiteResponse:
        limit = self._settings.max_body_bytes
        async with self._client.stream("GET", url, headers=headers) as response:
            if int(response.headers.get("Content-Length", "0").strip() or 0) > limit:
                raise TooLargeError
            packed = await read_bounded(response.aiter_raw(), limit)
        encoding = response.headers.get("Content-Encoding", "")
        return SiteResponse(url, response.status_code, response.headers, unpack(packed, encoding, limit))


@contextlib.asynccontextmanager
async def open_client(
    database: Database, settings: Settings, delays: Mapping[str, float]
) -> AsyncIterator[PoliteClient]:
    """Open the connections of one task."""
    headers = {"User-Agent": settings.user_agent, "Accept-Encoding": ACCEPT_ENCODING}
    async with httpx.AsyncClient(
        transport=GuardedTransport(settings),
        headers=headers | ({"From": settings.contact} if settings.contact else {}),
        cookies=CookieJar(
            DefaultCookiePolicy(allowed_domains=[])
        ),  # every visit is the first: a page is the same for all
        timeout=settings.fetch_timeout_seconds,
        follow_redirects=False,  # every hop has a robots.txt and a turn of its own
        trust_env=False,
    ) as client:
        yield PoliteClient(client, database, settings, delays)


def _target(answer: SiteResponse) -> str | None:
    if answer.status not in {301, 302, 303, 307, 308}:
        return None
    target = clean_url(answer.headers.get("Location", ""), answer.url)
    if target is None or "Location" not in answer.headers:
        raise RefusedError("bad-redirect")
    return target


def _heed(answer: SiteResponse, turn: Lease) -> None:
    """Give a host in trouble the time it asks for."""
    if answer.status != 429 and answer.status < 500:
        return
    asked = retry_after_seconds(answer.headers.get("Retry-After"))
    if asked is None and answer.status == 429:
        asked = _THROTTLED_SECONDS
    turn.delay_seconds = max(turn.delay_seconds, asked or 0.0)
    raise UnreachableError(f"http-{answer.status}", status=answer.status, retry_after=asked)


def retry_after_seconds(header: str | None) -> float | None:
    """Read Retry-After, seconds or a date; at most a day."""
    text = (header or "").strip()
    try:
        seconds = (
            float(text) if text.isdigit() else (parsedate_to_datetime(text) - dt.datetime.now(dt.UTC)).total_seconds()
        )
    except (ValueError, TypeError, OverflowError):
        return None
    return min(max(seconds, 0.0), _LONGEST_RETRY_AFTER_SECONDS)


@contextlib.contextmanager
def _errors_in_our_words() -> Iterator[None]:
    try:
        yield
    except ForbiddenAddressError as error:
        raise RefusedError("private-address") from error
    except TooLargeError as error:
        raise RefusedError("too-large") from error
    except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
        raise RefusedError("bad-url") from error
    except BadEncodingError as error:
        raise UnreachableError("bad-encoding") from error
    except httpx.TimeoutException as error:
        raise UnreachableError("timeout") from error
    except httpx.HTTPError as error:
        raise UnreachableError(_reason_of(error)) from error


def _reason_of(error: BaseException) -> str:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLError):
            return "tls"
        cause = cause.__cause__ or cause.__context__
    return "connection" if isinstance(error, httpx.ConnectError) else "broken-answer"
