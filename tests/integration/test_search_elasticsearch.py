"""Searching a small corpus, indexed by the real stage, on a real Elasticsearch."""

from __future__ import annotations

import json
import secrets
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

import schemas
from consumers.index.indexer import ArticleIndexer
from newswire.clock import SystemClock
from newswire.commands import search as search_command
from newswire.elastic.client import open_elasticsearch
from newswire.elastic.templates import sync_templates
from newswire.search.export import export_articles
from newswire.search.request import SearchError, SearchRequest
from newswire.search.search import search_articles
from newswire.stage import Record
from schemas.topics import ARTICLES

pytestmark = pytest.mark.servers

SEEN = datetime(2026, 3, 2, 9, tzinfo=UTC)
EXAMPLE = ARTICLES.decode((Path(schemas.__file__).parent / "examples/articles.v1/revision.json").read_bytes())
LEAVE = "The envoy asked all citizens to leave the island while ferries still run."

# name -> what differs from the example
CORPUS = {
    "later-copy": {"title": "Citizens to leave", "body": f"{LEAVE} The embassy spoke.", "copy_of": "original",
                   "copy_tier": "copy", "outlet": "Norhaven Mail", "first_seen_at": SEEN + timedelta(hours=2)},
    "copy": {"title": "Embassy: leave! Leave Ostrey, embassy says", "body": LEAVE, "copy_of": "original",
             "copy_tier": "exact", "outlet": "Ostrey Post", "source": "ostrey-post", "host": "ostrey-post.example"},
    "original": {"title": "Embassy asks citizens to leave Ostrey", "body": LEAVE, "outlet": "Harbour Gazette"},
    "derived": {"title": "Why people leave Ostrey", "body": f"Opinion. {LEAVE} The embassy is right.",
                "copy_of": "original", "copy_tier": "derived", "outlet": "Norhaven Mail", "story_id": "5" * 32},
    "follow-up": {"title": "Last ferry sails", "body": "The pier is empty now.", "story_id": "5" * 32,
                  "published_at": SEEN + timedelta(days=3), "first_seen_at": SEEN + timedelta(days=3)},
    "strike-exact": {"title": "Dock news", "body": "More strikes at the docks, where cranes stand still this week."},
    "strike-stem": {"title": "Dock news", "body": "One strike at the docks, where cranes stand still this week."},
    **{f"filler-{number}": {"title": "Eld", "body": "En stor brand.", "language": "und"} for number in range(9)},
    "brand-exact": {"title": "Fair", "body": "One brand of boats was shown at the large autumn fair in the old hall."},
    "brand-stem": {"title": "Fair", "body": "Two brands of boats."},
    "in-title": {"title": "Lighthouse sold", "body": "A buyer from abroad paid nine crowns for the tower."},
    "in-body": {"title": "Tower sold", "body": "A buyer from abroad paid nine crowns for the lighthouse."},
    "by-author": {"title": "Weather", "body": "Rain in the east.", "authors": ("Ilse Quandt",)},
    "accents": {"title": "São Brás wins the regatta", "body": "The crew of São Brás rowed best.", "language": "und"},
    "undated": {"title": "Notice board moved", "body": "The notice board stands by the well.", "published_at": None},
    "from-2093": {"title": "Notice board repaired", "body": "The notice board is whole.",
                  "published_at": SEEN.replace(year=2093)},
    "old": {"title": "Notice board built", "body": "A notice board was built.",
            "published_at": SEEN - timedelta(days=30)},
    "huge": {"title": "Protocol of the council", "body": "plenary " * 200_000 + "xylograph"},
    "hostile": {"title": "Siren \x1b[31mtest\x9b2J [bold]ends[/bold]", "body": "Siren \x1b]0;owned\x07 tested."},
    "es": {"language": "es", "title": "Huelga", "body": "Los pescadores protestaron en los muelles."},
    "fr": {"language": "fr", "title": "Grève", "body": "Les chalutiers restent dans les grands ports."},
    "de": {"language": "de", "title": "Streik", "body": "Die Schiffe dürfen nicht in die Häfen."},
    "it": {"language": "it", "title": "Sciopero", "body": "I gabbiani attendono sulle banchine."},
    "nl": {"language": "nl", "title": "Staking", "body": "De vissers blijven aan wal."},
    "pt": {"language": "pt", "title": "Greve", "body": "Os marinheiros recusaram as propostas."},
    "ru": {"language": "ru", "title": "Забастовка", "body": "Рыбаки бастуют в северных портах."},
    "ar": {"language": "ar", "title": "إضراب", "body": "أضرب الصيادون في الموانئ الشمالية."},
    "tr": {"language": "tr", "title": "Grev", "body": "Balıkçılar limanlarda bekliyor."},  # noqa: RUF001
    "zh": {"language": "zh", "title": "罢工", "body": "北方的渔民今天在码头罢工。"},
    "ja": {"language": "ja", "title": "漁港", "body": "北の漁港で船員が抗議した。"},
    "ko": {"language": "ko", "title": "파업", "body": "북쪽 항구에서 어부들이 파업했다."},
}  # fmt: skip


