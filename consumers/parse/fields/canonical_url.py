"""Choose the canonical URL of an article (RFC 6596), as far as the page may claim it."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urljoin, urlsplit

from courlan import extract_domain


def choose_canonical(url: str, claims: Iterable[str | None]) -> tuple[str, str | None]:
    """Return the first acceptable claim, else the page's own URL; and a note on the first claim that was refused.

    A page may only claim a URL of its own site: otherwise any site could overwrite another's article.
    """
    note = None
    for claim in claims:
        claimed = urljoin(url, claim.strip()) if claim else ""
        if not claimed.startswith(("http://", "https://")):
            continue
        if fault := _fault(url, claimed):
            note = note or f"canonical {claimed} refused: {fault}"
            continue
        return claimed, note
    return url, note


def _fault(url: str, claimed: str) -> str | None:
    try:
        own, other = urlsplit(url), urlsplit(claimed)
        own_port, other_port = own.port, other.port
    except ValueError:
        return "not an address"
    if _bare(own.hostname) != _bare(other.hostname) and (own_port != other_port or not _same_site(url, claimed)):
        return "another site"
    if other.path in {"", "/"} and not other.query and own.path not in {"", "/"}:
        return "a front page"
    return None


def _bare(host: str | None) -> str:
    return (host or "").removeprefix("www.")


def _same_site(url: str, other: str) -> bool:
    ours = extract_domain(url, fast=True)
    return bool(ours) and ours == extract_domain(other, fast=True)
