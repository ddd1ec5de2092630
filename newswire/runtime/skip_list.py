"""Offsets that a stage passes over because a person decided so: the last resort for a record that ends the process."""

from __future__ import annotations

from pathlib import Path

import msgspec

from newswire.errors import ConfigError
from newswire.kafka.protocols import Raw
from newswire.stage import Reject


class Skip(msgspec.Struct, frozen=True, kw_only=True):
    """One record to pass over, who wants it and why; `topic` is without the prefix."""

    topic: str
    partition: int
    offset: int
    by: str
    why: str
    at: str


def skip_file(state_dir: Path, stage: str) -> Path:
    """Return the file that holds a stage's skips."""
    return state_dir / "skips" / f"{stage}.json"


def add_skip(state_dir: Path, stage: str, skip: Skip) -> None:
    """Note a record to pass over; it counts from the stage's next start on."""
    path = skip_file(state_dir, stage)
    path.parent.mkdir(parents=True, exist_ok=True)
    known = [each for each in read_skips(state_dir, stage) if _place(each) != _place(skip)]
    draft = path.with_suffix(".new")
    draft.write_bytes(msgspec.json.format(msgspec.json.encode([*known, skip])))
    draft.replace(path)


def read_skips(state_dir: Path, stage: str) -> list[Skip]:
    """Return a stage's skips; raises ConfigError where the file is not as `add_skip` writes it."""
    path = skip_file(state_dir, stage)
    try:
        return msgspec.json.decode(path.read_bytes(), type=list[Skip])
    except FileNotFoundError:
        return []
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read ({error}); correct or delete it") from error


class SkipList:
    """What a running stage passes over."""

    def __init__(self, state_dir: Path, stage: str, topic_prefix: str = "") -> None:
        self._prefix = topic_prefix
        self._skips = {_place(skip): skip for skip in read_skips(state_dir, stage)}

    def find(self, raw: Raw) -> Reject | None:
        """Return the rejection of a record that is to be passed over; None for all others."""
        if not self._skips:
            return None
        skip = self._skips.get((raw.topic.removeprefix(self._prefix), raw.partition, raw.offset))
        return Reject("skipped", f"by {skip.by} at {skip.at}: {skip.why}") if skip else None


def _place(skip: Skip) -> tuple[str, int, int]:
    return skip.topic, skip.partition, skip.offset
