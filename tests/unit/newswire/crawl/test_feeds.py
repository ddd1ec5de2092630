"""Feeds as they come: good, broken, hostile."""

from __future__ import annotations

import datetime as dt
import time

import pytest

from newswire.crawl.feeds import UnreadableListError, language_of, plain_text, read_feed

URL = "https://paper.example/feed.xml"


def read(body, max_items=100, content_type="application/xml"):
    return read_feed(body if isinstance(body, bytes) else body.encode(), URL, content_type, max_items)


def rss(items, head=""):
    return f"<?xml version='1.0'?><rss version='2.0'><channel><title>T</title>{head}{items}</channel></rss>"


def test_an_entry_is_read_whole():
    """Link, title, times in UTC, summary without markup, authors, language."""
    (found,) = read(rss(
        "<item><title>Fire &amp;amp; water</title><link>/a?x=1#top</link>"
        "<pubDate>Tue, 06 May 2031 10:00:00 +0200</pubDate><author>Ann Lee</author>"
        "<description>&lt;p&gt;One &lt;b&gt;two&lt;/b&gt;&lt;/p&gt;</description></item>",
        "<language>en-GB</language>",
    ))  # fmt: skip
    assert found.url == "https://paper.example/a?x=1"
    entry = found.entry
    assert (entry.title, entry.summary, entry.authors, entry.language) == (
        "Fire & water",
        "One two",
        ("Ann Lee",),
        "en",
    )
    assert entry.published_at == found.changed_at == dt.datetime(2031, 5, 6, 8, tzinfo=dt.UTC)


def test_an_update_is_a_change():
    """Atom's `updated` means that a page changed; its `published` stays the same."""
    (found,) = read(
        "<feed xmlns='http://www.w3.org/2005/Atom'><entry><title>t</title><link href='/a'/>"
        "<published>2031-05-06T10:00:00Z</published><updated>2031-05-07T10:00:00Z</updated></entry></feed>"
    )
    assert (found.entry.published_at.day, found.changed_at.day) == (6, 7)


LENIENT = {
    "cut off in the middle": "<rss version='2.0'><channel><item><title>A</title><link>/a</link></item><item><title>B",
    "a bare ampersand": rss("<item><title>A & B</title><link>/a</link></item>"),
    "an unknown entity": rss("<item><title>A &nbsp; B</title><link>/a</link></item>"),
    "a guid for a link": rss("<item><guid>https://paper.example/a</guid></item>"),
    "an item without address": rss("<item><title>x</title></item><item><link>/a</link></item>"),
    "an item that is not a web page": rss("<item><link>tel:1</link></item><item><link>/a</link></item>"),
    "a wrong date": rss("<item><link>/a</link><pubDate>yesterday</pubDate></item>"),
    "a date beyond all": rss("<item><link>/a</link><pubDate>Tue, 06 May 99999 10:00:00 GMT</pubDate></item>"),
    "a byte order mark": "\ufeff" + rss("<item><link>/a</link></item>"),
    "a wrong declared charset": "<?xml version='1.0' encoding='utf-16'?>" + rss("<item><link>/a</link></item>")[21:],
}  # fmt: skip


@pytest.mark.parametrize("body", LENIENT.values(), ids=LENIENT)
def test_what_can_be_read_of_a_broken_feed_is_read(body):
    """One bad item does not lose the others."""
    assert "https://paper.example/a" in [found.url for found in read(body)]


@pytest.mark.parametrize(
    "body", [b"", b"<html><body>We are closed</body></html>", b'{"a": 1}', b"\x00\xff" * 50, b"%PDF-1.7"]
)
def test_what_is_not_a_feed_is_an_error(body):
    """A page of excuses with status 200 is a failure, not an empty feed."""
    with pytest.raises(UnreadableListError):
        read(body, content_type="text/html")


def test_latin1_by_header_and_by_declaration():
    """The charset of the header counts for text/xml, the declaration for bytes without one."""
    item = "<item><title>Café</title><link>/a</link></item>"
    declared = f"<?xml version='1.0' encoding='iso-8859-1'?><rss version='2.0'><channel>{item}</channel></rss>"
    assert read(declared.encode("latin-1"))[0].entry.title == "Café"
    named = rss(item).encode("latin-1")
    assert read(named, content_type="application/rss+xml; charset=iso-8859-1")[0].entry.title == "Café"


def test_a_feed_is_read_to_its_limit():
    """A hundred thousand items cost no more than the first hundred."""
    body = rss("".join(f"<item><title>t</title><link>/{n}</link></item>" for n in range(100_000)))
    began = time.process_time()
    assert len(read(body)) == 100
    assert time.process_time() - began < 2


def test_hostile_xml_stays_harmless():
    """No entity multiplies, no file is read, no control character gets through."""
    laughs = "".join(f"<!ENTITY l{n} '{f'&l{n - 1};' * 10}'>" for n in range(1, 10))
    doctype = f"<!DOCTYPE r [<!ENTITY l0 'lol'>{laughs}<!ENTITY f SYSTEM 'file:///etc/passwd'>]>"
    item = "<rss version='2.0'><channel><item><title>x&l9;&f;y&#x1;&#x0;</title><link>/a</link></item></channel></rss>"
    began = time.process_time()
    (found,) = read(f"<?xml version='1.0'?>{doctype}{item}")
    assert time.process_time() - began < 0.5
    title = found.entry.title or ""
    assert len(title) < 100
    assert "root:" not in title
    assert title.isprintable()


@pytest.mark.parametrize(
    ("markup", "text"),
    [("<p>a</p><p>b</p>", "ab"), ("a &amp; b", "a & b"), ("<", "<"), ("\x00\x1b[1ma", "[1ma"), ("  ", None),
     (None, None), ("\ud800x", "x"), ("x" * 5000, "x" * 2000), ("<" * 100_000, None)],
)  # fmt: skip
def test_text_without_markup(markup, text):
    """Whatever a feed holds, what remains is short, printable and free of markup."""
    plain = plain_text(markup)
    assert plain == text or (text is None and (plain is None or len(plain) <= 2000))


@pytest.mark.parametrize(("tag", "language"), [("en-GB", "en"), ("DE", "de"), ("", None), (None, None), ("-", None)])
def test_a_language_tag_gives_its_language(tag, language):
    """Region and case do not matter."""
    assert language_of(tag) == language


@pytest.mark.parametrize(("length", "kept"), [(1_999, 1_999), (2_000, 2_000), (2_001, 2_000)])
def test_a_text_has_at_most_2000_characters(length, kept):
    """The rest of a longer one is cut off."""
    assert plain_text("x" * length) == "x" * kept


@pytest.mark.parametrize(("number", "kept"), [(19, 19), (20, 20), (21, 20)])
def test_an_entry_has_at_most_20_authors(number, kept):
    """The first ones are kept."""
    authors = "".join(f"<author><name>A{n}</name></author>" for n in range(number))
    entry = f"<entry><title>t</title><link href='/a'/>{authors}</entry>"
    (found,) = read(f"<feed xmlns='http://www.w3.org/2005/Atom'>{entry}</feed>")
    assert found.entry.authors == tuple(f"A{n}" for n in range(kept))


def test_a_feed_is_read_up_to_two_megabytes():
    """An item that ends beyond is not read: feedparser would take twenty seconds for ten megabytes."""
    items = "".join(f"<item><link>/{n}</link><description>{'x' * 100_000}</description></item>" for n in range(30))
    found = [listed.url for listed in read(rss(items))]
    assert 18 <= len(found) <= 20
    assert found[0] == "https://paper.example/0"
