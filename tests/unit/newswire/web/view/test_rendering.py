"""How the pages write times, addresses and counts, and the shapes of their charts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from newswire.search.results import FoundArticle, TimelineBucket
from newswire.text.diff import TextChange
from newswire.web.view.charts import BARS_HEIGHT, BARS_WIDTH, draw_bars
from newswire.web.view.condensed_diff import condense
from newswire.web.view.rendering import country_name, language_name, moment, plural, web_address
from newswire.web.view.swimlanes import draw_swimlanes

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("url", "is_link"),
    [
        ("https://paper.example/a?b=c#d", True),
        ("http://127.0.0.1:8080/x", True),
        ("HTTPS://PAPER.EXAMPLE/", True),
        ("javascript:alert(1)", False),
        ("javascript://paper.example/%0aalert(1)", False),
        ("ftp://paper.example/", False),
        ("JaVaScRiPt:alert(1)", False),
        (" javascript:alert(1)", False),
        ("data:text/html,<script>alert(1)</script>", False),
        ("vbscript:x", False),
        ("//paper.example/", False),
        ("/relative", False),
        ("https:paper", False),
        ("http://[broken", False),
        ("", False),
        (None, False),
    ],
)
def test_only_web_addresses_become_links(url, is_link):
    """Nothing that a browser would run, and nothing that leads back into the pages."""
    assert web_address(url) == (url if is_link else None)


def test_times_and_names_are_written_for_readers():
    """UTC whatever the zone; names for codes, and the code where there is no name."""
    assert moment(datetime.fromisoformat("2026-03-02T01:30+02:00")) == "1 March 2026, 23:30"
    assert (language_name("ar"), language_name("und"), language_name("xx")) == ("Arabic", "unknown language", "xx")
    assert (country_name("GB"), country_name("XX")) == ("United Kingdom", "XX")
    assert (plural(1, "copy", "copies"), plural(1200, "copy", "copies")) == ("1 copy", "1,200 copies")


def test_bars_fill_the_chart_and_meet():
    """The highest bar is the chart's height, one among thousands is seen, and each ends where the next begins."""
    hours = [TimelineBucket(NOON + timedelta(hours=n), count) for n, count in enumerate((4000, 0, 1))]
    chart = draw_bars(hours)
    assert [bar.height for bar in chart.bars] == [BARS_HEIGHT, 0, 3]
    assert all(bar.y + bar.height == BARS_HEIGHT for bar in chart.bars)
    assert [bar.end for bar in chart.bars[:-1]] == [bar.start for bar in chart.bars[1:]]
    assert chart.bars[-1].end == NOON + timedelta(hours=3)
    assert chart.bars[-1].x + chart.bars[-1].width <= BARS_WIDTH


@pytest.mark.parametrize("counts", [(), (5,), (0, 0)])
def test_nothing_to_compare_is_no_chart(counts):
    """One bar or none says nothing."""
    assert draw_bars([TimelineBucket(NOON + timedelta(hours=n), count) for n, count in enumerate(counts)]) is None


def article(outlet, minutes, *, is_copy=False):
    return msgspec.convert(
        dict.fromkeys(("article_id", "url", "canonical_url", "source", "host", "language", "title"), "x")
        | {"version": 1, "story_id": "s", "family_id": "f", "is_copy": is_copy, "outlet": outlet}
        | dict.fromkeys(("dated_at", "first_seen_at"), NOON + timedelta(minutes=minutes)),
        FoundArticle,
    )


def test_a_story_has_a_lane_for_each_outlet_from_first_to_last():
    """Lanes stand in the order of their first articles; time runs from edge to edge."""
    chart = draw_swimlanes([article("Agency", 0), article("Paper", 30, is_copy=True), article("Agency", 60)])
    assert [lane.outlet for lane in chart.lanes] == ["Agency", "Paper"]
    assert [dot.x for dot in chart.lanes[0].dots] == [chart.left, chart.right]
    assert chart.lanes[1].dots[0].x == (chart.left + chart.right) / 2
    assert [lane.y for lane in chart.lanes] == sorted(lane.y for lane in chart.lanes)
    assert draw_swimlanes([article("Agency", 0)]) is None
    crowd = draw_swimlanes([article(f"Paper {n}", n) for n in range(40)])
    assert len(crowd.lanes) + crowd.hidden == 40


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        ("=====", [5]),
        ("==+==", [1, "=", "+", "=", 1]),
        ("+===-", ["+", "=", 1, "=", "-"]),
        ("+==+", ["+", "=", "=", "+"]),
        ("+", ["+"]),
        ("", []),
    ],
)
def test_a_long_text_is_shortened_to_its_changes(body, shown):
    """Changed paragraphs stand with their neighbours; the others are counted, and none is lost."""
    kinds = {"=": "same", "+": "added", "-": "removed"}
    paragraphs = [(TextChange(sign, kinds[sign]),) for sign in body]
    condensed = [part if isinstance(part, int) else part[0].text for part in condense(paragraphs)]
    assert condensed == shown
    assert sum(part if isinstance(part, int) else 1 for part in condensed) == len(body)
