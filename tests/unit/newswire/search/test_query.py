"""How a request becomes a query, how far pages go, and how the results of counts are read; without a server."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from newswire.search.clauses import match_fields
from newswire.search.cursor import Cursor, check_window, read_cursor, write_cursor
from newswire.search.facets import facet_aggregations, facet_searches, read_facets
from newswire.search.highlights import build_mark_query
from newswire.search.query import build_date_trust_query, build_query
from newswire.search.query_syntax import QueryWords, parse_words
from newswire.search.request import SearchError, SearchRequest
from newswire.search.results import FacetValue
from newswire.search.time_limits import read_moment
from newswire.search.timeline import choose_step, span_aggregations, timeline_search

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
MOMENT = timedelta(milliseconds=1)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("--pier", QueryWords("", (), ("-pier",))),
        ('wire-"the pier"', QueryWords("wire-", ("the pier",), ())),
        ('-"the pier', QueryWords("", (), ("the pier",))),
        ('ferry -"" strike', QueryWords("ferry strike", (), ())),
        ("ferry\tstrike\n-pier", QueryWords("ferry strike", (), ("pier",))),
        ("「港」 橋", QueryWords("橋", ("港",), ())),
    ],
)
def test_words_are_split_by_role(text, words):
    """A minus excludes only before a word or a quote, and an unclosed quote ends with the text."""
    assert parse_words(text) == words


def filters(**changes):
    return build_query(SearchRequest(**changes)).to_dict()["bool"].get("filter", [])


def test_plain_words_are_matched_exactly_and_stemmed():
    """All of three words, three quarters of more; for a language, its own stems only."""
    (terms,) = build_query(SearchRequest(words="ferry strike", languages=("en",))).to_dict()["bool"]["must"]
    exact, stemmed = (one["multi_match"] for one in terms["dis_max"]["queries"])
    assert (exact["minimum_should_match"], exact["type"]) == ("3<75%", "cross_fields")
    assert "title^4" in exact["fields"]
    assert stemmed["fields"] == ["title_en^4", "body_en"]
    (loose,) = build_query(SearchRequest(words="ferry strike", needs="most")).to_dict()["bool"]["must"]
    assert loose["dis_max"]["queries"][0]["multi_match"]["minimum_should_match"] == "1<-1 4<60%"


def test_phrases_must_match_and_exclusions_must_not():
    """Both as phrases, so that one excluded word is treated like several."""
    query = build_query(SearchRequest(words='"the pier" -strike')).to_dict()["bool"]
    assert [one["multi_match"]["query"] for one in query["must"]] == ["the pier"]
    assert [one["multi_match"]["query"] for one in query["must_not"]] == ["strike"]
    assert build_query(SearchRequest()).to_dict()["bool"]["must"] == [{"match_all": {}}]


def test_since_is_inclusive_and_until_is_not():
    """On the time that the request names."""
    later = NOON + timedelta(hours=1)
    assert filters(since=NOON, until=later) == [{"range": {"dated_at": {"gte": NOON, "lt": later}}}]
    assert filters(since=NOON, by="seen") == [{"range": {"first_seen_at": {"gte": NOON}}}]
    with pytest.raises(SearchError, match="not before"):
        filters(since=NOON, until=NOON)
    filters(since=NOON, until=NOON + MOMENT)


def test_the_past_is_one_version_of_each_article():
    """Fetched by then, and not superseded by then."""
    (past,) = filters(as_of=NOON)
    assert past["bool"] == {
        "filter": [{"range": {"fetched_at": {"lte": NOON}}}],
        "must_not": [{"range": {"superseded_at": {"lte": NOON}}}],
    }


def test_several_values_of_a_facet_mean_any_of_them():
    """In any case, in each field of the facet; a facet's own counts leave them out."""
    (outlets,) = filters(outlets=("Ostrey Post", "paper"))
    fields = [(field, term["value"]) for one in outlets["bool"]["should"] for field, term in one["term"].items()]
    assert fields == [(field, name) for field in ("outlet", "source") for name in ("Ostrey Post", "paper")]
    assert build_query(SearchRequest(outlets=("x",)), without="outlet").to_dict()["bool"].get("filter", []) == []


