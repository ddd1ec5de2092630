"""Sitemaps as they come: news, plain, indexes, gzipped, broken, hostile."""

from __future__ import annotations

import datetime as dt
import gzip
import time

import pytest

from newswire.crawl.feeds import UnreadableListError
from newswire.crawl.sitemaps import read_sitemap, read_time

URL = "https://paper.example/sitemap.xml"
NS = "xmlns='http://www.sitemaps.org/schemas/sitemap/0.9' xmlns:news='http://www.google.com/schemas/sitemap-news/0.9'"
NEWS = (
    f"<urlset {NS}><url><loc> https://paper.example/a </loc><lastmod>2031-05-07</lastmod><news:news><news:publication>"
    "<news:name>N</news:name><news:language>en</news:language></news:publication><news:publication_date>"
    "2031-05-06T10:00:00+02:00</news:publication_date><news:title>Fire &amp; water</news:title></news:news></url>"
    "</urlset>"
)


def read(body, max_items=100, max_bytes=1_000_000):
    return read_sitemap(body if isinstance(body, bytes) else body.encode(), URL, max_items, max_bytes)


@pytest.mark.parametrize("body", [NEWS.encode(), gzip.compress(NEWS.encode())], ids=["plain", "gzipped"])
def test_a_news_sitemap_is_read_whole(body):
    """Address, change, publication, title and language; gzip is seen by its bytes, not by its name."""
    (found,) = read(body).pages
    assert (found.url, found.entry.title, found.entry.language) == ("https://paper.example/a", "Fire & water", "en")
    assert found.entry.published_at == dt.datetime(2031, 5, 6, 8, tzinfo=dt.UTC)
    assert found.changed_at == dt.datetime(2031, 5, 7, tzinfo=dt.UTC)


def test_an_index_names_its_children():
    """Children come with the time they changed, not as pages."""
    sitemap = read(f"<sitemapindex {NS}><sitemap><loc>/n.xml</loc><lastmod>2031-05</lastmod></sitemap></sitemapindex>")
    assert sitemap.children == (("https://paper.example/n.xml", dt.datetime(2031, 5, 1, tzinfo=dt.UTC)),)
    assert sitemap.pages == ()


def test_a_sitemap_that_breaks_off_gives_what_came_before():
    """Half a file is better than none; a file without one address is a failure."""
    assert len(read(NEWS.removesuffix("</urlset>") + "<url><lo").pages) == 1
    assert read(f"<urlset {NS}></urlset>").pages == ()


@pytest.mark.parametrize(
    "body",
    [b"", b"<html><body/></html>", b"no xml", b"\x1f\x8bbroken", gzip.compress(bytes(5_000_000)), b"<rss/>"],
)
def test_what_is_not_a_sitemap_is_an_error(body):
    """Excuses, rubbish and bombs are failures, not empty lists."""
    with pytest.raises(UnreadableListError):
        read(body)


def test_hostile_xml_stays_harmless():
    """Entities are not expanded, files and hosts are not asked."""
    laughs = "".join(f"<!ENTITY l{n} '{f'&l{n - 1};' * 10}'>" for n in range(1, 10))
    bomb = f"<!DOCTYPE u [<!ENTITY l0 'lol'>{laughs}]><urlset {NS}><url><loc>https://paper.example/&l9;</loc></url></urlset>"
    began = time.process_time()
    with pytest.raises(UnreadableListError):
        read(bomb)
    assert time.process_time() - began < 1
    outside = "<!DOCTYPE u [<!ENTITY f SYSTEM 'file:///etc/passwd'>]>"
    pages = read(f"{outside}<urlset {NS}><url><loc>https://paper.example/&f;</loc></url></urlset>").pages
    assert not any("root" in found.url for found in pages)


def test_a_sitemap_is_read_to_its_limit():
    """Of a file with two hundred thousand addresses the first hundred are taken, and no time is spent on the rest."""
    raw = f"<urlset {NS}>".encode() + b"<url><loc>https://paper.example/a</loc></url>" * 200_000 + b"</urlset>"
    began = time.process_time()
    assert len(read(raw).pages) == 100
    assert time.process_time() - began < 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2031-05-06", "2031-05-06T00:00:00+00:00"),
        ("2031-05", "2031-05-01T00:00:00+00:00"),
        ("2031-05-06T10:00:00Z", "2031-05-06T10:00:00+00:00"),
        ("2031-05-06T10:00:00.123+02:00", "2031-05-06T08:00:00.123000+00:00"),
        ("0001-01-01T00:00:00+14:00", None),
        ("soon", None),
        ("", None),
        (None, None),
    ],
)
def test_times_are_read_in_utc(text, expected):
    """W3C dates in all their lengths; what is none is none."""
    when = read_time(text)
    assert (when.isoformat() if when else None) == expected


@pytest.mark.parametrize("excess", [-1, 0, 1])
def test_a_gzipped_sitemap_is_read_up_to_the_size_limit(excess):
    """The limit is for the unpacked file."""
    limit = len(NEWS.encode()) - excess
    if excess <= 0:
        assert len(read(gzip.compress(NEWS.encode()), max_bytes=limit).pages) == 1
    else:
        with pytest.raises(UnreadableListError, match="gzip: too large"):
            read(gzip.compress(NEWS.encode()), max_bytes=limit)


@pytest.mark.parametrize("number", [2, 3, 4])
def test_pages_and_lists_of_a_sitemap_are_limited(number):
    """At most `max_items` in all."""
    pages = "".join(f"<url><loc>/{n}</loc></url>" for n in range(number))
    assert len(read(f"<urlset {NS}>{pages}</urlset>", max_items=3).pages) == min(number, 3)
    lists = "".join(f"<sitemap><loc>/{n}</loc></sitemap>" for n in range(number))
    assert len(read(f"<sitemapindex {NS}>{lists}</sitemapindex>", max_items=3).children) == min(number, 3)
