"""Write the source files with which the crawl reads the outlets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from newswire.demo.press.content import Outlet, Press, read_press

OWNER = "The demo press (newswire/demo/press)"


def write_sources(folder: Path, port: int, press: Press | None = None) -> tuple[Path, ...]:
    """Write a source file for each outlet and return their paths; earlier files are overwritten."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for outlet in (press or read_press()).outlets.values():
        path = folder / f"{outlet.id}.yml"
        text = yaml.safe_dump(describe_source(outlet, port), allow_unicode=True, sort_keys=False)
        fresh = path.with_suffix(".new")
        fresh.write_text(f"# Written by the demo press; fictional.\n{text}", encoding="utf-8")
        fresh.replace(path)
        paths.append(path)
    return tuple(paths)


def describe_source(outlet: Outlet, port: int) -> dict[str, Any]:
    """Return the outlet's source file as data."""
    base = f"http://{outlet.address}:{port}"
    lists: dict[str, list[str]] = {}
    if outlet.feed != "none":
        lists["feeds"] = [f"{base}/feed.xml"]
    if outlet.has_sitemap:
        lists["sitemaps"] = [f"{base}/sitemap-news.xml"]
    return {
        "title": outlet.name,
        "owner": OWNER,
        "tier": "15m",
        "language": outlet.language,
        "country": outlet.country,
        "is_agency": outlet.is_agency,
        "delay_seconds": outlet.delay_seconds,
        **lists,
    }
