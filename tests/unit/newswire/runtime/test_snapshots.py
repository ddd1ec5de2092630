"""Saved states on disk: whole or not at all."""

from __future__ import annotations

import json

import numpy as np
import pytest

from newswire.runtime import snapshots as module
from newswire.runtime.snapshots import Snapshots, freeze

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


def test_what_never_changes_is_written_and_read_once(snapshots, tmp_path, monkeypatch):
    """A state of gigabytes that has learnt a little is saved in no time, however old the file's first snapshot is."""
    numbers, written = np.arange(5), []

    def write(folder):
        written.append(freeze((numbers, numbers + 1), written[-1] if written else None, folder / "block.npy"))

    snapshots.save(1, write)
    monkeypatch.setattr(module, "_checksum", lambda path: pytest.fail(f"{path} was read again"))
    for offset in (2, 3, 4):
        snapshots.save(offset, write)
    monkeypatch.undo()
    [(offset, path), _] = snapshots.usable(EVERYTHING)
    with (path / "block.npy").open("rb") as file:
        assert [np.load(file).tolist(), np.load(file).tolist()] == [[0, 1, 2, 3, 4], [1, 2, 3, 4, 5]]
    assert (offset, len({file.descriptor for file in written})) == (4, 1)


def test_a_damaged_block_is_found_in_every_snapshot_that_links_it(snapshots, tmp_path):
    """A checksum that was taken over still tells."""
    file = []

    def write(folder):
        file.append(freeze((np.arange(5),), file[-1] if file else None, folder / "block.npy"))

    snapshots.save(1, write)
    snapshots.save(2, write)
    with (tmp_path / "log" / f"{2:020d}" / "block.npy").open("r+b") as block:
        block.write(b"x")
    assert list(snapshots.usable(EVERYTHING)) == []


def test_a_block_whose_names_are_gone_is_written_anew(tmp_path):
    """Someone may delete all snapshots under a running stage."""
    numbers = np.arange(5)
    first = freeze((numbers,), None, tmp_path / "first.npy")
    (tmp_path / "first.npy").unlink()
    second = freeze((numbers,), first, tmp_path / "second.npy")
    assert second is not first
    assert np.load(tmp_path / "second.npy").tolist() == numbers.tolist()
