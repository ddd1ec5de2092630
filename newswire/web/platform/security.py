"""Security of the web pages: headers that allow nothing but our own files, known host names, masked secrets."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final
from urllib.parse import urlsplit

from pydantic import SecretStr
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from newswire.settings import Settings

# Airflow shows these pages in a frame of its own.
POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'self'"
)
HEADERS: Final = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
MASK: Final = "***"
_CREDENTIALS_IN_URL = re.compile(r"(?<=://)[^/\s@]+(?=@)")


class SecurityHeaders:
    """Adds the headers to every answer; browsers do not store pages, and revalidate static files."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and add the headers to the answer."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(HEADERS)
                headers.setdefault("Cache-Control", "no-cache" if "etag" in headers else "no-store")
            await send(message)

        await self._app(scope, receive, send_with_headers)


class TrustedHosts:
    """Answers only requests for known host names, where no login protects the pages.

    Otherwise another site could read them in a visitor's browser, through a name of its own that resolves to loopback
    (DNS rebinding). Starlette's TrustedHostMiddleware does not serve here: it splits the host at the first colon and so
    never accepts `[::1]:8000`, and its answer, a bare 400, names neither the host nor the setting. 421 is what RFC 9110
    (section 15.5.20) has for a host that a server does not answer for.
    """

    def __init__(self, app: ASGIApp, names: Sequence[str]) -> None:
        self._app = app
        self._names = frozenset(names)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on if its host name is known, otherwise answer 421."""
        if scope["type"] == "http" and (name := _name_of(scope)) not in self._names:
            text = f"{name!r} is not a host name of these pages; add it to NEWSWIRE_WEB_NAMES if it should be.\n"
            await PlainTextResponse(text, 421)(scope, receive, send)
        else:
            await self._app(scope, receive, send)


def mask_secrets(text: str, settings: Settings) -> str:
    """Return the text without the values of secret settings, and without credentials in URLs."""
    secrets = [value.get_secret_value() for _, value in settings if isinstance(value, SecretStr)]
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        text = text.replace(secret, MASK)
    return _CREDENTIALS_IN_URL.sub(MASK, text)


def _name_of(scope: Scope) -> str | None:
    try:
        return urlsplit(f"//{Headers(scope=scope).get('host', '')}").hostname
    except ValueError:
        return None