def id_of(name):
    return f"{list(CORPUS).index(name):032x}"


def record_of(name):
    told = {"article_id": id_of(name), "url": f"https://news.example/{name}", "version": 1, "story_id": id_of(name)}
    told |= {"first_seen_at": SEEN, "published_at": SEEN, "authors": (), "tags": ()} | CORPUS[name]
    if "copy_of" in told:
        told["copy_of"] = id_of(told["copy_of"])
    return Record(ARTICLES.name, 0, 0, 0, None, msgspec.structs.replace(EXAMPLE, **told))


@pytest.fixture(scope="module")
def corpus(server_settings):
    """Settings of an index that holds the corpus."""
    settings = server_settings.model_copy(update={"index_prefix": f"t{secrets.token_hex(4)}"})
    sync_templates(settings)
    with open_elasticsearch(settings) as client:
        answers = ArticleIndexer(client, settings.index_prefix, SystemClock())([record_of(name) for name in CORPUS])
        assert all(len(answer) == 1 for answer in answers)
        yield settings
        client.indices.delete(index=f"{settings.index_prefix}-articles-2026.03")
        client.indices.delete_index_template(name=f"{settings.index_prefix}-*")
        client.cluster.delete_component_template(name=f"{settings.index_prefix}-*")


@pytest.fixture
def find(corpus):
    """Search the corpus."""
    with open_elasticsearch(corpus) as client:
        yield lambda words="", **wishes: search_articles(
            client, corpus.index_prefix, SearchRequest(words=words, **wishes)
        )


def names(results):
    return [hit.article.url.rsplit("/", 1)[1] for hit in results.hits]


def text_of(pieces):
    return "".join(f"[{piece.text}]" if piece.is_match else piece.text for piece in pieces)


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("pescador muelle", "es"),
        ("chalutier port", "fr"),
        ("Hafen Schiff", "de"),
        ("gabbiano banchina", "it"),
        ("visser", "nl"),
        ("marinheiro proposta", "pt"),
        ("рыбак порт", "ru"),
        ("الصيادين", "ar"),
        ("موانئ", "ar"),
        ("balıkçı", "tr"),  # noqa: RUF001 - Turkish
        ("码头", "zh"),
        ("漁港", "ja"),
        ("어부들이", "ko"),
    ],
)
def test_other_forms_of_a_word_are_found_in_its_language(find, words, name):
    """A reader types dictionary forms; the text has plurals, cases and articles, or no spaces at all."""
    assert names(find(words)) == [name]


def test_the_exact_form_ranks_above_another_form_of_the_word(find):
    """Both are found, whichever form is asked for; the article that says it that way comes first."""
    assert names(find("strikes")) == ["strike-exact", "strike-stem"]
    assert names(find("strike")) == ["strike-stem", "strike-exact"]
    # Also where other languages make the exact form a common word, and the stem alone would decide.
    assert names(find("brand", limit=2)) == ["brand-exact", "brand-stem"]


def test_a_word_in_the_title_outweighs_one_in_the_text(find):
    """The title says what an article is about."""
    assert names(find("lighthouse")) == ["in-title", "in-body"]


def test_the_words_may_stand_in_different_fields(find):
    """One word in the title, one in the text, one the author's name: all of them count."""
    assert names(find("weather east quandt")) == ["by-author"]


def test_up_to_three_words_all_have_to_be_there(find):
    """Of many words a few may be missing; where no article has enough of them, others come, and it is said."""
    assert names(find("more cranes week")) == ["strike-exact"]
    assert not find("buyer abroad paid crowns zeppelin").is_loose
    loose = find("lighthouse zeppelin")
    assert (names(loose), loose.is_loose) == (["in-title", "in-body"], True)
    assert names(find('lighthouse "zeppelin"')) == names(find("lighthouse", which="copies")) == []
    assert names(find("lighthouse zeppelin", limit=1, after=find("lighthouse zeppelin", limit=1).next)) == ["in-body"]


def test_accents_and_case_do_not_matter(find):
    """Who cannot type a tilde finds the article too."""
    assert names(find("SAO BRAS regatta")) == ["accents"]


