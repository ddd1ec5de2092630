"""Compare parse with trafilatura on the golden pages, in one process and one run: quality, speed, memory.

The gate is the ratio of the two speeds: unlike pages per second, it holds on a slow or busy machine too.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import resource
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import trafilatura

from consumers.parse.extraction import extract_article
from consumers.parse.fields.metadata import Origin
from consumers.parse.rejection import Rejected
from consumers.parse.words import shingles

HERE = Path(__file__).parent
GOLDEN = HERE.parent / "tests" / "golden"
BASELINE = HERE / "baselines" / "parse.json"
TOLERANCE = 0.15
LINKS = "".join(f"<li><a href='/{number}'>A headline of another page, {number}</a></li>" for number in range(300))
BOILERPLATE = f"<div class='more'><ul>{LINKS}</ul></div>"

_spec = importlib.util.spec_from_file_location("golden_review", GOLDEN / "review.py")
assert _spec  # noqa: S101 - the file is in this repository
assert _spec.loader  # noqa: S101
review = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(review)

Reader = Callable[[bytes, str], str]


def read_with_parse(raw: bytes, url: str) -> str:
    """Return the body as parse reads it; empty if it rejects the page."""
    try:
        return extract_article(raw, Origin(url, review.FETCHED_AT)).body
    except Rejected:
        return ""


def read_with_trafilatura(raw: bytes, url: str) -> str:
    """Return the body as trafilatura reads it, with the metadata that parse reads as well."""
    found = trafilatura.bare_extraction(raw, url=url, favor_precision=True, include_comments=False, with_metadata=True)
    return str(found.text or "") if found else ""


def heavy_pages() -> list[tuple[bytes, str, list[str]]]:
    """Return the golden articles with as much boilerplate as pages on the web carry, and their paragraphs."""
    pages = []
    for name in review.names():
        wanted = review.expected(name)
        if (paragraphs := wanted.get("paragraphs")) and not review.rules(name):  # trafilatura has no site rules
            raw = review.raw_page(name)
            charset = wanted["charset"]
            pages.append((raw.replace(b"</body>", BOILERPLATE.encode(charset) + b"</body>"), wanted["url"], paragraphs))
    return pages


def quality(reader: Reader, pages: list[tuple[bytes, str, list[str]]]) -> dict[str, float]:
    """Return F1 of word shingles, and the share of pages with exactly the paragraphs."""
    scores, exact = [], 0
    for raw, url, paragraphs in pages:
        got = reader(raw, url)
        wanted, found = shingles("\n".join(paragraphs)), shingles(got)
        scores.append(2 * len(wanted & found) / (len(wanted) + len(found)) if found else 0.0)
        exact += " ".join(got.split()) == " ".join(" ".join(paragraphs).split())
    return {"f1": round(statistics.fmean(scores), 4), "exact": round(exact / len(pages), 3)}


def seconds(reader: Reader, pages: list[tuple[bytes, str, list[str]]]) -> float:
    """Return the CPU time of one pass in seconds."""
    started = time.process_time()
    for raw, url, _ in pages:
        reader(raw, url)
    return time.process_time() - started


def measure(passes: int) -> dict[str, Any]:
    """Return all figures; the two readers take turns, so that a busy machine slows both."""
    pages = heavy_pages()
    readers = {"parse": read_with_parse, "trafilatura": read_with_trafilatura}
    result: dict[str, Any] = {name: quality(reader, pages) for name, reader in readers.items()}
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    times = [{name: seconds(reader, pages) for name, reader in readers.items()} for _ in range(passes)]
    for name in readers:
        result[name]["pages_per_second"] = round(len(pages) / statistics.median(t[name] for t in times), 1)
    result["ratio"] = round(statistics.median(t["trafilatura"] / t["parse"] for t in times), 2)
    result["peak_mb"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    result["grown_mb"] = round((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024)
    result["pages"] = len(pages)
    return result


def find_regressions(result: dict[str, Any], baseline: dict[str, Any]) -> list[str]:
    """Return one sentence for each figure that is worse than the baseline allows."""
    worse = []
    if result["ratio"] < (1 - TOLERANCE) * baseline["ratio"]:
        worse.append(f"speed against trafilatura is {result['ratio']}, the baseline is {baseline['ratio']}")
    worse += [
        f"{name} is {result['parse'][name]}, the baseline is {baseline['parse'][name]}"
        for name in ("f1", "exact")
        if result["parse"][name] < baseline["parse"][name] - 0.005
    ]
    return worse


def main() -> int:
    """Run the command line; the exit status is 1 on a regression."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--passes", type=int, default=9)
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    parser.add_argument("--accept", action="store_true", help="write the figures as the new baseline")
    options = parser.parse_args()
    result = measure(options.passes)
    if options.json:
        print(json.dumps(result, indent=1))
    else:
        print(f"{'':14}{'F1':>8}{'exact':>8}{'pages/s/core':>14}")
        for name in ("parse", "trafilatura"):
            row = result[name]
            print(f"{name:14}{row['f1']:8.4f}{row['exact']:8.3f}{row['pages_per_second']:14.1f}")
        print(f"ratio {result['ratio']}, peak {result['peak_mb']} MB, {result['grown_mb']} MB of it in the passes")
    if options.accept:
        BASELINE.write_text(json.dumps(result, indent=1) + "\n", "utf-8")
    worse = find_regressions(result, json.loads(BASELINE.read_text("utf-8")))
    print(*(f"REGRESSION: {line}" for line in worse), sep="\n", end="\n" if worse else "", file=sys.stderr)
    return 1 if worse else 0


if __name__ == "__main__":
    raise SystemExit(main())
