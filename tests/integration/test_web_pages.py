"""The pages and the API over a small corpus, written by the real stages to a real Elasticsearch."""

from __future__ import annotations

import csv
import io
import json
import re
import secrets
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path

import jsonschema_rs
import msgspec
import pytest
from bs4 import BeautifulSoup

import schemas
from consumers.index.indexer import ArticleIndexer
from consumers.record.recorder import Recorder
from newswire.clock import SystemClock
from newswire.elastic.client import open_elasticsearch
from newswire.elastic.templates import sync_templates
from newswire.stage import Record
from newswire.testing.pages import open_pages
from newswire.web.platform.app import create_app
from schemas.messages import StoryChanged
from schemas.topics import ARTICLES, STORIES

pytestmark = pytest.mark.servers

SEEN = datetime(2026, 3, 2, 9, tzinfo=UTC)
EXAMPLE = ARTICLES.decode((Path(schemas.__file__).parent / "examples/articles.v1/revision.json").read_bytes())
FLOOD = "The river Tarn rose by two metres overnight.\n\nThe lower town was cleared before dawn."
HOSTILE = '"><script>alert(1)</script><img src=x onerror=alert(2)>'
STORY = "5" * 32
FILLERS = 45

# name -> what differs from the example; an article stands here once for each of its versions
CORPUS = {
    "agency": {"title": "Lower town cleared as river rises", "body": FLOOD, "outlet": "Tarn Agency", "source": "tarn",
               "is_agency": True, "provenance": {"title": "meta og:title", "published_at": "jsonld datePublished"}},
    "carrier": {"title": "River rises overnight", "body": FLOOD, "outlet": "Ostrey Post", "copy_of": "agency",
                "copy_tier": "copy", "published_at": SEEN + timedelta(hours=2),
                "reasons": ("97 % stand in the other",)},
    "reporter": {"title": "Inside the flooded school", "body": "Desks float in the Tarn's water.",
                 "outlet": "Valley Voice", "published_at": SEEN + timedelta(hours=5)},
    "hostile": {"title": HOSTILE, "body": f"{HOSTILE} sirens", "outlet": HOSTILE, "authors": (HOSTILE,),
                "section": HOSTILE, "summary": HOSTILE, "url": "javascript:alert(3)", "story_id": "7" * 32,
                "provenance": {"title": HOSTILE}, "reasons": (HOSTILE,)},
    "arabic": {"language": "ar", "title": "فيضان في الوادي", "body": "ارتفع منسوب النهر ليلا.", "story_id": "8" * 32,
               "outlet": "صوت الوادي", "country": "EG"},
    **{f"filler-{n}": {"title": f"Market report {n}", "body": "Prices of grain.", "story_id": f"{n:032x}",
                       "published_at": SEEN - timedelta(hours=n)} for n in range(FILLERS)},
}  # fmt: skip
CORRECTED = {"version": 2, "body": FLOOD.replace("two metres", "three metres"), "fetched_at": SEEN + timedelta(hours=3)}


def id_of(name):
    return f"{list(CORPUS).index(name) + 16:032x}"


def record_of(name, **changes):
    told = {"article_id": id_of(name), "url": f"https://news.example/{name}", "version": 1, "story_id": STORY}
    told |= {"first_seen_at": SEEN, "fetched_at": SEEN, "published_at": SEEN, "country": "GB"} | CORPUS[name] | changes
    if "copy_of" in told:
        told["copy_of"] = id_of(told["copy_of"])
    return Record(ARTICLES.name, 0, 0, 0, None, msgspec.structs.replace(EXAMPLE, **told))


def story():
    members = tuple(id_of(name) for name in ("agency", "carrier", "reporter"))
    return StoryChanged(
        story_id=STORY, revision=1, change="grew", headline="Lower town cleared as river rises", size=3,
        members=members, outlets=("Tarn Agency", "Ostrey Post", "Valley Voice"), languages=("en",),
        first_seen_at=SEEN, last_seen_at=SEEN + timedelta(hours=5),
    )  # fmt: skip


@pytest.fixture(scope="module")
def pages(server_settings):
    """A client of the pages over the corpus."""
    settings = server_settings.model_copy(update={"index_prefix": f"t{secrets.token_hex(4)}", "sources_dirs": ()})
    prefix = settings.index_prefix
    sync_templates(settings)
    with open_elasticsearch(settings) as client:
        index = ArticleIndexer(client, prefix, SystemClock())
        index([record_of(name) for name in CORPUS])
        index([record_of("agency", **CORRECTED)])
        Recorder(client, prefix, SystemClock())([Record(STORIES.name, 0, 0, 0, STORY.encode(), story())])
        client.indices.refresh(index=f"{prefix}-*")
        with open_pages(create_app(settings)) as pages:
            yield pages
        client.indices.delete(index=[*client.indices.get(index=f"{prefix}-*")])
        client.indices.delete_index_template(name=f"{prefix}-*")
        client.cluster.delete_component_template(name=f"{prefix}-*")


