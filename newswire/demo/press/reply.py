"""One response of an outlet's server."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from hashlib import sha256
from http import HTTPStatus

HTML = "text/html; charset=utf-8"
XML = "application/xml; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Reply:
    """Body and headers of a response; `etag` may be wrong on purpose."""

    body: bytes
    content_type: str = HTML
    status: HTTPStatus = HTTPStatus.OK
    headers: dict[str, str] = field(default_factory=dict)
    modified: dt.datetime | None = None
    declared_etag: str = ""
    retry_after_seconds: int = 0

    @property
    def etag(self) -> str:
        """Return the validator, by default the hash of the body."""
        return self.declared_etag or f'"{sha256(self.body).hexdigest()[:20]}"'
