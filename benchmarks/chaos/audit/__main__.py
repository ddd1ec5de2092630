"""Audit a run from outside: what Kafka, PostgreSQL and Elasticsearch hold, against what the sites published.

Imports nothing of Newswire, so that no fault of the product can hide itself here. The argument is a JSON file:

- `kafka`: kafka-python's options; `prefix`: of the topics; `blobs`: the folder of bodies too large for a message
- `elasticsearch`: `url`, `username`, `password`, `index`; `postgres`: a connection string
- `urls`: announced address -> the states in which it may end, such as `indexed` or `refused(robots)`
- `articles`: canonical address -> `family` and `story` (names), `versions` (at most), and `texts` where every version
  is known: lists of a title and paragraphs
- `poison`: what was sent besides: `topic`, `partition`, `offset`, `kind`, `stages`, `reasons` (none: it must flow)

Prints the findings as JSON; exit code 1 if there are any.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path

from benchmarks.chaos.audit.checks import audit
from benchmarks.chaos.audit.evidence import collect


def main(arguments: list[str]) -> int:
    """Audit, and print what was found."""
    plan = json.loads(Path(arguments[0]).read_text("utf-8"))
    evidence = collect(plan)
    findings = sorted(set(audit(plan, evidence)))
    counts = Counter(finding.kind for finding in findings)
    json.dump(
        {
            "lost": counts["lost"],
            "doubled": counts["doubled"],
            "wrong": counts["wrong"],
            "articles": len(plan["articles"]),
            "urls": len(plan["urls"]),
            "documents": len(evidence.documents),
            "poison": len(plan["poison"]),
            "findings": [f"{finding.kind}: {finding.what}" for finding in findings],
        },
        sys.stdout,
        indent=1,
    )
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
