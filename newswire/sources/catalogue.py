"""The source catalogue: one YAML file per outlet, read and checked for the DAGs, discovery and fetch."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from newswire.errors import ConfigError
from newswire.settings import Settings
from newswire.sources.rules import SiteRule
from newswire.sources.schedule import TierName
from newswire.text.urls import clean_url, host_of

MAX_FILE_BYTES: Final = 200_000
_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # ten times faster, if libyaml is installed


def _web_address(value: str) -> str:
    cleaned = clean_url(value)
    if cleaned is None:
        raise ValueError("not a valid http or https URL; write it like https://example.com/feed")
    return cleaned


def _pattern(value: str) -> str:
    try:
        re.compile(value)
    except re.error as error:
        raise ValueError(f"not a valid regular expression: {error}") from error
    return value


def _host(value: str) -> str:
    if not value or host_of(f"http://{value}") != value:
        raise ValueError(
            "not a valid host name: write it in lower case, without scheme and path, and with the port only if it is "
            "not the default"
        )
    return value


Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Url = Annotated[str, AfterValidator(_web_address)]
Host = Annotated[str, AfterValidator(_host)]
Pattern = Annotated[str, AfterValidator(_pattern)]
SourceId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9-]{0,60}[a-z0-9])?$")]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ExpectedPerDay(_Part):
    """The normal number of articles per day; the health report points out sources outside it."""

    min: Annotated[int, Field(ge=0)] = 0
    max: Annotated[int, Field(ge=1)] = 1_000

    @model_validator(mode="after")
    def _in_order(self) -> ExpectedPerDay:
        if self.min > self.max:
            raise ValueError("min is greater than max; swap them or raise max")
        return self


class Source(_Part):
    """One outlet: the lists that announce its articles, and how to crawl it."""

    id: SourceId = Field(description="the file name without .yml; optional")
    title: Text = Field(description="the outlet's name as readers know it")
    owner: Text = Field(description="who is responsible for this source")
    tier: TierName = Field(default="hourly", description="how often it is crawled")
    enabled: bool = True
    language: Annotated[str, StringConstraints(pattern="^[a-z]{2,3}$")] | None = None
    country: Annotated[str, StringConstraints(pattern="^[A-Z]{2}$")] | None = None
    is_agency: bool = Field(default=False, description="a news agency: it represents the copies that others carry")
    hosts: tuple[Host, ...] = Field(
        default=(), description="hosts from which articles are fetched; by default those of the lists"
    )
    feeds: tuple[Url, ...] = Field(default=(), description="RSS, Atom or RDF")
    sitemaps: tuple[Url, ...] = Field(default=(), description="news sitemaps, or sitemap indexes")
    front_pages: tuple[Url, ...] = Field(default=(), description="pages whose links are articles if they match `allow`")
    delay_seconds: Annotated[float, Field(ge=0, le=3600)] | None = Field(
        default=None, description="seconds between two requests to a host; robots.txt may ask for more"
    )
    expected_per_day: ExpectedPerDay | None = None
    max_age_days: Annotated[int, Field(ge=1)] | None = Field(
        default=None, description="ignore entries of the lists that are older"
    )
    allow: tuple[Pattern, ...] = Field(default=(), description="patterns (regular expressions); other URLs are skipped")
    deny: tuple[Pattern, ...] = Field(default=(), description="patterns of URLs that are skipped")
    rules: tuple[SiteRule, ...] = Field(
        default=(),
        description="how to read pages that parse gets wrong; the first rule that finds something counts",
    )

    @model_validator(mode="before")
    @classmethod
    def _fill_in_hosts(cls, values: Any) -> Any:
        if isinstance(values, dict) and not values.get("hosts"):
            lists = [values.get(name) for name in ("feeds", "sitemaps", "front_pages")]
            urls = [url for entries in lists if isinstance(entries, list | tuple) for url in entries]
            hosts = [host_of(clean_url(url) or "") for url in urls if isinstance(url, str)]
            return values | {"hosts": tuple(dict.fromkeys(host for host in hosts if host))}
        return values

    @model_validator(mode="after")
    def _is_reachable(self) -> Source:
        if not (self.feeds or self.sitemaps or self.front_pages):
            raise ValueError("no feeds, sitemaps or front_pages: give at least one, or no article can be found")
        if self.front_pages and not self.allow:
            raise ValueError("front_pages without `allow`: give patterns that match the links to articles")
        return self

    @property
    def host(self) -> str:
        """Return the first host."""
        return self.hosts[0]

    def admits(self, url: str) -> bool:
        """Return whether the source's `allow` and `deny` patterns admit an address."""
        if any(re.search(pattern, url) for pattern in self.deny):
            return False
        return not self.allow or any(re.search(pattern, url) for pattern in self.allow)


