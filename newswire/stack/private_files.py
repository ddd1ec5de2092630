"""Files and folders that only their owner may read."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterable
from pathlib import Path

PRIVATE_UMASK = 0o077  # of every process of the stack


def ensure_private_folder(folder: Path) -> Path:
    """Make a folder that only its owner may enter, and close one that others could; return it."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder.chmod(0o700)
    return folder


def close_state(state_dir: Path) -> None:
    """Close the state folder and the folders in it, which an earlier release left open."""
    ensure_private_folder(state_dir)
    ensure_private_folder(state_dir / "logs")
    for path in state_dir.iterdir():
        if path.is_dir() and not path.is_symlink():
            path.chmod(0o700)


def keep_secret(path: Path) -> str:
    """Return the secret in a file that only its owner can read; make it at the first call."""
    if not path.exists():
        write_private(path, secrets.token_urlsafe(24))
    return path.read_text("utf-8")


def keep_passwords(path: Path, users: Iterable[str]) -> dict[str, str]:
    """Return a password for every user, from a JSON file that only its owner can read; make those that are missing."""
    kept: dict[str, str] = json.loads(path.read_text("utf-8")) if path.exists() else {}
    passwords = {user: kept.get(user) or secrets.token_urlsafe(24) for user in users}
    if passwords != kept:
        write_private(path, json.dumps(passwords, indent=1))
    return passwords


def write_private(path: Path, text: str, encoding: str = "utf-8", errors: str = "strict") -> None:
    """Write a file that only its owner can read, in one step: a process killed in between leaves no half of it."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    half = path.with_name(f".{path.name}.new")
    half.unlink(missing_ok=True)
    with os.fdopen(
        os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding=encoding, errors=errors
    ) as file:
        file.write(text)
    half.replace(path)