def read(pages, path):
    answer = pages.get(path)
    assert answer.status_code == 200, answer.text
    return BeautifulSoup(answer.text, "lxml")


def words(element):
    return " ".join(element.get_text(" ").split())


def test_a_search_marks_folds_and_counts(pages):
    """The agency heads its copy, matches are marked, facets count, bars and exports lead to the same search."""
    page = read(pages, "/?q=river")
    assert "2 articles in 1 group" in words(page.select_one(".summary"))
    (hit,) = page.select(".hit")
    assert words(hit.h2) == "Lower town cleared as river rises"
    assert {mark.text.lower() for mark in hit.select("mark")} == {"river"}
    assert words(hit.select_one(".folded summary")) == "1 near-duplicate: Ostrey Post"
    assert hit.select_one(".folded a")["href"] == f"/article/{id_of('carrier')}"
    assert words(page.select_one("fieldset")) == "Outlet Ostrey Post 1 Tarn Agency 1"
    assert page.select_one('.onward a[href^="/api/export.csv?q=river"]')


def test_a_facet_narrows_and_is_taken_back(pages):
    """A chosen value is checked, shown as a chip with the way back, and the other values keep their counts."""
    page = read(pages, "/?q=river&fold=nothing&outlet=Ostrey+Post")
    assert [words(hit.h2) for hit in page.select(".hit")] == ["River rises overnight"]
    boxes = {box["value"]: box.has_attr("checked") for box in page.select('input[name="outlet"]')}
    assert boxes == {"Ostrey Post": True, "Tarn Agency": False}
    (chip,) = page.select(".chips a")
    assert words(chip).startswith("Remove the filter Ostrey Post")
    assert chip["href"] == "?q=river&fold=nothing"


def test_the_bars_lead_to_their_stretch_of_time(pages):
    """Following a bar leaves exactly the articles that it counts."""
    page = read(pages, "/?fold=nothing")
    bars = page.select(".timeline a")
    assert len(bars) > 5
    for bar in bars[:3]:
        counted = int(re.search(r": ([\d,]+) article", bar["aria-label"])[1])
        assert words(read(pages, f"/{bar['href']}").select_one(".summary")).startswith(f"{counted} article")


def test_following_the_pages_shows_every_article_once(pages):
    """Next page after next page, until there is none; nothing twice, nothing missing."""
    seen, address = [], "/?fold=nothing&sort=date"
    while address:
        page = read(pages, address)
        seen += [link["href"] for link in page.select(".hit h2 a")]
        onward = page.select_one('a[rel="next"]')
        address = f"/{onward['href']}" if onward else None
    assert len(seen) == len(set(seen)) == len(CORPUS)


def test_a_slip_of_the_keyboard_is_noticed(pages):
    """Where nothing is found, other words are offered as a link."""
    page = read(pages, "/?q=markett")
    assert words(page.select_one(".suggestion")) == "Did you mean market ?"
    assert read(pages, f"/{page.select_one('.suggestion a')['href']}").select(".hit")


def test_where_no_article_has_all_words_those_with_most_are_shown_and_exported(pages):
    """The page says so, and the export holds what the page shows."""
    page = read(pages, "/?q=lower+town+zeppelin")
    assert "these have most of them" in words(page.select_one(".suggestion"))
    address = page.select_one('.onward a[href*="ndjson"]')["href"]
    exported = {json.loads(line)["article_id"] for line in pages.get(address).text.splitlines()}
    assert exported == {id_of("agency"), id_of("carrier")}


@pytest.mark.parametrize("path", ["/?q=sirens", "/article/{hostile}", "/story/" + "7" * 32, "/?limit=100&fold=nothing"])
def test_text_from_the_web_stays_text(pages, path):
    """A hostile title, outlet, author or reason is shown as it is: no element of it, no handler, no script address."""
    text = pages.get(path.format(hostile=id_of("hostile"))).text
    page = BeautifulSoup(text, "lxml")
    assert HOSTILE in unescape(re.sub(r"</?mark>", "", text))
    assert not page.select("img, [onerror]")
    assert [script.get("src", "").split("?")[0] for script in page.select("script")] == ["/static/newswire.js"]
    assert not [link for link in page.select("[href]") if link["href"].startswith("javascript")]


def test_an_article_is_shown_with_its_origins(pages):
    """Clean text, where each datum was read, the way to the original without a trace, copies with their delay."""
    page = read(pages, f"/article/{id_of('agency')}")
    assert words(page.h1) == "Lower town cleared as river rises"
    assert [words(paragraph) for paragraph in page.select(".reading .text p")] == CORRECTED["body"].split("\n\n")
    original = page.select_one("a.original")
    assert original["href"] == "https://news.example/agency"
    assert set(original["rel"]) == {"noopener", "noreferrer", "nofollow"}
    facts = {words(name): words(name.find_next("dd")) for name in page.select(".facts dt")}
    assert facts["Title"] == "Lower town cleared as river rises meta element: og:title"
    assert facts["Published"] == "2 March 2026, 09:00 structured data of the page: datePublished"
    assert [words(member) for member in page.select(".members li")] == [
        "Tarn Agency original Lower town cleared as river rises",
        "Ostrey Post 2h later River rises overnight",
    ]
    assert page.select_one(f'.beside a[href="/story/{STORY}"]')


