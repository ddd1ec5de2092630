"""The cascade: from which agreement and length a reading is trusted, just below and just above."""

from __future__ import annotations

import pytest

from consumers.parse.body import cascade
from consumers.parse.body.cascade import _settle, read_body
from consumers.parse.input.tree import Tree


def words(letter, count):
    return " ".join(f"{letter}{number}" for number in range(count))


def tree_of(*texts):
    return Tree(f"<body>{''.join(f'<p>{text}</p>' for text in texts)}</body>")


@pytest.mark.parametrize(("agreeing", "reader"), [(17, "rules"), (16, "rules, alone")])
def test_two_readers_agree_from_nine_tenths(monkeypatch, agreeing, reader):
    """Of 20 equal blocks the density reader has 17 (Dice .92) or 16 (.89)."""
    monkeypatch.setattr(cascade, "read_by_density", lambda blocks: blocks[:agreeing])
    monkeypatch.setattr(cascade, "read_with_trafilatura", lambda *_, **__: "")
    tree = tree_of(*(f"{number:02}" + "a" * 98 for number in range(20)))
    assert read_body(tree, "", None, frozenset()).reader == reader


@pytest.mark.parametrize(("chars", "reader"), [(149, "rules, alone"), (150, "rules")])
def test_a_reading_is_enough_with_more_than_300_characters(monkeypatch, chars, reader):
    """Two paragraphs and the empty line between them: 300 characters are asked about, 302 are not."""
    monkeypatch.setattr(cascade, "read_with_trafilatura", lambda *_, **__: "")
    tree = tree_of("a" * chars, "b" * chars)
    assert read_body(tree, "", None, frozenset()).reader == reader


@pytest.mark.parametrize(("shared", "reader"), [(59, "rules, confirmed by trafilatura"), (58, "trafilatura")])
def test_trafilatura_confirms_from_74_per_cent(monkeypatch, shared, reader):
    """Of our 100 shingles it has 59 (Dice .742) or 58 (.734)."""
    monkeypatch.setattr(cascade, "read_with_trafilatura", lambda *_, **__: words("a", shared + 3))
    assert _settle(words("a", 103), 0.0, tree_of("a")).reader == reader


@pytest.mark.parametrize(
    ("own", "declared", "is_taken"), [(100, 400, False), (100, 401, True), (400, 600, False), (400, 601, True)]
)
def test_jsonld_replaces_what_is_half_as_long_again(monkeypatch, own, declared, is_taken):
    """By more than 400 characters, and by more than half of our reading."""
    monkeypatch.setattr(cascade, "read_with_trafilatura", lambda *_, **__: "")
    tree = tree_of("a" * own)
    assert (read_body(tree, "", "b" * declared, frozenset()).reader == "jsonld") == is_taken
