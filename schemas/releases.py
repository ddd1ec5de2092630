"""The contracts as a release had them: read from a folder, from git, or from schemas/released."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parent
RELEASED = FOLDER / "released"  # one folder a release: topics.yml, json/ and examples/, never edited again
PARTS = ("topics.yml", "json", "examples")


@dataclass(frozen=True, slots=True)
class Contract:
    """One topic at one time: its entry in topics.yml and the JSON Schema of its message."""

    entry: dict[str, Any]
    schema: dict[str, Any]


Contracts = dict[str, Contract]


def released_folders() -> list[Path]:
    """Return the folder of every release, oldest first."""
    return sorted((path for path in RELEASED.iterdir() if path.is_dir()), key=lambda path: release_key(path.name))


def release_key(name: str) -> tuple[int, ...]:
    """Return what releases are ordered by: 0.10.0 comes after 0.9.0."""
    return tuple(int(part) for part in name.split(".") if part.isdigit())


def read_folder(folder: Path = FOLDER) -> Contracts:
    """Read the contracts of a `schemas` folder or of a release; raises FileNotFoundError where it is none."""
    return _read(lambda name: (folder / name).read_text("utf-8"))


def read_git(ref: str) -> Contracts:
    """Read the contracts as they stand in a commit, branch or tag; raises CalledProcessError."""
    return _read(lambda name: _git("show", f"{ref}:./{name}"))


def _read(read: Callable[[str], str]) -> Contracts:
    whole = yaml.safe_load(read("topics.yml"))
    found = {}
    for name, entry in whole["topics"].items():
        places = {"language_partitions": whole["language_partitions"]} if entry.get("by_language") else {}
        found[name] = Contract(entry | places, json.loads(read(f"json/{name}.v{entry['version']}.json")))
    return found


def _git(*words: str) -> str:
    command = ["git", "-C", str(FOLDER), *words]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout
