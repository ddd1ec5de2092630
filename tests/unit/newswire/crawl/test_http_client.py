"""What a response means for the crawl, decided without a network: redirects, Retry-After, errors."""

from __future__ import annotations

import datetime as dt
from email.utils import format_datetime

import httpx
import pytest

from newswire.crawl.http_client import (
    RefusedError,
    SiteResponse,
    UnreachableError,
    apply_retry_after,
    parse_retry_after,
    redirect_target,
)
from newswire.crawl.rate_limit import Lease

URL = "https://paper.example/news/1"


def response(status, **headers):
    return SiteResponse(
        URL, status, httpx.Headers({name.replace("_", "-"): value for name, value in headers.items()}), b""
    )


@pytest.mark.parametrize(
    ("status", "header", "delay", "retry_after"),
    [
        (429, None, 60.0, 60.0),
        (429, "1", 5.0, 1.0),
        (429, "4", 5.0, 4.0),
        (429, "6", 6.0, 6.0),
        (429, "soon", 60.0, 60.0),
        (500, None, 5.0, None),
        (500, "120", 120.0, 120.0),
        (503, "6", 6.0, 6.0),
        (503, "4", 5.0, 4.0),
        (599, "86401", 86_400.0, 86_400.0),
    ],
)
def test_a_busy_host_is_left_alone_for_as_long_as_it_asks(status, header, delay, retry_after):
    """The lease's own pause is extended to Retry-After and never shortened; 429 without one means a minute."""
    lease = Lease(5.0)
    with pytest.raises(UnreachableError, match=f"http-{status}") as caught:
        apply_retry_after(response(status, **({"Retry_After": header} if header else {})), lease)
    assert (lease.delay_seconds, caught.value.status, caught.value.retry_after) == (delay, status, retry_after)


@pytest.mark.parametrize("status", [200, 301, 404, 428, 430, 499])
def test_other_responses_leave_the_pause_as_it_is(status):
    """Retry-After of a redirect or a missing page does not stop the host."""
    lease = Lease(5.0)
    apply_retry_after(response(status, Retry_After="120"), lease)
    assert lease.delay_seconds == 5.0


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("120", 120), ("0", 0), (" 5 ", 5), ("86399", 86_399), ("86400", 86_400), ("86401", 86_400), ("-1", None),
     ("1.5", None), ("soon", None), ("", None), (None, None), ("9" * 400, 86_400),
     ("Mon, 01 Jan 2001 00:00:00 GMT", 0), ("Mon, 01 Jan 2001 00:00:00 -0000", None)],
)  # fmt: skip
def test_retry_after_is_read_as_seconds(header, seconds):
    """Seconds or a date; at most a day; nonsense is nothing."""
    assert parse_retry_after(header) == seconds


def test_retry_after_may_be_a_date():
    """A date counts from now, and one far away is a day."""
    now = dt.datetime.now(dt.UTC)
    soon, late = (format_datetime(now + dt.timedelta(**after), usegmt=True) for after in ({"minutes": 2}, {"days": 2}))
    assert parse_retry_after(soon) == pytest.approx(120, abs=3)
    assert parse_retry_after(late) == 86_400


@pytest.mark.parametrize(
    ("status", "location", "target"),
    [
        (301, "/b", "https://paper.example/b"),
        (302, "2?x=1#top", "https://paper.example/news/2?x=1"),
        (303, "https://other.example/", "https://other.example/"),
        (307, "//other.example/c", "https://other.example/c"),
        (308, "/b", "https://paper.example/b"),
        (300, "/b", None),
        (304, "/b", None),
        (200, "/b", None),
    ],
)
def test_a_redirect_leads_to_its_location(status, location, target):
    """Relative addresses are resolved; other responses may carry a Location and stay where they are."""
    assert redirect_target(response(status, Location=location)) == target


@pytest.mark.parametrize("headers", [{}, {"Location": "http://"}], ids=["none", "no host"])
def test_a_redirect_to_nowhere_is_refused(headers):
    """Neither a missing nor a broken Location is an address."""
    with pytest.raises(RefusedError, match="bad-redirect"):
        redirect_target(response(302, **headers))
