"""The texts of dedupe's window on disk."""

from __future__ import annotations

from consumers.dedupe import shingle_store as module
from consumers.dedupe.shingle_store import ShingleStore


def save(texts, folder):
    folder.mkdir()
    texts.save(folder)
    return {path.name: path.stat().st_ino for path in folder.iterdir()}


def test_a_snapshot_copies_nothing_but_the_newest_texts(tmp_path, monkeypatch):
    """Gigabytes of older texts are there once, whoever holds them: the state, its snapshots, its next life."""
    monkeypatch.setattr(module, "SEGMENT_BYTES", 10)
    texts = ShingleStore(tmp_path / "work")
    places = [texts.append(raw) for raw in (b"first", b"second", b"third")]
    one, two = save(texts, tmp_path / "one"), save(texts, tmp_path / "two")
    assert len(one) == 3
    assert [one[name] == two[name] for name in sorted(one)] == [True, True, False]
    loaded = ShingleStore(tmp_path / "work")
    loaded.load(tmp_path / "two")
    assert [loaded.read(place, 5) for place in places] == [b"first", b"secon", b"third"]
    loaded.append(b"fourth")
    three = save(loaded, tmp_path / "three")
    assert [two[name] == three[name] for name in sorted(two)] == [True, True, True]


def test_texts_that_left_the_window_are_given_back(tmp_path, monkeypatch):
    """A snapshot holds what can still be asked for, and the segment that it begins in."""
    monkeypatch.setattr(module, "SEGMENT_BYTES", 10)
    texts = ShingleStore(tmp_path / "work")
    places = [texts.append(b"x" * 8) for _ in range(4)]
    texts.forget(places[2])
    assert sorted(save(texts, tmp_path / "saved")) == ["texts-000002", "texts-000003"]
    assert texts.read(places[2], 8) == b"x" * 8
