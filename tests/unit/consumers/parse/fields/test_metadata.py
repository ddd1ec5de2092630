"""The fields around the body: which source wins, and what is refused with a note."""

from __future__ import annotations

import datetime as dt
import json

import pytest

from consumers.parse.extraction import extract_article
from consumers.parse.fields.dates import as_utc, find_fault, read_time
from consumers.parse.fields.jsonld import read_jsonld
from consumers.parse.fields.metadata import Origin
from newswire.sources.rules import SiteRule
from schemas.messages import FeedEntry

NOW = dt.datetime(2031, 5, 1, tzinfo=dt.UTC)
URL = "https://www.outlet.example/a/story"
TEXT = "".join(
    f"<p>Sentence number {n} of a text that is long enough to be taken for an article by all.</p>" for n in range(9)
)


def read(head="", body=TEXT, **origin):
    page = f"<html lang='en'><head>{head}</head><body><h1>A headline</h1><article>{body}</article></body></html>"
    return extract_article(page.encode(), Origin(URL, NOW, **origin)).meta


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2031-04-17T08:15:00+02:00", "2031-04-17T06:15:00+00:00"),
        ("2031-04-17T08:15:00.123Z", "2031-04-17T08:15:00.123000+00:00"),
        ("2031-04-17 08:15:00 +0200", "2031-04-17T06:15:00+00:00"),
        ("Thu, 17 Apr 2031 08:15:00 GMT", "2031-04-17T08:15:00+00:00"),
        ("17.04.2031 08:15", "2031-04-17T08:15:00+00:00"),
        ("20310417", "2031-04-17T00:00:00+00:00"),
        ("1934266500", "2031-04-18T08:15:00+00:00"),
    ],
)
def test_times_are_read_as_sites_write_them(text, time):
    """Hour and zone survive; a time without zone counts as UTC."""
    assert as_utc(read_time(text)).isoformat() == time


@pytest.mark.parametrize(
    "text", ["", "soon", "99999-99-99T99:99", "2031-13-45", None, "12345678901234567890", "0000-00-00"]
)
def test_what_is_not_a_time_is_none(text):
    """Nonsense gives nothing, and raises nothing."""
    assert read_time(text) is None


def test_a_date_to_come_gives_way_to_the_feeds_and_is_noted():
    """An impossible date is refused with a note; the next source is asked."""
    head = '<meta property="article:published_time" content="2093-01-01T00:00:00Z">'
    meta = read(head, feed=FeedEntry(published_at=dt.datetime(2031, 4, 30, 9, tzinfo=dt.UTC)))
    assert meta.published_source == "feed"
    assert meta.published == dt.datetime(2031, 4, 30, 9, tzinfo=dt.UTC)
    assert "future" in meta.notes[0]


LAST_DAY = "9999-12-31T23:59:59.9999999-05:00"
FIRST_DAY = "0001-01-01T00:00:00+14:00"


def jsonld(**fields):
    data = {"@type": "NewsArticle", "headline": "A headline"} | fields
    return f'<script type="application/ld+json">{json.dumps(data)}</script>'


@pytest.mark.parametrize("when", [LAST_DAY, FIRST_DAY])
@pytest.mark.parametrize("place", ["jsonld", "meta", "time", "feed", "modified", "rule"])
def test_a_date_at_the_edge_of_the_calendar_is_dropped_with_a_note(place, when):
    """No time zone leads out of the years that Python knows: the article is kept, without the date."""
    edge = dt.datetime.fromisoformat(when)
    meta = {
        "jsonld": lambda: read(jsonld(datePublished=when)),
        "meta": lambda: read(f'<meta property="article:published_time" content="{when}">'),
        "time": lambda: read(body=f'<time datetime="{when}"></time>{TEXT}'),
        "feed": lambda: read(feed=FeedEntry(published_at=edge)),
        "modified": lambda: read(jsonld(dateModified=when)),
        "rule": lambda: read(body=f'<b id="day">{when}</b>{TEXT}', rules=(SiteRule(published="#day"),)),
    }[place]()
    assert (meta.published, meta.published_source, meta.modified) == (None, None, None)
    wanted = "rule-matched-nothing: published" if place == "rule" else f"refused: {edge.isoformat()}"
    assert any(wanted in note for note in meta.notes)
    assert find_fault(edge, NOW)


