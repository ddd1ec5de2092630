"""The sources, one YAML file an outlet: read, checked and handed to DAGs, discovery and fetch."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from newswire.errors import ConfigError
from newswire.settings import Settings
from newswire.sources.rules import SiteRule
from newswire.text.urls import clean_url, host_of

MAX_FILE_BYTES: Final = 200_000
_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # ten times faster where libyaml is there
TierName = Literal["15m", "hourly", "daily"]


@dataclass(frozen=True, slots=True)
class ScheduleTier:
    """How often a group of sources is crawled; a run should end within the deadline."""

    schedule: str
    title: str
    deadline_minutes: int


# Off the full hour: that is when every other crawler comes, and the scheduler's own worst moment.
TIERS: Final[dict[TierName, ScheduleTier]] = {
    "15m": ScheduleTier("4-59/15 * * * *", "Every quarter of an hour", 15),
    "hourly": ScheduleTier("17 * * * *", "Every hour", 45),
    "daily": ScheduleTier("41 5 * * *", "Every day", 180),
}


def _web_address(value: str) -> str:
    cleaned = clean_url(value)
    if cleaned is None:
        raise ValueError("is no http or https address")
    return cleaned


def _pattern(value: str) -> str:
    try:
        re.compile(value)
    except re.error as error:
        raise ValueError(f"is no regular expression: {error}") from error
    return value


def _host(value: str) -> str:
    if not value or host_of(f"http://{value}") != value:
        raise ValueError(
            "is no host; write it in lower case, without scheme and path, with a port of its own if it has one"
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
    """How many articles a day are normal; fewer or more is worth a look."""

    min: Annotated[int, Field(ge=0)] = 0
    max: Annotated[int, Field(ge=1)] = 1_000

    @model_validator(mode="after")
    def _in_order(self) -> ExpectedPerDay:
        if self.min > self.max:
            raise ValueError("min is greater than max")
        return self


class Source(_Part):
    """One outlet: where its articles are announced, and how it wishes to be treated."""

    id: SourceId = Field(description="the file's name without .yml; may be left out")
    title: Text = Field(description="the outlet's name, as readers know it")
    owner: Text = Field(description="who answers for this source")
    tier: TierName = Field(default="hourly", description="how often it is crawled")
    enabled: bool = True
    language: Annotated[str, StringConstraints(pattern="^[a-z]{2,3}$")] | None = None
    country: Annotated[str, StringConstraints(pattern="^[A-Z]{2}$")] | None = None
    is_agency: bool = Field(default=False, description="a news agency: its telling leads those who carry its text")
    hosts: tuple[Host, ...] = Field(
        default=(), description="where articles are fetched; left out: the hosts of the lists"
    )
    feeds: tuple[Url, ...] = Field(default=(), description="RSS, Atom or RDF")
    sitemaps: tuple[Url, ...] = Field(default=(), description="news sitemaps, or an index of them")
    front_pages: tuple[Url, ...] = Field(default=(), description="pages whose links are articles where `allow` says so")
    delay_seconds: Annotated[float, Field(ge=0, le=3600)] | None = Field(
        default=None, description="between two requests to a host; robots.txt may ask for more"
    )
    expected_per_day: ExpectedPerDay | None = None
    max_age_days: Annotated[int, Field(ge=1)] | None = Field(
        default=None, description="older entries of the lists are left alone"
    )
    allow: tuple[Pattern, ...] = Field(default=(), description="only addresses in which one of these is found")
    deny: tuple[Pattern, ...] = Field(default=(), description="no address in which one of these is found")
    rules: tuple[SiteRule, ...] = Field(
        default=(), description="how pages are read where parse errs; of those valid, the first that finds something"
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
            raise ValueError("has no feed, no sitemap and no front page: nothing could be found")
        if self.front_pages and not self.allow:
            raise ValueError("has front_pages but no `allow`: which links are articles?")
        return self

    @property
    def host(self) -> str:
        """Return the first host."""
        return self.hosts[0]

    def wants(self, url: str) -> bool:
        """Whether the source's own patterns let an address in."""
        if any(re.search(pattern, url) for pattern in self.deny):
            return False
        return not self.allow or any(re.search(pattern, url) for pattern in self.allow)


