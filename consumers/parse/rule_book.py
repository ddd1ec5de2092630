"""Keep the site rules of all sources, and read changed files again before each batch."""

from __future__ import annotations

from pathlib import Path

import structlog

from newswire.settings import Settings
from newswire.sources.catalogue import read_source, source_files
from newswire.sources.rules import SiteRule

log = structlog.get_logger()

_Stamp = tuple[int, int]


class RuleBook:
    """The rules of every source; if a changed file is broken, its last good rules are kept."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._stamps: dict[Path, _Stamp] = {}
        self._rules: dict[Path, tuple[SiteRule, ...]] = {}
        self._paths: dict[str, Path] = {}

    def refresh(self) -> None:
        """Read the files that have changed; call it before each batch, as it costs one stat per file."""
        paths = list(source_files(self._settings))
        for path in paths:
            if (stamp := _stamp(path)) != self._stamps.get(path):
                self._read(path)
                self._stamps[path] = stamp
        for path in self._stamps.keys() - set(paths):
            del self._stamps[path]
            self._rules.pop(path, None)
        self._paths = {path.stem: path for path in reversed(paths)}

    def rules_of(self, source: str) -> tuple[SiteRule, ...]:
        """Return the rules of a source; none if it is unknown."""
        path = self._paths.get(source)
        return self._rules.get(path, ()) if path else ()

    def _read(self, path: Path) -> None:
        try:
            self._rules[path] = read_source(path).rules
        except (ValueError, OSError) as error:
            log.warning("parse.source_broken", path=str(path), error=str(error), keeps_rules=path in self._rules)


def _stamp(path: Path) -> _Stamp:
    try:
        found = path.stat()
    except OSError:  # gone since the folder was listed
        return (0, 0)
    return (found.st_mtime_ns, found.st_size)
