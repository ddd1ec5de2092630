"""URLs: one form, one id, and nothing lost that distinguishes two articles."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newswire.text.ids import article_id, url_id
from newswire.text.urls import clean_url, host_of, normalise_url, without_trackers

SAME = [
    ("HTTP://Www.Example.com:80/a//b/../c/?b=2&a=1#part", "http://www.example.com/a/c?a=1&b=2"),
    ("https://example.com/a?utm_source=rss&UTM_Medium=x&fbclid=1&gclid=2&at_campaign=3", "https://example.com/a"),
    ("https://example.com:443/%7Euser/%c3%a4", "https://example.com/~user/%C3%A4"),
    ("https://bücher.example/ä?q=ü", "https://xn--bcher-kva.example/%C3%A4?q=%C3%BC"),
    ("https://example.com/a?x=1&amp;y=2", "https://example.com/a?x=1&y=2"),
    (" https://example.com/a\n", "https://example.com/a"),
    ("https://example.com?", "https://example.com/"),
    ("https://example.com/a/b/..", "https://example.com/a"),
    ("http://127.0.0.11:8600/x/", "http://127.0.0.11:8600/x"),
    ("http://[::1]:8600/x", "http://[::1]:8600/x"),
]


@pytest.mark.parametrize(("url", "expected"), SAME)
def test_a_url_has_one_form(url, expected):
    """Spellings of one address become one, and share an id."""
    assert normalise_url(url) == expected
    assert url_id(url) == url_id(expected) == article_id(expected)
    assert len(url_id(url)) == 32


@pytest.mark.parametrize(
    ("host", "ascii_host"),
    [
        ("bücher.example", "xn--bcher-kva.example"),
        ("Bücher.Example.", "xn--bcher-kva.example"),
        ("straße.de", "xn--strae-oqa.de"),  # IDNA 2003 sends a reader to strasse.de: another site
        ("faß.de", "xn--fa-hia.de"),
        ("βόλος.com", "xn--nxasmm1c.com"),
        ("日本語。jp", "xn--wgv71a119e.jp"),
        ("a_b.bücher.example", "a_b.xn--bcher-kva.example"),  # underscores are against the rules, and in use
        ("b_ücher.example", "xn--b_cher-4ya.example"),
        ("☃.net", "xn--n3h.net"),  # IDNA 2008 has no symbols, but browsers go there
        ("ab--ü.de", "xn--ab---3ra.de"),
        ("a_b.example", "a_b.example"),
        ("\uff11\uff12\uff17.\uff10.\uff10.\uff11", "127.0.0.1"),  # full-width digits
    ],
)
def test_a_host_name_is_read_as_browsers_read_it(host, ascii_host):
    """UTS 46 without transitional mappings; crawl, robots.txt and ids mean the host that a reader would reach."""
    assert clean_url(f"https://{host}/x") == f"https://{ascii_host}/x"
    assert host_of(f"https://{host}/x") == ascii_host


@pytest.mark.parametrize(
    "host", ["ü" * 70 + ".de", "ü." + "a" * 64 + ".de", "ü..de", ".ü.de", "xn--ü.de", "\u00adü.\u00ad.de"]
)
def test_a_host_name_that_no_server_can_have_is_refused(host):
    """Empty and over-long labels, and labels that only look encoded."""
    assert clean_url(f"https://{host}/x") is None
    assert host_of(f"https://{host}/x") == ""


@pytest.mark.parametrize(
    "query", ["cid=41", "gallery=7", "id=3", "ref=5", "source=a", "session=2", "page=2", "p=", "affair=1", "mod=news"]
)
def test_a_parameter_that_may_name_the_article_stays(query):
    """No prefix rule takes away what distinguishes two articles."""
    assert normalise_url(f"https://example.com/a?{query}") == f"https://example.com/a?{query}"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://example.com/a?q=%E4", "https://example.com/a?q=%F6"),
        ("https://example.com/a%2Fb", "https://example.com/a/b"),
        ("http://127.0.0.1:1/a", "http://127.0.0.1:2/a"),
        ("http://example.com/A", "http://example.com/a"),
    ],
)
def test_different_addresses_stay_different(one, other):
    """Case of the path, escapes of delimiters, ports and undecodable bytes count."""
    assert url_id(one) != url_id(other)


def test_a_link_is_cleaned_but_not_reordered():
    """What is requested is the link in the feed, absolute and without fragment."""
    assert clean_url("b?z=1&a=2#top", "https://example.com/a/") == "https://example.com/a/b?z=1&a=2"


def test_trackers_go_and_the_rest_stays_as_it_was():
    """What is requested keeps its order and escapes, and carries no campaign."""
    assert without_trackers("https://e.com/a?z=%E4&utm_source=rss&a") == "https://e.com/a?z=%E4&a"
    assert without_trackers("https://e.com/a?utm_source=rss") == "https://e.com/a"


@pytest.mark.parametrize(
    "link",
    ["mailto:a@example.com", "javascript:void(0)", "//example.com", "https://", "http://u:p@example.com/", "http://a:99999/",
     "http://[oops/", "ftp://example.com/a", "", "https://example.com/" + "a" * 3000, "http://\udcff/"],
)  # fmt: skip
def test_what_is_not_a_web_address_is_refused(link):
    """Other schemes, credentials, impossible ports and endless links are not requested."""
    assert clean_url(link) is None
    assert len(url_id(link)) == 32


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("http://Example.COM/a", "example.com"),
        ("http://example.com:80/", "example.com"),
        ("https://example.com:80/", "example.com:80"),
        ("http://127.0.0.11:8600/x", "127.0.0.11:8600"),
        ("http://[::1]:8600/x", "[::1]:8600"),
        ("http://a:port/", ""),
        ("nothing", ""),
    ],
)
def test_a_host_carries_its_own_port(url, host):
    """Two servers on one address are two hosts; a scheme's usual port is not named."""
    assert host_of(url) == host


@given(st.one_of(st.text(), st.text(max_size=60).map("https://example.com/".__add__)))
def test_any_text_has_a_stable_form(text):
    """Normalising twice changes nothing, and no text makes it fail."""
    once = normalise_url(text)
    assert normalise_url(once) == once
    host_of(text)
    url_id(text)