def test_copies_stories_and_families_are_filters():
    """Each is one term."""
    assert filters(which="originals") == [{"term": {"is_copy": {"value": False}}}]
    assert filters(which="copies") == [{"term": {"is_copy": {"value": True}}}]
    assert filters(story_id="s", family_id="f") == [
        {"term": {"story_id": {"value": "s"}}},
        {"term": {"family_id": {"value": "f"}}},
    ]


def test_a_date_that_is_unknown_has_no_source():
    """`none` is the absence of a date; the others are their sources."""
    assert build_date_trust_query("none").to_dict() == {"bool": {"must_not": [{"exists": {"field": "published_at"}}]}}
    assert build_date_trust_query("guessed").to_dict() == {"terms": {"published_source": ["text"]}}


def test_only_words_are_highlighted():
    """Filters mark nothing; without words nothing is marked."""
    assert build_mark_query(SearchRequest(outlets=("x",))).to_dict() == {"match_none": {}}
    marked = build_mark_query(SearchRequest(words='ferry "the pier" -strike', languages=("en",))).to_dict()
    assert [one["multi_match"]["query"] for one in marked["bool"]["should"]] == ["the pier", "ferry"]
    assert match_fields("body", ("en",)) == ["body", "body_en"]


@pytest.mark.parametrize(
    ("passed", "limit", "is_allowed"), [(9_990, 10, True), (9_991, 10, False), (0, 200, True), (10_000, 1, False)]
)
def test_pages_end_with_hit_ten_thousand(passed, limit, is_allowed):
    """Where the server has to count; the message names the way out."""
    request = SearchRequest(limit=limit)
    if is_allowed:
        check_window(Cursor(passed), request)
    else:
        with pytest.raises(SearchError, match=r"10,000.*export"):
            check_window(Cursor(passed), request)
    check_window(Cursor(passed, (1,)), request)


@pytest.mark.parametrize(
    ("passed", "hits", "groups", "has_next"),
    [
        (0, 10, 11, True),
        (0, 10, 10, False),
        (0, 9, 11, False),
        (0, 0, 11, False),
        (9_980, 10, 20_000, True),
        (9_981, 10, 20_000, False),
    ],
)
def test_a_next_page_needs_hits_and_room(passed, hits, groups, has_next):
    """None on the last page, and none that could not be read."""
    found = [{"sort": [1, "a"]}] * hits
    text = write_cursor(Cursor(passed), SearchRequest(limit=10), found, groups)
    assert (text is not None) == has_next
    if text:
        assert read_cursor(SearchRequest(after=text)) == Cursor(passed + hits)


def test_without_groups_pages_go_on_from_sort_values():
    """There is no last page that can be reached then."""
    request = SearchRequest(limit=1, fold="nothing")
    text = write_cursor(Cursor(9_999), request, [{"sort": [1.5, "a"]}], 20_000)
    assert read_cursor(SearchRequest(after=text)) == Cursor(10_000, (1.5, "a"))
    assert read_cursor(SearchRequest(offset=7)) == Cursor(7)


@pytest.mark.parametrize("text", ["nonsense", "", "e30", "\x00", "WyJhIl0"])
def test_what_is_not_a_cursor_is_refused(text):
    """With the way back to the first page."""
    with pytest.raises(SearchError, match="leave it out"):
        read_cursor(SearchRequest(after=text))


@pytest.mark.parametrize(
    ("step", "interval", "longer"),
    [
        (timedelta(minutes=1), "1m", "5m"),
        (timedelta(minutes=5), "5m", "15m"),
        (timedelta(minutes=15), "15m", "1h"),
        (timedelta(hours=1), "1h", "3h"),
        (timedelta(hours=3), "3h", "12h"),
        (timedelta(hours=12), "12h", "1d"),
        (timedelta(days=1), "1d", "1w"),
        (timedelta(days=7), "1w", "1M"),
        (timedelta(days=30), "1M", "1y"),
        (timedelta(days=365), "1y", "1y"),
    ],
)
def test_a_timeline_has_at_most_sixty_steps(step, interval, longer):
    """Sixty steps are shown as they are; for anything longer the next step is taken."""
    assert [*choose_step(60 * step).values()] == [interval]
    assert [*choose_step(60 * step + MOMENT).values()] == [longer]