@dataclass(frozen=True, slots=True)
class BrokenSource:
    """A file that could not be read as a source, and why."""

    path: Path
    reason: str


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All sources by id, in order, and the files that could not be read."""

    sources: dict[str, Source]
    broken: tuple[BrokenSource, ...] = ()

    def enabled(self, tier: TierName | None = None) -> list[Source]:
        """Return the enabled sources, or those of one tier."""
        return [s for s in self.sources.values() if s.enabled and tier in {None, s.tier}]

    def choose(self, source_id: str) -> Source:
        """Return a source by id; raises ConfigError with the file's fault or with similar ids."""
        if source_id in self.sources:
            return self.sources[source_id]
        if reason := next((entry.reason for entry in self.broken if entry.path.stem == source_id), None):
            raise ConfigError(f"the file of source {source_id} has an error, fix it: {reason}")
        similar = difflib.get_close_matches(source_id, self.sources, n=3)
        hint = f"did you mean {', '.join(similar)}?" if similar else "`newswire sources list` lists all"
        raise ConfigError(f"there is no source {source_id}; {hint}")


def load_catalogue(settings: Settings) -> Catalogue:
    """Read every source file; one with an error is listed as broken and does not affect the others."""
    sources: dict[str, Source] = {}
    broken: list[BrokenSource] = []
    for path in source_files(settings):
        try:
            source = read_source(path)
            if source.id in sources:
                raise ValueError(f"another folder has a source {source.id!r} too; rename one of the files")  # noqa: TRY301 - reported as other faults are
        except (ValueError, OSError) as error:
            broken.append(BrokenSource(path, str(error)))
        else:
            sources[source.id] = source
    missing = [folder for folder in settings.sources_dirs if not folder.is_dir()]
    broken += [BrokenSource(folder, "there is no such folder; correct NEWSWIRE_SOURCES_DIRS") for folder in missing]
    return Catalogue(dict(sorted(sources.items())), tuple(broken))


def source_files(settings: Settings) -> Iterator[Path]:
    """Yield the files of all folders, in order; of two with the same name, the first counts."""
    for folder in settings.sources_dirs:
        yield from sorted(folder.glob("*.yml"))


def read_source(path: Path) -> Source:
    """Read one file; raises ValueError with a one-line reason, or OSError."""
    raw = path.read_bytes()
    if len(raw) > MAX_FILE_BYTES:
        raise ValueError(f"too long: {len(raw)} bytes; a source file has at most {MAX_FILE_BYTES}")
    try:
        values = yaml.load(raw, _LOADER)  # noqa: S506 - a safe loader, the C one
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"not valid YAML: {' '.join(str(error).split())[:300]}") from error
    if not isinstance(values, dict):
        raise ValueError("not a mapping of names to values; start with `title: ...`")  # noqa: TRY004 - a broken file is a ValueError
    if values.setdefault("id", path.stem) != path.stem:
        raise ValueError(f"id {values['id']!r} differs from the file name {path.stem!r}; remove it or rename the file")
    try:
        return Source.model_validate(values)
    except ValidationError as error:
        document = yaml.compose(raw, _LOADER)
        raise ValueError("; ".join(_describe(fault, document) for fault in error.errors())) from error


def _describe(error: Any, document: yaml.Node | None) -> str:
    where = ".".join(str(part) for part in error["loc"])
    text = f"{where}: {error['msg'].removeprefix('Value error, ')}".removeprefix(": ")
    line = _line_of(error["loc"], document)
    return f"line {line}: {text}" if line else text


def _line_of(path: Iterable[str | int], node: yaml.Node | None) -> int | None:
    """Return the line of the innermost value on a path through the file; None if nothing on the path is in the file."""
    line = None
    for part in path:
        if isinstance(node, yaml.MappingNode):
            node = next((value for key, value in node.value if key.value == part), None)
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
        else:
            break
        line = node.start_mark.line + 1 if node else line
    return line


def source_schema() -> dict[str, Any]:
    """Return the JSON Schema of a source file, for editors and for `sources/source.schema.json`."""
    schema = Source.model_json_schema()
    schema["required"] = [name for name in schema["required"] if name != "id"]
    return {"$schema": "https://json-schema.org/draft/2020-12/schema"} | schema
