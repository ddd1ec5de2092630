"""Why an article is a copy of another or not, worked out anew from their texts: dedupe's part of `newswire why`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from consumers.dedupe.compare import compare
from consumers.dedupe.shingles import read_shingles
from newswire.text.fingerprint import Fingerprint, fingerprint

Document = Mapping[str, Any]


def explain(earlier: Document, later: Document) -> dict[str, Any]:
    """Compare two articles as dedupe does, without the standing text that only its log knows."""
    texts = [
        Fingerprint.unpack(fingerprint(article["title"], article["body"], article["language"]))
        for article in (later, earlier)
    ]
    likeness = compare(*(read_shingles(text, np.zeros(len(text.sentences), np.bool_))[0] for text in texts))
    tier = likeness.tier(is_same_host=later["host"] == earlier["host"])
    verdict = {"copy": "a copy of", "derived": "derived from", None: "no copy of"}[tier]
    return {
        "tier": tier,
        "scores": likeness.scores(),
        "lines": [
            (
                f"By its words, the later ({later['outlet']}: {later['title']}) is {verdict} the earlier "
                f"({earlier['outlet']}: {earlier['title']})."
            ),
            *(f"  {reason}" for reason in likeness.reasons()),
            "What was recorded of the later:",
            *(f"  {reason}" for reason in later.get("reasons") or ["nothing: it was the first of its kind"]),
        ],
    }
