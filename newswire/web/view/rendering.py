"""Turns what was read into pages: the templates, and how times, names and addresses from the web are shown."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from babel import Locale
from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined

import newswire


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
        "span": span,
        "web_address": web_address,
        "language": language_name,
        "country": country_name,
        "number": lambda value: f"{value:,}",
        "plural": plural,
    }
    templates.globals["version"] = newswire.__version__
    return templates


def moment(time: datetime) -> str:
    """Write a time for readers: 2 March 2026, 09:00; every page says that all times are UTC."""
    local = time.astimezone(UTC)
    return f"{local.day} {local:%B %Y, %H:%M}"


def stamp(time: datetime) -> str:
    """Write a time for a machine."""
    return time.astimezone(UTC).isoformat(timespec="seconds")


def span(length: timedelta | float) -> str:
    """Write a length of time in its two largest units: 45 s, 3 min, 2 h 5 min, 4 d 3 h."""
    seconds = round(abs(length.total_seconds() if isinstance(length, timedelta) else length))
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    if days:
        large, small = f"{days} d", f"{hours % 24} h" if hours % 24 else ""
    elif hours:
        large, small = f"{hours} h", f"{minutes % 60} min" if minutes % 60 else ""
    else:
        large, small = (f"{minutes} min", "") if minutes else (f"{seconds} s", "")
    return f"{large} {small}".strip()


def web_address(url: str | None) -> str | None:
    """Return an address that may become a link: http or https, nothing that a browser would run."""
    try:
        parts = urlsplit(url or "")
    except ValueError:
        return None
    return url if parts.scheme in {"http", "https"} and parts.netloc else None


def language_name(code: str) -> str:
    """Return a language's English name, or the code where it has none."""
    return "unknown language" if code == "und" else str(_english().languages.get(code, code))


def country_name(code: str) -> str:
    """Return a country's English name, or the code where it has none."""
    return str(_english().territories.get(code, code))


@cache
def _english() -> Locale:
    return Locale("en")


def plural(count: int, noun: str, nouns: str = "") -> str:
    """Return a count with its noun: 1 copy, 2 copies."""
    return f"{count:,} {noun if count == 1 else nouns or noun + 's'}"