@dataclass(frozen=True, slots=True)
class BrokenSource:
    """A file that is no source, and why."""

    path: Path
    reason: str


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All sources by id, in order, and the files that are none."""

    sources: dict[str, Source]
    broken: tuple[BrokenSource, ...] = ()

    def enabled(self, tier: TierName | None = None) -> list[Source]:
        """Return the sources that are crawled, or those of one tier."""
        return [s for s in self.sources.values() if s.enabled and tier in {None, s.tier}]

    def choose(self, source_id: str) -> Source:
        """Return the source that someone named; raises ConfigError with the reason or with names that are near."""
        if source_id in self.sources:
            return self.sources[source_id]
        if reason := next((entry.reason for entry in self.broken if entry.path.stem == source_id), None):
            raise ConfigError(f"the file of source {source_id} is broken: {reason}")
        near = difflib.get_close_matches(source_id, self.sources, n=3)
        hint = f"did you mean {', '.join(near)}?" if near else "`newswire sources list` shows them all"
        raise ConfigError(f"there is no source {source_id}; {hint}")


def load_catalogue(settings: Settings) -> Catalogue:
    """Read every source file; a broken one stops only itself and is named."""
    sources: dict[str, Source] = {}
    broken: list[BrokenSource] = []
    for path in source_files(settings):
        try:
            source = read_source(path)
            if source.id in sources:
                raise ValueError(f"another folder has a source {source.id!r}; rename one of them")  # noqa: TRY301 - one way to say why
        except (ValueError, OSError) as error:
            broken.append(BrokenSource(path, str(error)))
        else:
            sources[source.id] = source
    missing = [folder for folder in settings.sources_dirs if not folder.is_dir()]
    broken += [BrokenSource(folder, "there is no such folder; see NEWSWIRE_SOURCES_DIRS") for folder in missing]
    return Catalogue(dict(sorted(sources.items())), tuple(broken))


def source_files(settings: Settings) -> Iterator[Path]:
    """Yield the files of all folders, in order; where two have the same name, the first counts."""
    for folder in settings.sources_dirs:
        yield from sorted(folder.glob("*.yml"))


def read_source(path: Path) -> Source:
    """Read one file; raises ValueError with a reason in one line, or OSError."""
    raw = path.read_bytes()
    if len(raw) > MAX_FILE_BYTES:
        raise ValueError(f"is {len(raw)} bytes long; a source has at most {MAX_FILE_BYTES}")
    try:
        values = yaml.load(raw, _LOADER)  # noqa: S506 - a safe loader, the C one
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"is no YAML: {' '.join(str(error).split())[:300]}") from error
    if not isinstance(values, dict):
        raise ValueError("is no mapping of names to values")  # noqa: TRY004 - callers tell a broken file by ValueError
    if values.setdefault("id", path.stem) != path.stem:
        raise ValueError(f"says id {values['id']!r}, but its name says {path.stem!r}")
    try:
        return Source.model_validate(values)
    except ValidationError as error:
        whole = yaml.compose(raw, _LOADER)
        raise ValueError("; ".join(_in_words(found, whole) for found in error.errors())) from error


def _in_words(error: Any, whole: yaml.Node | None) -> str:
    where = ".".join(str(part) for part in error["loc"])
    text = f"{where}: {error['msg'].removeprefix('Value error, ')}".removeprefix(": ")
    line = _line_of(error["loc"], whole)
    return f"line {line}: {text}" if line else text


def _line_of(path: Iterable[str | int], node: yaml.Node | None) -> int | None:
    """Return the line of the innermost value on a path through the file; None where it has none of its own."""
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
