"""The canonical address of an article: what the page claims, as far as it may claim it."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urljoin, urlsplit

from courlan import extract_domain


def choose_canonical(url: str, claims: Iterable[str | None]) -> tuple[str, str | None]:
    """Return the first claim that is believable, else the page's own address; and a note on what was refused.

    A page may only speak for its own site: else any site could overwrite another's article.
    """
    note = None
    for claim in claims:
        address = urljoin(url, claim.strip()) if claim else ""
        if not address.startswith(("http://", "https://")):
            continue
        if fault := _fault(url, address):
            note = note or f"canonical {address} refused: {fault}"
            continue
        return address, note
    return url, note


def _fault(url: str, address: str) -> str | None:
    try:
        own, other = urlsplit(url), urlsplit(address)
        own_port, other_port = own.port, other.port
    except ValueError:
        return "not an address"
    if _bare(own.hostname) != _bare(other.hostname) and (own_port != other_port or not _same_site(url, address)):
        return "another site"
    if other.path in {"", "/"} and not other.query and own.path not in {"", "/"}:
        return "a front page"
    return None


def _bare(host: str | None) -> str:
    return (host or "").removeprefix("www.")


def _same_site(url: str, address: str) -> bool:
    ours = extract_domain(url, fast=True)
    return bool(ours) and ours == extract_domain(address, fast=True)