def test_a_correction_is_shown_word_by_word(pages):
    """The newest version says what it removed and added, and stands open."""
    newest, oldest = read(pages, f"/article/{id_of('agency')}").select(".versions details")
    assert words(newest.summary) == "Version 2, 2 March 2026, 12:00 : text changed"
    assert ([words(gone) for gone in newest.select("del")], [words(come) for come in newest.select("ins")]) == (
        ["two"],
        ["three"],
    )
    assert newest.has_attr("open")
    assert not oldest.select("ins, del")


def test_a_copy_says_of_what_and_why(pages):
    """The verdict stands above the text, with the reason and the original."""
    notice = read(pages, f"/article/{id_of('carrier')}").select_one(".notice")
    assert words(notice) == "A copy of another text : 97 % stand in the other"
    assert notice.a["href"] == f"/article/{id_of('agency')}"


def test_a_right_to_left_article_says_so(pages):
    """The browser is told the language, and to find the direction from the text."""
    page = read(pages, f"/article/{id_of('arabic')}")
    assert (page.html["lang"], page.h1["lang"], page.h1["dir"]) == ("en", "ar", "auto")
    assert page.select_one(".text")["lang"] == "ar"


def test_a_story_says_who_was_first_and_who_followed(pages):
    """Members in the order of time with their delay, a dot for each, and the copy marked."""
    page = read(pages, f"/story/{STORY}")
    assert words(page.select_one(".first")).startswith("First: Tarn Agency , 2 March 2026, 09:00")
    assert [words(hit) for hit in page.select(".hit")] == [
        "Lower town cleared as river rises Tarn Agency 2 March 2026, 09:00 English",
        "River rises overnight Ostrey Post 2 March 2026, 11:00 2h later English copy",
        "Inside the flooded school Valley Voice 2 March 2026, 14:00 5h later English",
    ]
    assert len(page.select(".lanes circle")) == 3
    assert len(page.select(".lanes circle.copy")) == 1


def test_stories_are_listed_with_the_way_to_each(pages):
    """Headline, size, outlets and span, in either order."""
    for order in ("newest", "largest"):
        (hit,) = read(pages, f"/stories?sort={order}").select(".hit")
        assert words(hit.h2) == "Lower town cleared as river rises"
        assert hit.a["href"] == f"/story/{STORY}"
        assert "3 articles 3 outlets: Tarn Agency, Ostrey Post, Valley Voice English" in words(hit)


@pytest.mark.parametrize("path", ["/article/{}", "/story/{}", "/api/articles/{}", "/api/stories/{}", "/api/families/{}",
                                  "/api/articles/{}/versions"])  # fmt: skip
def test_an_unknown_id_is_not_found(pages, path):
    """404, with what was asked for."""
    answer = pages.get(path.format("f" * 32))
    assert answer.status_code == 404
    assert "f" * 32 in answer.text


def test_exports_hold_everything_that_a_search_finds(pages):
    """Each article once, as a table whose cells no spreadsheet runs, and as lines with the texts."""
    answer = pages.get("/api/export.csv?q=market&limit=5")
    assert answer.headers["Content-Type"].startswith("text/csv")
    assert re.search(r'attachment; filename="newswire-[\d-]+\.csv"', answer.headers["Content-Disposition"])
    assert len({row["article_id"] for row in csv.DictReader(io.StringIO(answer.text))}) == FILLERS
    lines = [json.loads(line) for line in pages.get("/api/export.ndjson?q=river").text.splitlines()]
    assert {line["article_id"] for line in lines} == {id_of("agency"), id_of("carrier")}
    assert CORRECTED["body"] in [line["body"] for line in lines]


@pytest.mark.parametrize(
    ("operation", "path"),
    [
        ("search", "/api/search?q=river&language=en"),
        ("read_an_article", "/api/articles/{agency}"),
        ("read_its_versions", "/api/articles/{agency}/versions"),
        ("read_its_family", "/api/families/{agency}"),
        ("list_stories", "/api/stories"),
        ("read_a_story", f"/api/stories/{STORY}"),
        ("report_sources", "/api/sources"),
        ("report_the_pipeline", "/api/pipeline"),
    ],
)
def test_the_api_answers_as_it_is_described(pages, operation, path):
    """Each answer satisfies the schema that OpenAPI gives for it."""
    document = pages.get("/api/openapi.json").json()
    operations = {one["operationId"]: one for paths in document["paths"].values() for one in paths.values()}
    schema = operations[operation]["responses"]["200"]["content"]["application/json"]["schema"]
    answer = pages.get(path.format(agency=id_of("agency")))
    assert answer.status_code == 200
    assert answer.json()
    jsonschema_rs.validator_for({**schema, "components": document["components"]}).validate(answer.json())
