"""Renders pages: the templates, and their filters for times, names and URLs."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from babel import Locale
from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined

import newswire
from newswire.text.durations import short_duration


def show_page(request: Request, template: str, status: int = 200, **values: Any) -> HTMLResponse:
    """Return a page; `base` is where the pages are mounted, so that links work inside Airflow too."""
    base = request.scope.get("root_path", "").rstrip("/")
    page = _templates().get_template(template).render(base=base, path=request.url.path.removeprefix(base), **values)
    return HTMLResponse(page, status)


@cache
def _templates() -> Environment:
    templates = Environment(
        loader=PackageLoader("newswire.web"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    templates.filters |= {
        "moment": moment,
        "stamp": stamp,
        "duration": short_duration,
        "web_address": web_address,
        "language": language_name,
        "country": country_name,
        "number": lambda value: f"{value:,}",
        "plural": plural,
    }
    templates.globals["version"] = newswire.__version__
    return templates


def moment(time: datetime) -> str:
    """Return a time for readers: 2 March 2026, 09:00; every page notes that all times are UTC."""
    local = time.astimezone(UTC)
    return f"{local.day} {local:%B %Y, %H:%M}"


def stamp(time: datetime) -> str:
    """Return a time in ISO 8601."""
    return time.astimezone(UTC).isoformat(timespec="seconds")


def web_address(url: str | None) -> str | None:
    """Return a URL that may become a link (http or https, nothing that a browser would run), otherwise None."""
    try:
        parts = urlsplit(url or "")
    except ValueError:
        return None
    return url if parts.scheme in {"http", "https"} and parts.netloc else None


def language_name(code: str) -> str:
    """Return a language's English name, or the code if there is none."""
    return "unknown language" if code == "und" else str(_english().languages.get(code, code))


def country_name(code: str) -> str:
    """Return a country's English name, or the code if there is none."""
    return str(_english().territories.get(code, code))


@cache
def _english() -> Locale:
    return Locale("en")


def plural(count: int, noun: str, nouns: str = "") -> str:
    """Return a count with its noun: 1 copy, 2 copies."""
    return f"{count:,} {noun if count == 1 else nouns or noun + 's'}"
