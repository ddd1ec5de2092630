"""The only way to a site: every request obeys robots.txt, the host's rate limit, the SSRF guard and the size limits."""

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

from newswire.crawl.bounded_body import (
    ACCEPT_ENCODING,
    BadEncodingError,
    TooLargeError,
    read_bounded,
    read_head,
    unpack,
    unpack_head,
)
from newswire.crawl.database import Database
from newswire.crawl.rate_limit import Lease, OutOfTimeError, RateLimiter, request_delay
from newswire.crawl.robots import MAX_ROBOTS_BYTES, Robots, RobotsFile, Rules
from newswire.crawl.ssrf_guard import ForbiddenAddressError, GuardedTransport
from newswire.settings import Settings
from newswire.text.urls import clean_url, host_of

ACCEPT_PAGE: Final = "text/html, application/xhtml+xml;q=0.9, */*;q=0.1"
ACCEPT_LIST: Final = "application/rss+xml, application/atom+xml, application/xml;q=0.9, text/xml;q=0.9, */*;q=0.5"
_ACCEPT_ROBOTS: Final = "text/plain, */*;q=0.5"
_DEFAULT_RETRY_AFTER_SECONDS: Final = 60.0  # after a 429 without Retry-After
_MAX_RETRY_AFTER_SECONDS: Final = 86_400.0
_REDIRECTS: Final = {301, 302, 303, 307, 308}


@dataclass(frozen=True, slots=True)
class SiteResponse:
    """A site's final response; `url` is its address after all redirects."""

    url: str
    status: int
    headers: httpx.Headers
    body: bytes
    robots_ai_use: bool | None = None  # whether robots.txt allows AI use of it; None: it does not say
    seconds: float = 0.0  # from sending the last request to the end of its response


class RefusedError(Exception):
    """This address is not for us, and trying again would not help. The text is the reason, for counting."""


