"""Why an article is a copy of another or not, computed again from their texts: dedupe's part of `newswire why`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from consumers.dedupe.compare import measure_overlap
from consumers.dedupe.shingles import read_shingles
from newswire.text.fingerprint import Fingerprint, fingerprint

Document = Mapping[str, Any]


def explain(earlier: Document, later: Document) -> dict[str, Any]:
    """Compare two articles as dedupe does, but with their boilerplate: only the log shows what that is."""
    texts = [
        Fingerprint.unpack(fingerprint(article["title"], article["body"], article["language"]))
        for article in (later, earlier)
    ]
    overlap = measure_overlap(*(read_shingles(text, np.zeros(len(text.sentences), np.bool_))[0] for text in texts))
    tier = overlap.tier(is_same_host=later["host"] == earlier["host"])
    verdict = {"copy": "a copy of", "derived": "derived from", None: "not a copy of"}[tier]
    return {
        "tier": tier,
        "scores": overlap.scores(),
        "lines": [
            (
                f"By their texts, the later article ({later['outlet']}: {later['title']}) is {verdict} the earlier one "
                f"({earlier['outlet']}: {earlier['title']})."
            ),
            *(f"  {reason}" for reason in overlap.reasons()),
            "Recorded when the later article was processed:",
            *(f"  {reason}" for reason in later.get("reasons") or ["nothing: no earlier text was like it"]),
        ],
    }