@pytest.mark.parametrize(
    "number", ["1e30", "-1e30", "1e400", "9999999999999", "-1", "true", "1" + 30 * "0", "-1" + 30 * "0"]
)
@pytest.mark.parametrize("is_quoted", [True, False])
def test_a_number_that_is_not_a_time_loses_no_article(number, is_quoted):
    """Whatever number is in place of a date, the article is kept without it."""
    data = jsonld(datePublished="@").replace('"@"', f'"{number}"' if is_quoted else number)
    metas = "".join(
        f'<meta name="{name}" content="{number}">' for name in ("article:published_time", "date", "lastmod")
    )
    meta = read(data + metas, body=f'<time datetime="{number}"></time>{TEXT}')
    assert (meta.title, meta.published, meta.modified) == ("A headline", None, None)


@pytest.mark.parametrize(
    ("when", "is_possible"),
    [
        ("1990-01-01T00:00:00Z", True),
        ("1989-12-31T23:59:59Z", False),
        ("2031-05-03T00:00:00Z", True),  # two days after the page was fetched
        ("2031-05-03T00:00:01Z", False),
        ("2031-05-02T23:59:59-00:01", False),
        ("2031-05-03T13:59:59+14:00", True),
        ("2031-05-03T00:00:01", False),
    ],
)
def test_a_date_is_possible_from_1990_until_two_days_ahead(when, is_possible):
    """Clocks and zones of sites are wrong by hours, not by weeks."""
    assert (find_fault(read_time(when), NOW) is None) == is_possible
    assert (read(f'<meta property="article:published_time" content="{when}">').published is not None) == is_possible


def test_a_date_found_only_in_the_text_is_marked_as_such():
    """What no markup says is source `text`."""
    meta = read(body=f"<p>Published on 17 April 2031</p>{TEXT}")
    assert (meta.published.date(), meta.published_source) == (dt.date(2031, 4, 17), "text")


@pytest.mark.parametrize(
    ("path", "day"),
    [
        ("/2031/04/17/ferry", dt.date(2031, 4, 17)),
        ("/news/2031-04-17-ferry", dt.date(2031, 4, 17)),
        ("/article/A2031041708150001", dt.date(2031, 4, 17)),
        ("/article/20311301", None),
        ("/article/203104170", None),
        ("/2032/04/17/ferry", None),
        ("/ferry?day=2031-04-17", None),
    ],
)
def test_the_address_dates_a_page_that_says_nothing(path, day):
    """A day in the path is a guess like one in the text; an impossible or future day is ignored."""
    page = f"<html><body><h1>A headline</h1>{TEXT}</body></html>".encode()
    meta = extract_article(page, Origin(f"https://www.outlet.example{path}", NOW)).meta
    assert (meta.published.date() if meta.published else None) == day
    assert meta.published_source == ("text" if day else None)


def test_a_caption_does_not_date_the_page():
    """A long line with a day tells of its picture."""
    caption = "<p>The mayor opens the new swimming bath in the harbour on a cold day, 24 April 2030</p>"
    assert read(body=f"{caption}{TEXT}").published is None


@pytest.mark.parametrize(
    ("claim", "canonical"),
    [
        ("/a/other", "https://www.outlet.example/a/other"),
        ("https://m.outlet.example/x", "https://m.outlet.example/x"),
        ("https://elsewhere.example.org/x", URL),
        ("https://www.outlet.example/", URL),
        ("javascript:void(0)", URL),
    ],
)
def test_a_page_may_only_speak_for_its_own_site(claim, canonical):
    """A canonical address elsewhere, or the front page, is refused: it would overwrite another's article."""
    assert read(f'<link rel="canonical" href="{claim}">').canonical == canonical


def test_the_headline_goes_before_the_title_for_networks():
    """JSON-LD names the headline; the title for networks may tease, and the first title element is the page's."""
    data = '<script type="application/ld+json">{"@type": "NewsArticle", "headline": "The headline"}</script>'
    assert read(f'{data}<meta property="og:title" content="You will not believe this">').title == "The headline"
    page = f"<html><head><title>The page</title></head><body><svg><title>Arrow</title></svg>{TEXT}</body></html>"
    assert extract_article(page.encode(), Origin(URL, NOW)).title == "The page"


