"""One form for every URL, so that discover, parse and dedupe agree; the ids made of it are in ids.py."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import SplitResult, parse_qsl, quote, urlencode, urljoin, urlsplit, urlunsplit

import idna

_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
MAX_URL_LENGTH: Final = 2_000
_MAX_LABEL_CHARS: Final = 63  # RFC 1035, section 2.3.4

# Whole names only. Lists of prefixes (courlan's has ga, cid, ref, source) also remove what distinguishes two
# articles, such as ?cid=41 or ?gallery=7.
_TRACKERS: Final = re.compile(
    r"(?:at|guce|hsa|itm|matomo|mkt|mtm|ns|oly|piwik|pk|spm|utm|vero|wt)_\w+"
    r"|(?:dc|fb|g|tt|tw|y|ys)clid|msclkid|[gw]braid|gad_source|gad_campaignid|mc_[ce]id|igshid?"
    r"|_ga|_gl|_?hsenc|_hsmi|_openstat|cmpid|cvid|epik|ftag|ncid|ocid|ref_?src|ref_url|s_cid|smid|smtyp|sr_share|srnd|xtor"
    r"|__twitter_impression|amp|amp_gsa|amp_js_v|usqp",
    re.IGNORECASE,
)
_UNRESERVED_ESCAPE: Final = re.compile(r"%(2[dDeE]|3[0-9]|[46][1-9a-fA-F]|[57][0-9aA]|5[fF]|7[eE])")
_ESCAPE: Final = re.compile(r"%[0-9a-fA-F]{2}")


def clean_url(url: str, base: str | None = None) -> str | None:
    """Return a link as it may be requested, absolute and without fragment; None if it is not a web address."""
    text = "".join(url.split()).replace("&amp;", "&")
    try:
        parts = urlsplit(urljoin(base, text) if base else text)
        is_web = parts.scheme.lower() in _DEFAULT_PORTS and bool(parts.hostname) and "@" not in parts.netloc
        netloc = _netloc(parts) if is_web else ""
    except ValueError:
        return None
    if not text or not is_web or len(text) > MAX_URL_LENGTH:
        return None
    return urlunsplit((parts.scheme.lower(), netloc, _escape(parts.path) or "/", _escape(parts.query), ""))


def normalise_url(url: str) -> str:
    """Return the one form of a URL (RFC 3986, section 6); what is not a web address is only stripped.

    Fragment, default port, tracking parameters, dot segments, a trailing slash and needless escapes are removed;
    the other parameters are sorted. Scheme, host and a port other than the default are kept.
    """
    cleaned = clean_url(url)
    if cleaned is None:
        return url.strip()
    parts = urlsplit(cleaned)
    return urlunsplit((parts.scheme, parts.netloc, _path(parts.path), _query(parts.query), ""))


def without_trackers(url: str) -> str:
    """Return a URL without its tracking parameters, otherwise unchanged: our visits must not count for a campaign."""
    address, mark, query = url.partition("?")
    kept = [pair for pair in query.split("&") if pair and not _TRACKERS.fullmatch(pair.partition("=")[0])]
    return f"{address}{mark}{'&'.join(kept)}" if kept else address


def host_of(url: str) -> str:
    """Return the host, and the port if it is not the default: the key of robots.txt and of a rate limit."""
    try:
        return _netloc(urlsplit(url.strip()))
    except ValueError:
        return ""


def _netloc(parts: SplitResult) -> str:
    host = (parts.hostname or "").rstrip(".")
    if not host.isascii():
        host = _to_ascii(host)
    if ":" in host:
        host = f"[{host}]"
    port = parts.port
    return host if port in {None, _DEFAULT_PORTS.get(parts.scheme.lower())} else f"{host}:{port}"


def _to_ascii(host: str) -> str:
    """Return a host name as browsers ask for it: UTS 46, non-transitional, each label in Punycode (RFC 3492).

    IDNA 2008's list of allowed characters is not applied: hosts with underscores and symbols exist.
    Raises UnicodeError for a name that no host can have.
    """
    labels = idna.uts46_remap(host, std3_rules=False, transitional=False).rstrip(".").split(".")
    return ".".join(map(_label_to_ascii, labels))


def _label_to_ascii(label: str) -> str:
    ascii_label = label if label.isascii() else f"xn--{label.encode('punycode').decode()}"
    if not 0 < len(ascii_label) <= _MAX_LABEL_CHARS or (label.startswith("xn--") and not label.isascii()):
        raise UnicodeError(f"{label!r} is not a label of a host name")
    return ascii_label


def _escape(text: str) -> str:
    """Return the text with the characters escaped that a URL may not contain; existing escapes are kept."""
    return quote(text, safe="/%!$&'()*+,;=:@-._~?[]", errors="replace")


def _path(path: str) -> str:
    decoded = _UNRESERVED_ESCAPE.sub(lambda found: chr(int(found[1], 16)), path)
    upper = _ESCAPE.sub(lambda found: found[0].upper(), decoded)
    without_dots = urlsplit(urljoin("http://host/", re.sub("/{2,}", "/", upper))).path
    return without_dots.rstrip("/") or "/"


def _query(query: str) -> str:
    # surrogateescape: ?q=%E4 and ?q=%F6 of a Latin-1 site remain two URLs
    pairs = parse_qsl(query.strip("&?"), keep_blank_values=True, errors="surrogateescape")
    kept = sorted(pair for pair in pairs if not _TRACKERS.fullmatch(pair[0]))
    return urlencode(kept, errors="surrogateescape")
