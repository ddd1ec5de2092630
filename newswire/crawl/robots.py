"""Read a host's robots.txt (RFC 9309) before any other request to it, and store it for all workers."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from protego import Protego

from newswire.crawl.database import Database, fetch_all
from newswire.crawl.robots_ai import AiUse, read_ai_use
from newswire.settings import Settings

MAX_ROBOTS_BYTES: Final = 500 * 1024  # RFC 9309, section 2.5: a parser reads at least 500 KiB; the rest is ignored
UNREACHABLE_TTL_SECONDS: Final = 300.0

_LOAD: Final = """
    SELECT robots_text, robots_status FROM hosts WHERE host = %(host)s AND robots_expires_at > now()
"""
_SAVE: Final = """
    INSERT INTO hosts (host, robots_text, robots_status, robots_expires_at)
    VALUES (%(host)s, %(text)s, %(status)s, now() + %(ttl)s * interval '1 s')
    ON CONFLICT (host) DO UPDATE SET robots_text = excluded.robots_text, robots_status = excluded.robots_status,
        robots_expires_at = excluded.robots_expires_at
"""


@dataclass(frozen=True, slots=True)
class RobotsFile:
    """A robots.txt as it was read: its HTTP status (None: it could not be read) and, if that is 2xx, its text."""

    status: int | None
    text: str | None = None

    @classmethod
    def from_body(cls, status: int, body: bytes) -> RobotsFile:
        """Return the file of a response; of a body over MAX_ROBOTS_BYTES, the lines that end within them."""
        if not 200 <= status < 300:
            return cls(status)
        if len(body) > MAX_ROBOTS_BYTES:  # half a rule may say the opposite: "Allow: /news" cut to "Allow: /"
            line_end = max(body.rfind(end, 0, MAX_ROBOTS_BYTES + 1) for end in (b"\n", b"\r"))
            body = body[: max(line_end, 0)]
        return cls(status, body.decode("utf-8", "replace").replace("\0", ""))  # PostgreSQL's text has no NUL


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules of a robots.txt for our user agent."""

    is_reachable: bool
    parsed: Protego | None = None
    agent: str = ""
    ai_use: AiUse | None = None

    def allows(self, url: str) -> bool:
        """Return whether the address may be fetched."""
        return self.is_reachable and (self.parsed is None or bool(self.parsed.can_fetch(url, self.agent)))

    def allows_ai_use(self, url: str) -> bool | None:
        """Return whether AI may use the text at the address; None if the file does not say."""
        return self.ai_use.allows(url) if self.ai_use else None

    @property
    def sitemaps(self) -> tuple[str, ...]:
        """Return the sitemaps that the file lists."""
        return tuple(self.parsed.sitemaps) if self.parsed else ()

    @property
    def delay_seconds(self) -> float:
        """Return the seconds between requests that the file asks for, 0 if none."""
        if self.parsed is None:
            return 0.0
        rate = self.parsed.request_rate(self.agent)
        per_request = rate.seconds / rate.requests if rate and rate.requests else 0.0
        return max(float(self.parsed.crawl_delay(self.agent) or 0.0), per_request)


def read_rules(file: RobotsFile, agent: str) -> Rules:
    """Return the rules of a file (RFC 9309, 2.3.1): an absent file allows everything, an unreachable one nothing."""
    if file.text is not None:
        text = file.text.removeprefix("\ufeff")
        parsed = Protego.parse(text)
        return Rules(is_reachable=True, parsed=parsed, agent=agent, ai_use=read_ai_use(text, parsed, agent))
    # 429 is among the 4xx but means "not now", not "there is none".
    is_absent = file.status is not None and 400 <= file.status < 500 and file.status != 429
    return Rules(is_reachable=is_absent)


class Robots:
    """The rules of every host, downloaded once for all workers and again when they have expired."""

    def __init__(
        self, database: Database, settings: Settings, download: Callable[[str, float], Awaitable[RobotsFile]]
    ) -> None:
        self._database = database
        self._ttl_seconds = settings.robots_ttl_seconds
        self._agent = re.split(r"[/\s]", settings.user_agent, maxsplit=1)[0]
        self._download = download
        self._known: dict[str, Rules] = {}

    async def rules(self, scheme: str, host: str, deadline: float) -> Rules:
        """Return a host's rules, downloading its robots.txt if no stored one is valid."""
        if host not in self._known:
            file = await self._load(host) or await self._fetch(scheme, host, deadline)
            self._known[host] = read_rules(file, self._agent)
        return self._known[host]

    async def _load(self, host: str) -> RobotsFile | None:
        rows = await fetch_all(self._database, _LOAD, {"host": host})
        return RobotsFile(rows[0]["robots_status"], rows[0]["robots_text"]) if rows else None

    async def _fetch(self, scheme: str, host: str, deadline: float) -> RobotsFile:
        file = await self._download(f"{scheme}://{host}/robots.txt", deadline)
        is_final = read_rules(file, self._agent).is_reachable
        values = {"host": host, "text": file.text, "status": file.status}
        await self._database.execute(
            _SAVE, values | {"ttl": self._ttl_seconds if is_final else UNREACHABLE_TTL_SECONDS}
        )
        return file