def test_phrases_stand_together_and_excluded_words_keep_articles_out(find):
    """Quotes ask for the words side by side; a minus leaves out."""
    assert set(names(find('"leave the island"', fold="nothing"))) == {"original", "copy", "later-copy", "derived"}
    assert names(find('"island leave"')) == []
    assert names(find("notice board -built -“is whole”")) == ["undated"]
    assert "original" not in names(find("-embassy", limit=100))


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("lighthouse AND abroad", {"in-title", "in-body"}),
        ("lighthouse AND NOT title:tower", {"in-title"}),
        ("lighthouse NOT tower", set()),
        ("quandt OR xylograph", {"by-author", "huge"}),
        ("(quandt OR xylograph) AND rain", {"by-author"}),
        ("quandt || xylograph && plenary", {"by-author", "huge"}),
        ("lighthouse !zeppelin", {"in-title", "in-body"}),
        ("lighthouse AND zeppelin", set()),  # never loosened
        ("title:lighthouse", {"in-title"}),
        ('title:"tower sold"', {"in-body"}),
        ("title:(lighthouse OR weather)", {"in-title", "by-author"}),
        ("author:quandt", {"by-author"}),
        ("lighthou* AND title:sold", {"in-title", "in-body"}),
        ("title:lightho*", {"in-title"}),
        ("xylogr*", {"huge"}),
        ('"buyer paid"~2', {"in-title", "in-body"}),
        ('"buyer paid"~1 AND tower', set()),
        ("buyer NEAR/2 paid", {"in-title", "in-body"}),
        ("paid NEAR/2 buyer", {"in-title", "in-body"}),
        ("buyer NEAR/1 paid", set()),
        ('outlet:"ostrey post"', {"copy"}),
        ("source:ostrey-post OR author:quandt", {"copy", "by-author"}),
        ("language:(tr OR ko)", {"tr", "ko"}),
        ("is:copy", {"copy", "later-copy"}),
        ("url:news.example/by-author", {"by-author"}),
        ("strike AND title:dock", {"strike-exact", "strike-stem"}),
        (f"notice AND date:{SEEN:%Y-%m-%d}", {"undated", "from-2093"}),  # by when they were first seen
        (f"notice AND date:{SEEN - timedelta(days=30):%Y-%m-%d}", {"old"}),
        (f"notice AND date:..{SEEN - timedelta(days=29):%Y-%m-%d}", {"old"}),
    ],
)
def test_a_boolean_search_finds_exactly_what_it_says(corpus, find, words, expected):
    """The page's search, the export and a saved search ask with the same query, and none of them loosens it."""
    results = find(words, fold="nothing", limit=50)
    assert set(names(results)) == expected
    assert not results.is_loose
    assert results.understood
    with open_elasticsearch(corpus) as client:
        exported = export_articles(client, corpus.index_prefix, SearchRequest(words=words))
        assert {article.url.rsplit("/", 1)[1] for article in exported} == expected


def test_words_of_a_boolean_search_are_marked_but_not_those_it_excludes(find):
    """A mark on a word that was excluded would be a lie."""
    (hit,) = find('abroad AND NOT title:tower AND title:"lighthouse"').hits
    assert text_of(hit.title) == "[Lighthouse] sold"
    assert "[abroad]" in "".join(map(text_of, hit.snippets))
    assert "[tower]" not in "".join(map(text_of, hit.snippets))


def test_copies_are_folded_under_their_original(find):
    """One hit for the family, headed by the original though a copy matches better; a derived text stands alone."""
    results = find("embassy leave")
    assert (results.total, results.groups) == (4, 2)
    family = next(hit for hit in results.hits if hit.folded_count)
    assert family.article.url.endswith("/original")
    assert [copy.outlet for copy in family.folded] == ["Ostrey Post", "Norhaven Mail"]
    assert "derived" in names(results)


def test_folding_can_be_left_out_and_stories_folded_instead(find):
    """The reader chooses: every article for itself, or a story as one."""
    assert set(names(find("embassy leave", fold="nothing"))) == {"original", "copy", "later-copy", "derived"}
    story = next(hit for hit in find(fold="stories", limit=100).hits if hit.article.story_id == "5" * 32)
    assert (story.folded_count, {story.article.title, story.folded[0].title}) == (
        1,
        {CORPUS["derived"]["title"], CORPUS["follow-up"]["title"]},
    )


