"""Where root keeps PostgreSQL's data, now that the state folder is closed to everybody else."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from newswire.stack import postgres as postgres_module
from newswire.stack.postgres import Postgres, move_owned

NOBODY = 65534
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root hands the data to another user")


@pytest.fixture
def old(tmp_path, monkeypatch):
    """A stack of root whose data an earlier release kept in the state folder."""
    monkeypatch.setattr(postgres_module, "OPEN_FOLDER", tmp_path / "open")
    folder = tmp_path / "state" / "postgres"
    (folder / "data" / "base").mkdir(parents=True)
    (folder / "data" / "base" / "1").write_text("rows")
    (folder / "data" / "link").symlink_to("base")
    (folder / "superuser.password").write_text("kept")
    (folder / "databases").write_text("newswire airflow")
    for path in (folder / "data", *(folder / "data").rglob("*")):
        os.chown(path, NOBODY, NOBODY, follow_symlinks=False)
    return Postgres(folder, port=1)


def check(old):
    old.prepare()
    assert old.data.is_relative_to(postgres_module.OPEN_FOLDER)
    assert (old.data / "base" / "1").read_text() == "rows"
    assert (old.data / "base" / "1").stat().st_uid == NOBODY
    assert (old.data / "link").is_symlink()
    assert (old.home / "superuser.password").read_text() == "kept"
    assert not (old.folder / "data").exists()
    assert not (old.folder / "superuser.password").exists()
    assert not list(old.home.glob(".part-*"))


@as_root
def test_old_data_is_moved_with_its_password(old):
    """An upgrade keeps every row, and a second start moves nothing."""
    check(old)
    check(old)


@as_root
def test_old_data_is_copied_to_another_file_system(old, monkeypatch):
    """The copy is complete, with its owners, before the old data goes."""
    rename = Path.rename

    def refuse_moves(self, target):
        if self.parent == old.folder:
            raise OSError(errno.EXDEV, "Invalid cross-device link")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", refuse_moves)
    check(old)


def test_a_move_that_fails_leaves_the_old_data(tmp_path):
    """Any other error is raised, and nothing is lost."""
    (tmp_path / "old").write_text("rows")
    with pytest.raises(FileNotFoundError):
        move_owned(tmp_path / "old", tmp_path / "missing" / "new")
    assert (tmp_path / "old").read_text() == "rows"
