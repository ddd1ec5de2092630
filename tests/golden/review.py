"""Make and review golden pages: each folder holds page.html as served, and expected.json, which a person has checked.

source.yml, if present, is the page's source with its rules.

python tests/golden/review.py                      show where parse differs from what is expected
python tests/golden/review.py --accept NAME ...    accept what parse gives now, after checking it
python tests/golden/review.py --add NAME FILE URL  make a new folder for a page
"""

from __future__ import annotations

import argparse
import datetime as dt
import difflib
import json
import sys
from pathlib import Path
from typing import Any

from consumers.parse.extraction import extract_article
from consumers.parse.fields.metadata import Origin
from consumers.parse.rejection import Rejected
from newswire.sources.catalogue import read_source
from newswire.sources.rules import SiteRule

HERE = Path(__file__).parent
FETCHED_AT = dt.datetime(2031, 5, 1, tzinfo=dt.UTC)


def names() -> list[str]:
    """Return the names of all golden pages."""
    return sorted(path.parent.name for path in HERE.glob("*/expected.json"))


def expected(name: str) -> dict[str, Any]:
    """Return what a page must give."""
    loaded: dict[str, Any] = json.loads((HERE / name / "expected.json").read_text("utf-8"))
    return loaded


def raw_page(name: str) -> bytes:
    """Return a page as its site serves it."""
    return (HERE / name / "page.html").read_bytes()


def rules(name: str) -> tuple[SiteRule, ...]:
    """Return the rules of the page's source, if its folder holds one."""
    path = HERE / name / "source.yml"
    return read_source(path).rules if path.exists() else ()


def parse(name: str) -> dict[str, Any]:
    """Return what parse reads from a page, in the form of expected.json."""
    url = expected(name)["url"]
    try:
        found = extract_article(raw_page(name), Origin(url, FETCHED_AT, rules=rules(name)))
    except Rejected as rejected:
        return {"url": url, "rejected": rejected.reason}
    meta = found.meta
    fields = {
        "title": found.title,
        "authors": found.authors,
        "published": found.published,
        "published_source": meta.published_source,
        "language": found.language,
        "kind": found.kind,
        "canonical": meta.canonical,
        "site_name": meta.site_name,
        "is_paywalled": meta.is_paywalled,
        "allows_ai_use": meta.allows_ai_use,
        "charset": found.charset,
        "notes": meta.notes,
        "paragraphs": found.body.split("\n\n"),
    }
    return {"url": url} | {key: value for key, value in fields.items() if value not in (None, [])}


def as_text(fields: dict[str, Any]) -> str:
    """Return fields as the JSON that is committed."""
    return json.dumps(fields, ensure_ascii=False, indent=1) + "\n"


def accept(name: str) -> None:
    """Write what parse gives now as what is expected."""
    (HERE / name / "expected.json").write_text(as_text(parse(name)), "utf-8")


def add(name: str, file: str, url: str) -> None:
    """Make a new folder for a page."""
    folder = HERE / name
    folder.mkdir()
    (folder / "page.html").write_bytes(Path(file).read_bytes())
    (folder / "expected.json").write_text(as_text({"url": url}), "utf-8")
    accept(name)


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--accept", nargs="+", default=[], metavar="NAME")
    parser.add_argument("--add", nargs=3, metavar=("NAME", "FILE", "URL"))
    options = parser.parse_args()
    if options.add:
        add(*options.add)
    for name in options.accept:
        accept(name)
    for name in names():
        old, new = as_text(expected(name)).splitlines(), as_text(parse(name)).splitlines()
        sys.stdout.writelines(f"{line}\n" for line in difflib.unified_diff(old, new, name, "parse", lineterm="", n=1))


if __name__ == "__main__":
    main()