@pytest.mark.parametrize(
    ("wishes", "expected"),
    [
        ({"words": "embassy", "outlets": ("ostrey POST",)}, {"copy"}),
        ({"words": "embassy", "outlets": ("ostrey-post",)}, {"copy"}),
        ({"words": "embassy", "hosts": ("Ostrey-Post.example",)}, {"copy"}),
        ({"words": "embassy", "which": "originals"}, {"original", "derived"}),
        ({"words": "embassy", "which": "copies"}, {"copy", "later-copy"}),
        ({"languages": ("ja", "ko")}, {"ja", "ko"}),
        ({"words": "Hafen", "languages": ("de",)}, {"de"}),
        ({"words": "Hafen", "languages": ("fr",)}, set()),
        ({"story_id": "5" * 32}, {"derived", "follow-up"}),
        ({"words": "notice", "since": SEEN}, {"undated", "from-2093"}),
        ({"words": "notice", "until": SEEN}, {"old"}),
        ({"words": "notice", "since": SEEN, "by": "seen"}, {"undated", "from-2093", "old"}),
        ({"since": SEEN + timedelta(days=3), "until": SEEN + timedelta(days=4)}, {"follow-up"}),
    ],
)
def test_filters_leave_only_what_was_asked_for(find, wishes, expected):
    """Outlet by name or id, host, language, story, copies or originals, time of publication or first sight."""
    assert set(names(find(fold="nothing", limit=100, **wishes))) == expected


def test_no_date_in_the_future_heads_the_list(find):
    """Newest first is by plausible dates; without words the newest come first by themselves."""
    assert names(find("notice", sort="date"))[-1] == "old"
    assert names(find(limit=1)) == ["follow-up"]


def test_matches_are_marked_in_title_and_text_whatever_their_form(find):
    """Exact and stemmed matches are marked alike, also where two characters make a word."""
    (hit,) = find("docks strikes", limit=1).hits
    assert text_of(hit.title) == "Dock news".replace("Dock", "[Dock]")
    assert "More [strikes] at the [docks]" in text_of(hit.snippets[0])
    (hit,) = find("码头").hits
    assert "今天在[码头]罢工" in text_of(hit.snippets[0])


def test_a_hit_by_its_title_alone_shows_how_the_text_begins(find):
    """A list without any text of an article helps nobody."""
    (hit,) = find("protocol council").hits
    assert text_of(hit.snippets[0]).startswith("plenary plenary")


def test_a_body_beyond_the_highlighters_limit_is_found(find):
    """1.6 million characters are no reason for an error."""
    assert names(find("xylograph")) == names(find('"plenary xylograph"')) == ["huge"]


def test_paging_goes_on_where_the_page_before_ended(find):
    """Two pages together are the list; far beyond the window the way out is told."""
    whole = names(find(limit=6))
    assert names(find(limit=3)) + names(find(limit=3, offset=3)) == whole
    with pytest.raises(SearchError, match="export"):
        find(offset=20_000)


def test_before_anything_is_indexed_nothing_is_found(servers):
    """A first search on an empty cluster is no error."""
    with open_elasticsearch(servers) as client:
        results = search_articles(client, servers.index_prefix, SearchRequest(words="anything"))
    assert (results.total, results.groups, results.hits) == (0, 0, ())


@pytest.fixture
def run(corpus, monkeypatch):
    """Run `newswire search` on the corpus."""
    monkeypatch.setattr(search_command, "settings", lambda: corpus)
    return lambda *arguments: CliRunner(env={"COLUMNS": "200"}).invoke(search_command.command, arguments)


def test_the_command_shows_outlet_date_copies_and_address(run):
    """What an analyst needs to judge a hit stands with it; nothing found is no error."""
    shown = run("embassy", "asks", "citizens", "--outlet", "Harbour Gazette")
    assert shown.exit_code == 0
    assert "Embassy asks citizens to leave Ostrey" in shown.output
    assert "Harbour Gazette · 2026-03-02 09:00 UTC · en" in shown.output
    assert "https://news.example/original" in shown.output
    assert "2 copies: Ostrey Post, Norhaven Mail" in run("embassy", "leave").output
    nothing = run("zeppelin")
    assert (nothing.exit_code, nothing.output.strip()) == (0, "Nothing found.")


def test_the_command_takes_a_minus_for_an_exclusion_and_a_misspelt_option_for_an_error(run):
    """-word needs no quotes; --outlt must not silently become a word."""
    assert run("lighthouse", "-abroad").output.strip() == "Nothing found."
    misspelt = run("lighthouse", "--outlt", "x")
    assert (misspelt.exit_code, "--outlt" in misspelt.output) == (2, True)


def test_the_command_lets_no_control_characters_through(run):
    """A hostile title neither colours the terminal nor passes for markup, in either form of output."""
    for arguments in (("siren",), ("siren", "--json")):
        output = run(*arguments).output
        assert "[bold]ends[/bold]" in output
        assert not [character for character in output if ord(character) < 0x20 and character != "\n"]
        assert "\x9b" not in output


def test_the_command_prints_json_for_scripts(run):
    """The output is one JSON document with the total and every hit."""
    found = json.loads(run("lighthouse", "--json", "--limit", "1").output)
    assert (found["total"], found["hits"][0]["article"]["title"]) == (2, "Lighthouse sold")
    assert ["Lighthouse", True] in found["hits"][0]["title"]