class UnreachableError(Exception):
    """The site did not respond, or responded that it cannot now; it may later. The text is the reason, for counting."""

    def __init__(self, reason: str, *, status: int | None = None, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.status = status
        self.retry_after = retry_after


class PoliteClient:
    """An HTTP client for GET that keeps robots.txt and rate limits."""

    def __init__(
        self, client: httpx.AsyncClient, database: Database, settings: Settings, delays: Mapping[str, float]
    ) -> None:
        self._client = client
        self._settings = settings
        self._delays = delays
        self._rate_limiter = RateLimiter(database, settings)
        self._robots = Robots(database, settings, self._download_robots)

    async def get(
        self, url: str, *, deadline: float, accept: str, validators: Mapping[str, str] | None = None
    ) -> SiteResponse:
        """Return the response after all redirects; `deadline` is a time.monotonic().

        Raises:
            RefusedError: the address is forbidden, too large or not a web address.
            UnreachableError: the site or its robots.txt cannot be read now.
            OutOfTimeError: the host's rate limit allows the next request only after the deadline.
        """
        headers = {"Accept": accept, **(validators or {})}
        for _ in range(self._settings.max_redirects + 1):
            rules = await self.rules(url, deadline)
            if not rules.is_reachable:
                raise UnreachableError("robots-unreachable")
            if not rules.allows(url):
                raise RefusedError("robots")
            response = await self._send(url, headers, deadline, rules.delay_seconds)
            if not (target := redirect_target(response)):
                return replace(response, robots_ai_use=rules.allows_ai_use(url))
            url = target
        raise RefusedError("too-many-redirects")

    async def rules(self, url: str, deadline: float) -> Rules:
        """Return the robots.txt rules of an address's host."""
        return await self._robots.rules(url.partition(":")[0], host_of(url), deadline)

    async def _download_robots(self, url: str, deadline: float) -> RobotsFile:
        """Return the robots.txt at a URL; one that cannot be read, for whatever reason, has no status.

        Raises:
            RefusedError: the host itself has a private address.
            OutOfTimeError: as `get`.
        """
        target = url
        try:
            for _ in range(self._settings.max_redirects + 1):
                # One byte more shows that the file is longer.
                response = await self._send(target, {"Accept": _ACCEPT_ROBOTS}, deadline, 0.0, MAX_ROBOTS_BYTES + 1)
                if not (redirect := redirect_target(response)):
                    return RobotsFile.from_body(response.status, response.body)
                target = redirect
        except UnreachableError as error:
            return RobotsFile(error.status)
        except RefusedError as error:
            if target == url and isinstance(error.__cause__, ForbiddenAddressError):
                raise
            return RobotsFile(None)  # a fault of robots.txt, not of the addresses on its host: RFC 9309, 2.3.1.4
        return RobotsFile(404)  # RFC 9309, 2.3.1.2: after five redirects the file counts as absent

    async def _send(
        self, url: str, headers: Mapping[str, str], deadline: float, robots_delay: float, head_bytes: int | None = None
    ) -> SiteResponse:
        """Send one request under a lease of the host; `head_bytes` cuts off a longer body instead of refusing it."""
        host = host_of(url)
        delay = request_delay(self._delays.get(host), self._settings.host_delay_seconds, robots_delay)
        async with self._rate_limiter.lease(host, delay, deadline) as lease:
            began = time.monotonic()
            left = deadline - began
            try:
                with _translated_errors(), anyio.fail_after(min(self._settings.fetch_timeout_seconds, left)):
                    response = await self._exchange(url, headers, head_bytes)
            except TimeoutError as error:
                if left < self._settings.fetch_timeout_seconds:  # our time was up, not the site's
                    raise OutOfTimeError(host, 0.0) from error
                raise UnreachableError("timeout") from error
            apply_retry_after(response, lease)
        return replace(response, seconds=time.monotonic() - began)

    async def _exchange(self, url: str, headers: Mapping[str, str], head_bytes: int | None) -> SiteResponse:
        limit = self._settings.max_body_bytes
        async with self._client.stream("GET", url, headers=headers) as stream:
            encoding = stream.headers.get("Content-Encoding", "")
            if head_bytes is not None:
                # No encoding makes a body longer than twice itself, so this holds the head in every one of them.
                packed = await read_head(stream.aiter_raw(), 2 * head_bytes)
                body = unpack_head(packed, encoding, head_bytes)
            else:
                if int(stream.headers.get("Content-Length", "0").strip() or 0) > limit:
                    raise TooLargeError
                body = unpack(await read_bounded(stream.aiter_raw(), limit), encoding, limit)
        return SiteResponse(url, stream.status_code, stream.headers, body)


@contextlib.asynccontextmanager
async def open_client(
    database: Database, settings: Settings, delays: Mapping[str, float]
) -> AsyncIterator[PoliteClient]:
    """Open the connections of one task; `delays` are seconds between requests, by host."""
    headers = {"User-Agent": settings.user_agent, "Accept-Encoding": ACCEPT_ENCODING}
    async with httpx.AsyncClient(
        transport=GuardedTransport(settings),
        headers=headers | ({"From": settings.contact} if settings.contact else {}),
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),  # no cookies: a page must not depend on past visits
        timeout=settings.fetch_timeout_seconds,
        follow_redirects=False,  # each redirect needs its own robots.txt check and lease
        trust_env=False,
    ) as client:
        yield PoliteClient(client, database, settings, delays)


def redirect_target(response: SiteResponse) -> str | None:
    """Return where a response redirects to, None if it does not; raises RefusedError for a target that is no URL."""
    if response.status not in _REDIRECTS:
        return None
    target = clean_url(response.headers.get("Location", ""), response.url)
    if target is None or "Location" not in response.headers:
        raise RefusedError("bad-redirect")
    return target


def apply_retry_after(response: SiteResponse, lease: Lease) -> None:
    """Extend the lease's delay to the Retry-After of a 429 or 5xx response; raises UnreachableError for these."""
    if response.status != 429 and response.status < 500:
        return
    retry_after = parse_retry_after(response.headers.get("Retry-After"))
    if retry_after is None and response.status == 429:
        retry_after = _DEFAULT_RETRY_AFTER_SECONDS
    lease.delay_seconds = max(lease.delay_seconds, retry_after or 0.0)
    raise UnreachableError(f"http-{response.status}", status=response.status, retry_after=retry_after)


def parse_retry_after(header: str | None) -> float | None:
    """Return the seconds of a Retry-After header, given in seconds or as a date (RFC 9110, 10.2.3); at most a day."""
    text = (header or "").strip()
    try:
        seconds = (
            float(text) if text.isdigit() else (parsedate_to_datetime(text) - dt.datetime.now(dt.UTC)).total_seconds()
        )
    except (ValueError, TypeError, OverflowError):
        return None
    return min(max(seconds, 0.0), _MAX_RETRY_AFTER_SECONDS)


@contextlib.contextmanager
def _translated_errors() -> Iterator[None]:
    """Turn the errors of httpx, the guard and the limits into RefusedError or UnreachableError."""
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
