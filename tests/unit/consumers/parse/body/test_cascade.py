"""The body: which reading wins, on pages where one sign alone would mislead."""

from __future__ import annotations

import datetime as dt
import json

import pytest

from consumers.parse.body.density import read_by_density
from consumers.parse.body.fragments import to_paragraphs
from consumers.parse.body.hydration import read_hydration
from consumers.parse.body.trafilatura_reader import build_page, read_with_trafilatura
from consumers.parse.extraction import extract_article
from consumers.parse.fields.language import find_language
from consumers.parse.fields.metadata import Origin
from consumers.parse.input.tree import Tree
from consumers.parse.rejection import Rejected

NOW = dt.datetime(2031, 5, 1, tzinfo=dt.UTC)
TITLE = "Ferry to the outer islands sails at night again"
PARAGRAPHS = [
    "The night ferry to the outer islands sails again from Monday, after a winter without any boat later than seven.",
    "The line had lost two captains and the patience of its insurers when a hawser broke in the January storm.",
    "Islanders collected 4,100 signatures, which is more than there are islanders, as the harbour office noted drily.",
    "A ticket for the night will cost two crowns more, and the bar stays closed until a second steward is found.",
]


def page(body, head=""):
    return f"<html lang='en'><head><title>{TITLE}</title>{head}</head><body>{body}</body></html>".encode()


def read(body, head=""):
    return extract_article(page(body, head), Origin("https://outlet.example/islands/night-ferry", NOW))


def as_html(paragraphs):
    return "".join(f"<p>{paragraph}</p>" for paragraph in paragraphs)


SLATE = [{"type": "paragraph", "children": [{"text": text[:20]}, {"text": text[20:]}]} for text in PARAGRAPHS]
REACT = ["$", "div", None, {"children": [["$", "p", None, {"children": text}] for text in PARAGRAPHS]}]


@pytest.mark.parametrize(
    "value", [as_html(PARAGRAPHS), PARAGRAPHS, SLATE, REACT], ids=["html", "list", "slate", "react"]
)
def test_text_that_stands_in_script_data_only_is_read(value):
    """However a framework keeps the text, its paragraphs come out; a longer notice beside it does not."""
    notice = "We and our partners keep data on your device, and read it to measure what is read. " * 12
    data = json.dumps({"props": {"notice": notice, "page": {"headline": TITLE, "parts": value}}}).replace("</", "<\\/")
    found = read(f'<div id="root">Loading</div><script type="application/json">{data}</script>')
    assert found.reading.reader == "script data"
    assert found.body.split("\n\n") == PARAGRAPHS


def test_chinese_script_data_is_measured_as_chinese():
    """A text without blanks, and too short for an alphabet, is an article all the same."""
    text = "开往外岛的夜间渡轮将于周一恢复航行。冬季停航已满四个月。岛上居民征集了四千多个签名。超过全岛人口。" * 3
    head = '<meta property="og:title" content="夜间渡轮恢复航行">'
    found = read(f'<div id="root"></div><script type="application/json">{json.dumps({"t": text})}</script>', head)
    assert (found.reading.reader, found.body) == ("script data", text)


def test_script_data_about_something_else_is_left_alone():
    """A help text is not an article, however long: without an article the page is rejected."""
    help_text = "Your subscription ends with the month in which you write to our desk, by letter or by telephone. " * 9
    data = json.dumps({"help": help_text})
    with pytest.raises(Rejected, match="no article text"):
        read(f'<div id="root"></div><script type="application/json">{data}</script>')


@pytest.mark.parametrize("data", ["{", "[" * 5_000, '"' + "\\" * 999, "null", '{"a": [1, 2, {"text": []}]}'])
def test_broken_script_data_gives_nothing(data):
    """What is not data, or nests too deep, is skipped."""
    titles = frozenset({"ferry"})
    assert not read_hydration(f'<script type="application/json">{data}</script>', titles)
    assert not read_hydration(f"<script>self.__next_f.push([1,{data}])</script>", titles)


def test_paragraphs_of_an_unspaced_script_count_for_what_they_say():
    """Chinese says in twenty signs what takes sixty letters: short paragraphs are an article all the same."""
    chinese = [
        "开往外岛的夜间渡轮将于周一恢复航行。冬季停航已满四个月。",
        "一月风暴中缆绳断裂。两名船长随后辞职。",
        "岛上居民征集了四千多个签名。超过全岛人口。",
        "夜间船票将贵两元。船上酒吧暂不营业。",
        "港务局表示今年秋天将再招聘六名水手。",
    ]
    links = "".join(f'<li><a href="/{n}">第{n}条新闻的标题与本文无关</a></li>' for n in range(30))
    found = read(f"<h1>夜间渡轮恢复航行</h1><div>{as_html(chinese)}</div><ul>{links}</ul>")
    assert found.body.split("\n\n") == chinese
    assert found.reading.reader == "rules"
    assert found.language == "zh"


