"""Files and folders that only their owner may read."""

from __future__ import annotations

import os
import secrets
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
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        half = path.with_suffix(".new")  # a process killed in between must not leave an empty secret
        half.unlink(missing_ok=True)
        with os.fdopen(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(24))
        half.rename(path)
    return path.read_text("utf-8")
