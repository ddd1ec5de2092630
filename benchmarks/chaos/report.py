"""The truth that the auditor compares with, and the table of a run."""

from __future__ import annotations

import platform
from typing import Any

import psutil
from rich.table import Table

from benchmarks.chaos.outlets import Outlets
from benchmarks.chaos.poison import Poison
from benchmarks.chaos.product import Product
from newswire.demo.expectations import Truth

ENDS_OF_ARTICLES = ("indexed", "unchanged")


def truth_of(outlets: Outlets, press: Truth) -> dict[str, Any]:
    """Return what the generated outlets and the demo press have published, as plain data."""
    urls = {outlets.url_of(article): list(ENDS_OF_ARTICLES) for article in outlets.articles}
    articles = {
        outlets.url_of(article): {
            "family": article.family,
            "story": article.story,
            "versions": len(article.texts),
            "texts": article.texts,
        }
        for article in outlets.articles
    }
    urls |= {url: list(expected.ends) for url, expected in press.urls.items()}
    articles |= {
        url: {
            "family": article.family,
            "story": f"{article.story} in {article.language}",
            "versions": article.versions,
        }
        for url, article in press.articles.items()
    }
    return {"urls": urls, "articles": articles}


def summarise(
    product: Product, outlets: Outlets, poison: Poison, audit: dict[str, Any], *, minutes: float, settled_seconds: float
) -> dict[str, Any]:
    """Return the result of a run as plain data."""
    services = product.services()
    return {
        "machine": f"{psutil.cpu_count()} cores, {psutil.virtual_memory().total >> 30} GiB, {platform.system()}",
        "minutes": minutes,
        "pages_published": len(outlets.published()),
        "kills": {"total": product.kills.total(), **product.kills},
        "faults": dict(product.done),
        "malformed_records": len(poison.sent),
        "restarts": sum(service["restarts"] for service in services.values()),
        "settled_after_seconds": round(settled_seconds),
        "human_actions": 0,
        "audit": audit,
    }


def rows_of(result: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the lines of the table."""
    audit = result["audit"]
    kills = ", ".join(f"{name} {count}" for name, count in sorted(result["kills"].items()) if name != "total")
    return [
        ("machine", result["machine"]),
        ("minutes under faults", f"{result['minutes']:g}"),
        ("pages published by the generated outlets", str(result["pages_published"])),
        ("addresses and articles audited", f"{audit['urls']} and {audit['articles']}"),
        ("kill -9", f"{result['kills']['total']} ({kills})"),
        *((name, str(count)) for name, count in sorted(result["faults"].items())),
        ("malformed records sent", str(result["malformed_records"])),
        ("restarts by the supervisor", str(result["restarts"])),
        ("settled after", f"{result['settled_after_seconds']} s"),
        ("human actions", str(result["human_actions"])),
        ("lost", str(audit["lost"])),
        ("doubled", str(audit["doubled"])),
        ("wrong", str(audit["wrong"])),
    ]


def as_table(result: dict[str, Any]) -> Table:
    """Return the table for a terminal, with the findings below."""
    table = Table(title="Chaos", show_header=False)
    for name, value in (*rows_of(result), *(("", finding) for finding in result["audit"]["findings"][:40])):
        table.add_row(name, value)
    return table


def as_markdown(result: dict[str, Any]) -> str:
    """Return the table for the documentation."""
    lines = [f"| {name} | {value} |" for name, value in rows_of(result)]
    return "\n".join(("| what | seen |", "|---|---|", *lines, ""))
