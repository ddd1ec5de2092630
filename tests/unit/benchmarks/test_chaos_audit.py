"""The auditor of a chaos run finds every fault that is planted, and nothing where there is none."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from benchmarks.chaos import audit
from benchmarks.chaos.articles import make_articles
from benchmarks.chaos.audit.checks import audit as find_faults
from benchmarks.chaos.audit.evidence import Evidence, Row

A, B, C = (f"https://{name}.example/1" for name in "abc")


def text(name):
    return [f"Title of {name}", f"First paragraph of {name}.", "Second."]


PLAN = {
    "urls": {A: ["indexed", "unchanged"], B: ["indexed"], C: ["indexed"], "https://c.example/2": ["refused(robots)"]},
    "articles": {
        A: {"family": "a", "story": "s", "versions": 2, "texts": [text("a1"), text("a2")]},
        B: {"family": "a", "story": "s", "versions": 1, "texts": [text("a1")]},
        C: {"family": "c", "story": "t", "versions": 1},
    },
    "poison": [
        {"topic": "articles", "partition": 0, "offset": 7, "kind": "null",
         "stages": ["index"], "reasons": ["undecodable"]},
        {"topic": "articles", "partition": 0, "offset": 8, "kind": "padded", "stages": ["index"], "reasons": []},
    ],
}  # fmt: skip


def document(url, name, body, version, family, story):
    title, *paragraphs = body
    return {
        "canonical_url": url, "article_id": name, "title": title, "body": "\n\n".join(paragraphs),
        "version": version, "family_id": family, "story_id": story,
    }  # fmt: skip


def decided(url, name, version, content):
    return {"canonical_url": url, "article_id": name, "version": version, "content_hash": content}


@pytest.fixture
def evidence():
    """What the servers hold after a run without a fault."""
    documents = [
        document(A, "id-a", text("a2"), 2, "id-a", "id-a"),
        document(B, "id-b", text("a1"), 1, "id-a", "id-a"),
        document(C, "id-c", text("c"), 1, "id-c", "id-c"),
    ]
    ends = {url: [Row("indexed", "indexed", name)] for url, name in ((A, "id-a"), (B, "id-b"), (C, "id-c"))}
    return Evidence(
        rows={**ends, "https://c.example/2": [Row("refused", "refused(robots)", None)]},
        documents=documents,
        decided=[decided(A, "id-a", 1, "h1"), decided(A, "id-a", 2, "h2"), decided(B, "id-b", 1, "h1"),
                 decided(C, "id-c", 1, "h3"), decided(C, "id-c", 1, "h3")],
        newest={each["article_id"]: {"version": each["version"], "story_id": each["story_id"]} for each in documents},
        announced={(each["article_id"], each["version"]) for each in documents},
        stories={"id-a": {"size": 2}, "id-c": {"size": 1}},
        pages={A: {b"a1", b"a2"}, B: {b"a1"}},
        letters={"index": {("articles", 0, 7): {"undecodable"}}},
    )  # fmt: skip


def kinds(evidence):
    return [finding.kind for finding in find_faults(PLAN, evidence)]


def test_a_sound_run_has_no_findings(evidence):
    """A record that was announced twice is no second version."""
    assert [*find_faults(PLAN, evidence)] == []


def lose_row(evidence):
    del evidence.rows[A]


def leave_on_its_way(evidence):
    evidence.rows[B][0] = Row("parsed", "parsed", "id-b")


def end_wrongly(evidence):
    evidence.rows["https://c.example/2"][0] = Row("gone", "gone(http-404)", None)


def double_row(evidence):
    evidence.rows[A] *= 2


def lose_document(evidence):
    del evidence.documents[0]


def double_document(evidence):
    evidence.documents.append(evidence.documents[2])


def keep_old_text(evidence):
    evidence.documents[0]["body"] = "\n\n".join(text("a1")[1:])
    evidence.documents[0]["title"] = text("a1")[0]


def garble_text(evidence):
    evidence.documents[0]["body"] = "Something else."


def skip_version(evidence):
    evidence.decided[0]["version"] = 3
    evidence.documents[0]["version"] = evidence.newest["id-a"]["version"] = 3
    evidence.announced.add(("id-a", 3))


def give_version_twice(evidence):
    evidence.decided.append(decided(C, "id-c", 1, "h4"))


def count_text_twice(evidence):
    evidence.decided[1]["content_hash"] = "h1"


def show_old_version(evidence):
    evidence.documents[0]["version"] = 1


def fetch_more(evidence):
    evidence.pages[B].add(b"another")


def part_family(evidence):
    evidence.documents[1]["family_id"] = "id-b"


def join_families(evidence):
    evidence.documents[2]["family_id"] = "id-a"


def part_story(evidence):
    evidence.documents[1]["story_id"] = evidence.newest["id-b"]["story_id"] = "id-b"


def count_story_wrongly(evidence):
    evidence.stories["id-a"]["size"] = 3


def keep_topic_behind(evidence):
    evidence.newest["id-a"]["version"] = 1


def announce_nothing(evidence):
    evidence.announced.clear()


def lose_letter(evidence):
    evidence.letters["index"].clear()


def give_other_reason(evidence):
    evidence.letters["index"]["articles", 0, 7] = {"handler-crashed"}


@pytest.mark.parametrize(
    ("plant", "kind"),
    [
        (lose_row, "lost"), (leave_on_its_way, "lost"), (end_wrongly, "wrong"), (double_row, "doubled"),
        (lose_document, "lost"), (double_document, "doubled"), (keep_old_text, "lost"), (garble_text, "wrong"),
        (skip_version, "lost"), (give_version_twice, "doubled"), (count_text_twice, "doubled"),
        (show_old_version, "wrong"), (fetch_more, "wrong"), (part_family, "wrong"), (join_families, "wrong"),
        (part_story, "wrong"), (count_story_wrongly, "wrong"), (keep_topic_behind, "wrong"),
        (announce_nothing, "lost"), (lose_letter, "lost"), (give_other_reason, "wrong"),
    ],
)  # fmt: skip
def test_a_planted_fault_is_found(evidence, plant, kind):
    """Each kind of fault by itself."""
    plant(evidence)
    assert kind in kinds(evidence)


def test_the_auditor_imports_nothing_of_the_product():
    """A fault of the product's own readers could hide what it has done."""
    modules = set()
    for path in Path(audit.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                modules |= {name.name for name in node.names}
            elif isinstance(node, ast.ImportFrom):
                modules.add(node.module)
    assert {name.split(".")[0] for name in modules} & {"newswire", "consumers", "schemas", "kibana"} == set()
    assert {name for name in modules if name.startswith("benchmarks")} <= {
        "benchmarks.chaos.audit.checks",
        "benchmarks.chaos.audit.evidence",
    }


def test_articles_are_the_same_for_a_seed_and_say_what_becomes_of_them():
    """A copy has its original's text and family; a second report its story only; what is copied is not revised."""
    articles = make_articles(300, 20, seed=5)
    assert articles == make_articles(300, 20, seed=5)
    assert len(articles) == 300
    families, stories = {}, {}
    for article in articles:
        families.setdefault(article.family, []).append(article)
        stories.setdefault(article.story, set()).add(article.family)
    copied = [members for members in families.values() if len(members) > 1]
    assert copied
    assert all(len({member.texts for member in members}) == 1 for members in copied)
    assert all(len(member.texts) == 1 for members in copied for member in members)
    assert any(len(parts) > 1 for parts in stories.values())
    assert any(len(article.texts) == 2 for article in articles)
