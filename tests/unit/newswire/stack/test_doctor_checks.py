"""The doctor finds what is wrong, and every finding that is not good says how to mend it."""

from __future__ import annotations

import json
import os
import shutil
import socket

import psutil
import pytest

from newswire.settings import STACK_ENV, Settings
from newswire.stack import doctor_checks as checks
from newswire.stack.doctor_checks import Look
from newswire.stack.jars import lock_path, read_lock


@pytest.fixture
def look(tmp_path):
    (tmp_path / "state").mkdir()
    return Look(Settings(_env_file=None, state_dir=tmp_path / "state", cache_dir=tmp_path / "cache"), deep=True)


def found(check, look, level: str):
    """The findings of a level; none may lack a way out."""
    findings = [finding for finding in check(look) if finding.level == level]
    assert all(finding.mend for finding in findings)
    return findings


def test_secrets_that_others_can_read_are_found(look):
    """stack.env must be its owner's alone."""
    secret = look.settings.state_dir / STACK_ENV
    secret.write_text("")
    secret.chmod(0o644)

    assert [finding.topic for finding in found(checks.check_user, look, "bad")] == ["secrets"]


def test_a_full_disk_is_found(look, monkeypatch):
    """Both folders are named, with the settings that move them."""
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(1 << 40, 1 << 40, 1 << 20))

    text = " ".join(finding.mend for finding in found(checks.check_disk, look, "bad"))

    assert "NEWSWIRE_STATE_DIR" in text
    assert "NEWSWIRE_CACHE_DIR" in text


def test_little_memory_is_noted(look, monkeypatch):
    """The whole stack may not fit."""
    little = psutil.virtual_memory()._replace(available=1 << 30)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: little)

    assert found(checks.check_memory, look, "warning")


def test_a_taken_port_is_noted(look):
    """With the name of the server whose port it was."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        ports = {"kafka": server.getsockname()[1]}
        (look.settings.state_dir / "stack.json").write_text(json.dumps({"ports": ports}))
        (finding,) = found(checks.check_ports, look, "warning")

    assert "kafka" in finding.text


def test_a_damaged_jar_is_found_by_a_deep_look(look):
    """A jar that is there but not the lock's is named, with the command that mends it."""
    (jar,) = read_lock(lock_path("ecj"))
    path = jar.within(look.settings.cache_dir / "jars")
    path.parent.mkdir(parents=True)
    path.write_bytes(b"damaged")

    (finding,) = found(checks.check_caches, look, "bad")

    assert str(path) in finding.text
    assert not found(checks.check_caches, Look(look.settings), "bad")


def test_somebody_elses_folder_is_found(look, monkeypatch):
    """A state folder that root made cannot be used by others."""
    monkeypatch.setattr(os, "geteuid", lambda: look.settings.state_dir.stat().st_uid + 1)

    assert any("belongs to" in finding.text for finding in found(checks.check_user, look, "bad"))
