"""Saved states on disk: whole or not at all."""

from __future__ import annotations

import json

import pytest

from newswire.snapshots import Snapshots

EVERYTHING = 10**9


def writing(text):
    def write(folder):
        (folder / "deep").mkdir()
        (folder / "deep" / "state.bin").write_bytes(text)

    return write


def usable(snapshots, up_to=EVERYTHING):
    return [(offset, (path / "deep" / "state.bin").read_bytes()) for offset, path in snapshots.usable(up_to)]


@pytest.fixture
def snapshots(tmp_path):
    return Snapshots(tmp_path / "log", version=1)


def test_the_newest_comes_first(snapshots):
    """A reader tries the shortest replay first."""
    snapshots.save(9, writing(b"nine"))
    snapshots.save(10, writing(b"ten"))
    assert usable(snapshots) == [(10, b"ten"), (9, b"nine")]


def test_what_breaks_while_writing_leaves_the_last_one_in_place(snapshots, tmp_path):
    """A crash half way leaves no half snapshot, and the rest of it goes with the next save."""

    def breaking(folder):
        writing(b"half")(folder)
        raise OSError("no space")

    snapshots.save(1, writing(b"one"))
    with pytest.raises(OSError, match="no space"):
        snapshots.save(2, breaking)
    assert usable(snapshots) == [(1, b"one")]
    snapshots.save(3, writing(b"three"))
    assert sorted(path.name for path in (tmp_path / "log").iterdir()) == [f"{1:020d}", f"{3:020d}"]


def test_saving_the_same_offset_again_replaces_it(snapshots):
    """A replay may come by the same offset."""
    snapshots.save(5, writing(b"old"))
    snapshots.save(5, writing(b"new"))
    assert usable(snapshots) == [(5, b"new")]


def damage_bytes(folder):
    (folder / "deep" / "state.bin").write_bytes(b"other")


def damage_manifest(folder):
    (folder / "manifest.json").write_text("{")


def lie_about_the_offset(folder):
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps(manifest | {"offset": 7}))


def lose_a_file(folder):
    (folder / "deep" / "state.bin").unlink()


def lose_the_manifest(folder):
    (folder / "manifest.json").unlink()


def slip_in_a_file(folder):
    (folder / "deep" / "more.bin").write_bytes(b"")


@pytest.mark.parametrize(
    "damage", [damage_bytes, damage_manifest, lie_about_the_offset, lose_a_file, lose_the_manifest, slip_in_a_file]
)
def test_damage_is_found(snapshots, tmp_path, damage):
    """Nothing but exactly what was saved is loaded."""
    snapshots.save(1, writing(b"one"))
    snapshots.save(2, writing(b"two"))
    damage(tmp_path / "log" / f"{2:020d}")
    assert usable(snapshots) == [(1, b"one")]


def test_another_version_does_not_count(snapshots, tmp_path):
    """The state of old code is no state of the new."""
    snapshots.save(1, writing(b"one"))
    assert usable(Snapshots(tmp_path / "log", version=2)) == []
    assert usable(snapshots) == [(1, b"one")]


def test_what_lies_beyond_the_committed_offset_is_dropped_for_good(snapshots):
    """It knows records that will be decided again."""
    snapshots.save(5, writing(b"five"))
    snapshots.save(8, writing(b"eight"))
    assert usable(snapshots, up_to=6) == [(5, b"five")]
    assert usable(snapshots) == [(5, b"five")]