def test_a_list_of_links_that_the_article_gives_stays():
    """Paragraphs of several linked lines are a list of the article; one linked line is a pointer elsewhere."""
    shop = "<p><a href='/1'>Lantern with a wick that lasts a winter</a><br><a href='/2'>shop.example/lantern</a></p>"
    pointer = "<p><a href='/other'>Why the lighthouse keepers are on strike</a></p>"
    body = read(
        f"<article><h1>{TITLE}</h1>{as_html(PARAGRAPHS[:2])}{shop}{pointer}{as_html(PARAGRAPHS[2:])}</article>"
    ).body
    assert "Lantern with a wick that lasts a winter\nshop.example/lantern" in body
    assert "lighthouse" not in body


def test_captions_and_credits_are_not_the_article():
    """What is below a picture is left out, whatever its element."""
    caption = (
        "Passengers wait on the quay of the outer harbour in the last light of a March day, and some of them sing."
    )
    pictures = (
        f"<figure><img src='/a.jpg'><figcaption>{caption}</figcaption></figure>",
        f"<div class='image-caption'><span>{caption}</span></div>",
        f"<figcaption>{caption}</figcaption>",
        f"<div class='c-media'><p class='foto-legende'>{caption}</p></div>",
    )
    for picture in pictures:
        found = read(f"<article><h1>{TITLE}</h1>{as_html(PARAGRAPHS[:2])}{picture}{as_html(PARAGRAPHS[2:])}</article>")
        assert found.body.split("\n\n") == PARAGRAPHS


@pytest.mark.parametrize("name", ["sidebar-story", "popular", "story-teaser-text"])
def test_a_name_lies_where_most_of_the_prose_bears_it(name):
    """A part named like boilerplate is not boilerplate if the article is inside it."""
    found = read(f"<div class='{name}'>{as_html(PARAGRAPHS)}</div>")
    assert (found.reading.reader, found.body.split("\n\n")) == ("rules", PARAGRAPHS)


@pytest.mark.parametrize("name", ["disqus-thread", "reader-replies", "discussion"])
def test_comments_are_not_the_article_however_long(name):
    """Readers may write more than the author did."""
    replies = [
        f"I was on that boat in the storm too, number {n}, and the bar was open all night long." for n in range(7)
    ]
    body = f"<main><div>{as_html(PARAGRAPHS)}</div><div class='{name}'>{as_html(replies)}</div></main>"
    assert read(body).body.split("\n\n") == PARAGRAPHS


def test_the_density_reader_uses_lengths_and_links_only():
    """Long paragraphs near each other are the text, whatever they are called; an aside is not."""
    aside = f"<aside>{as_html([text.upper() for text in PARAGRAPHS])}</aside>"
    blocks = Tree(f"<body><div class='comments'>{as_html(PARAGRAPHS)}</div>{aside}</body>").blocks
    assert [block.text for block in read_by_density(blocks)] == PARAGRAPHS


@pytest.mark.parametrize("fragment", ["One.<br>Two.", "<p>One.</p><p>Two.</p>", "One.\r\nTwo.", "One.\n\n \nTwo."])
def test_a_fragment_gives_its_paragraphs(fragment):
    """Feeds and JSON-LD separate paragraphs in many ways."""
    assert to_paragraphs(fragment) == "One.\n\nTwo."


def test_the_small_page_holds_the_article_and_nothing_that_breaks_xml():
    """Trafilatura finds the article on it; control characters, odd tags and a thousand nested elements do no harm."""
    odd = f"<p class='a\x0bb'>{PARAGRAPHS[0]}\x0c</p>"
    text = f"<x:y><article>{odd}{as_html(PARAGRAPHS[1:])}</article></x:y><nav><p>Harbour and town</p></nav>"
    deep = "<div>" * 1_200 + "<p>A paragraph at the bottom of a well.</p>"
    small = build_page(Tree(f"<html><body>{text}{deep}</body></html>").blocks)
    assert not small.findall(".//nav")
    found = read_with_trafilatura(small, is_quick=True)
    assert all(paragraph in found for paragraph in PARAGRAPHS)


GERMAN = "Das Schiff zu den Inseln fährt ab Montag wieder bei Nacht, und das ist für die Leute dort gut. "
SPANISH = "El barco de la noche va a las islas que no se han de quedar sin pan, y con un cocinero más a la mesa. "
NORWEGIAN = "Nattferjen til øyene går igjen fra mandag, etter en vinter der den siste båten gikk tidlig. "


@pytest.mark.parametrize(
    ("declared", "text", "found"),
    [
        ("en", " ".join(PARAGRAPHS), ("en", "text")),
        ("nl", " ".join(PARAGRAPHS), ("en", "text")),
        (None, " ".join(PARAGRAPHS), ("en", "text")),
        (None, GERMAN * 4, ("de", "text")),
        ("fr", SPANISH * 4, ("es", "text")),
        ("en-GB", GERMAN * 4, ("de", "text")),
        ("da", NORWEGIAN * 4, ("da", "page")),
        ("fr", "Il parle. " * 3, ("fr", "page")),
    ],
)
def test_a_page_is_believed_about_its_language_where_its_text_bears_it_out(declared, text, found):
    """A wrong label does not count; among close relatives, and of few words, the page knows best."""
    assert find_language(text, declared) == found