def test_the_sites_name_is_cut_from_the_title():
    """Behind or before the headline, and after what the visible headline ends with."""
    site = '<meta property="og:site_name" content="The Outlet">'
    assert read(f'{site}<meta property="og:title" content="Some words - The Outlet">').title == "Some words"
    assert read('<meta property="og:title" content="A headline | City | Outlet.example">').title == "A headline"
    assert (
        read(f'{site}<meta property="og:title" content="Trains - and boats - The Outlet">').title
        == "Trains - and boats"
    )


def test_a_paywall_is_read():
    """Paywalls come from JSON-LD and metas; who says nothing of one is not taken to have none."""
    data = json.dumps({"@type": "NewsArticle", "headline": "A headline", "isAccessibleForFree": "False"})
    assert read(f'<script type="application/ld+json">{data}</script>').is_paywalled is True
    assert read().is_paywalled is None


NO_AI_META = '<meta name="robots" content="index, noai">'
RESERVED = '<meta name="tdm-reservation" content="{}">'


@pytest.mark.parametrize(
    ("head", "origin", "allowed", "source"),
    [
        ("", {}, None, None),
        (NO_AI_META, {}, False, "meta robots"),
        ('<meta name="robots" content="noimageai">', {}, False, "meta robots"),
        ('<meta name="robots" content="noindex, max-snippet:-1">', {}, None, None),
        ("", {"robots_tag": "otherbot: noai"}, False, "x-robots-tag"),
        (RESERVED.format(1), {}, False, "meta tdm-reservation"),
        (RESERVED.format(0), {}, True, "meta tdm-reservation"),
        (RESERVED.format("?"), {}, None, None),
        ("", {"robots_ai_use": False}, False, "robots.txt"),
        ("", {"robots_ai_use": True}, True, "robots.txt"),
        (NO_AI_META, {"robots_ai_use": True}, False, "meta robots"),
        (RESERVED.format(0), {"robots_ai_use": False}, False, "robots.txt"),
        (RESERVED.format(1), {"robots_tag": "noai", "robots_ai_use": True}, False, "x-robots-tag"),
    ],
)
def test_any_refusal_of_ai_use_is_one(head, origin, allowed, source):
    """Page, header and robots.txt count; a no outweighs a yes, and the deciding source is the provenance."""
    meta = read(head, **origin)
    assert (meta.allows_ai_use, meta.provenance.get("allows_ai_use")) == (allowed, source)


@pytest.mark.parametrize(
    "script",
    [
        "{",
        "[[[[",
        "null",
        '{"@type":1}',
        '{"@graph":[1,null,{"@type":"Article","author":[null,{"name":7}]}]}',
        '{"a":' * 3000,
    ],
)
def test_broken_jsonld_says_nothing_and_raises_nothing(script):
    """Whatever the script holds, reading it gives a description."""
    assert read_jsonld(f'<script type="application/ld+json">{script}</script>', URL).headline is None


def test_jsonld_is_found_however_its_type_is_written():
    """In capitals, without quotes, with an entity for the plus, and behind words that only mention it."""
    data = '{"@type": "NewsArticle", "headline": "This"}'
    for kind in ("type=application/ld+json", 'TYPE="application/ld+json" data-x', "type='application/ld&#x2B;json'"):
        page = f"<p>We write ld+json ourselves.</p><script {kind}>{data}</SCRIPT>"
        assert read_jsonld(page, URL).headline == "This"


def test_the_article_with_the_pages_address_is_chosen():
    """Several articles in the JSON-LD: the one that the page is about, with its author by reference."""
    graph = [
        {
            "@type": "NewsArticle",
            "headline": "Another",
            "url": "https://www.outlet.example/b",
            "datePublished": "2031-01-01",
        },
        {"@type": "NewsArticle", "headline": "This", "url": URL, "author": {"@id": "#kit"}},
        {"@id": "#kit", "@type": "Person", "name": "Kit Osei"},
    ]
    found = read_jsonld(f'<script type="application/ld+json">{json.dumps({"@graph": graph})}</script>', URL)
    assert (found.headline, found.authors) == ("This", ("Kit Osei",))