def test_a_timeline_covers_the_span_that_was_asked_for():
    """Empty ends included; without limits it is the span of what was found."""
    answer = {"aggregations": {"earliest": {"value": 0}, "latest": {"value": 3_600_000}}}
    bounds = timeline_search(SearchRequest(), answer)["aggs"]["timeline"]["date_histogram"]["extended_bounds"]
    assert bounds == {"min": 0, "max": 3_600_000}
    request = SearchRequest(since=NOON, until=NOON + timedelta(hours=1), by="seen")
    histogram = timeline_search(request, answer)["aggs"]["timeline"]["date_histogram"]
    begin = int(NOON.timestamp() * 1000)
    assert histogram["extended_bounds"] == {"min": begin, "max": begin + 3_599_999}
    assert (histogram["field"], histogram["fixed_interval"]) == ("first_seen_at", "1m")
    assert span_aggregations(request)["earliest"] == {"min": {"field": "first_seen_at"}}
    nothing = {"aggregations": {"earliest": {"value": None}, "latest": {"value": None}}}
    assert timeline_search(SearchRequest(), nothing) is None


def buckets(*pairs):
    return {"buckets": [{"key": key, "doc_count": count} for key, count in pairs]}


def test_a_facet_with_a_choice_is_counted_without_it():
    """One search more for each of these; all others are counted with the hits."""
    request = SearchRequest(languages=("en",))
    assert "language" not in facet_aggregations(request)
    assert "outlet" in facet_aggregations(request)
    (own,) = facet_searches(request)
    assert [*own["aggs"]] == ["language"]
    assert own["query"]["bool"].get("filter", []) == []


def test_facets_show_twenty_values_and_every_chosen_one():
    """A rare value that is chosen is shown with its count, and one that nothing has with none."""
    many = buckets(*((f"Outlet {number:02d}", 100 - number) for number in range(25)))
    request = SearchRequest(outlets=("outlet 24", "Elsewhere"))
    (facet,) = read_facets(request, [{"aggregations": {"outlet": many}}])
    assert [value.value for value in facet.values[:20]] == [f"Outlet {number:02d}" for number in range(20)]
    assert facet.values[20:] == (FacetValue("Outlet 24", 76, chosen=True), FacetValue("Elsewhere", 0, chosen=True))
    assert not any(value.chosen for value in facet.values[:20])


def test_named_counts_are_facets_too():
    """The server answers filters by name, and counts of zero are not shown."""
    counted = {"buckets": {"told": {"doc_count": 3}, "guessed": {"doc_count": 0}, "none": {"doc_count": 1}}}
    (facet,) = read_facets(SearchRequest(), [{"aggregations": {"date_trust": counted}}, {}])
    assert [(value.value, value.count) for value in facet.values] == [("told", 3), ("none", 1)]


@pytest.mark.parametrize("text", ["123456d", "12", "d", "-1d", "1.5h", "2026-02-30", "noon", " 7d"])
def test_what_is_not_a_time_is_refused(text):
    """The message shows how to write one."""
    with pytest.raises(ValueError, match="is not a time; write 2026-03-02"):
        read_moment(text)


def test_the_last_day_of_all_has_no_end():
    """It is refused like any other text, instead of overflowing."""
    assert read_moment("9999-12-31").year == 9999
    with pytest.raises(ValueError, match="is not a time"):
        read_moment("9999-12-31", is_end=True)


@pytest.mark.parametrize(
    ("text", "is_end", "expected"),
    [
        ("2026-03-02", False, datetime(2026, 3, 2, tzinfo=UTC)),
        ("2026-03-02", True, datetime(2026, 3, 3, tzinfo=UTC)),
        ("2026-03-02 08:30", True, datetime(2026, 3, 2, 8, 30, tzinfo=UTC)),
        ("2026-03-02T08:30:00-05:00", False, datetime(2026, 3, 2, 13, 30, tzinfo=UTC)),
    ],
)
def test_a_day_ends_with_its_last_moment(text, is_end, expected):
    """Only a whole day is extended."""
    assert read_moment(text, is_end=is_end) == expected
