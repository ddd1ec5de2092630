"""Why two articles stand in one story or not, worked out anew from their texts: cluster's part of `newswire why`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from consumers.cluster.idf import load_vocabulary
from consumers.cluster.similarity import PairFeatures, compare, profile, share_template, tie
from consumers.cluster.words import read_words
from newswire.settings import settings

Document = Mapping[str, Any]


def explain(earlier: Document, later: Document) -> dict[str, Any]:
    """Say what speaks for one event, and what the index has."""
    recorded = _recorded(earlier, later)
    if earlier["language"] != later["language"]:
        return {**recorded, "lines": [recorded["line"], "Articles in two languages are never compared."]}
    language = later["language"]
    vocabulary = load_vocabulary(language, settings().state_dir / "vocabularies")
    new, old = (
        profile(read_words(article["title"], article["body"], language), vocabulary) for article in (later, earlier)
    )
    evidence = PairFeatures(*compare(new, [old])[0].tolist())
    apart = _dated(later) - _dated(earlier)
    odds = float(tie(np.array([evidence]), np.array([apart // timedelta(milliseconds=1)]))[0])
    is_moulded = earlier["host"] == later["host"] and share_template(new, old, evidence)
    shared = f"They share {evidence.in_words()}." if any(evidence) else "They share nothing."
    lines = [
        recorded["line"],
        _verdict(odds, is_moulded=is_moulded),
        f"  {shared} They were told {abs(apart) / timedelta(hours=1):.0f} hours apart.",
    ]
    return {
        **recorded,
        "log_odds": round(odds, 3),
        "is_from_one_mould": is_moulded,
        "shares": evidence._asdict(),
        "lines": lines,
    }


def _verdict(odds: float, *, is_moulded: bool) -> str:
    if is_moulded:
        return "By themselves, they tell of two events: one outlet's mould, filled with other names and numbers."
    verdict = "tell of one event" if odds >= 0 else "have too little in common for one event"
    return f"By themselves, they {verdict}: log odds {odds:+.2f}; 0 is enough, in the mean of a story's nearest."


def _recorded(earlier: Document, later: Document) -> dict[str, Any]:
    ids = earlier["story_id"], later["story_id"]
    is_one = ids[0] == ids[1]
    line = f"They stand in one story, {ids[0]}." if is_one else f"They stand in two stories, {ids[0]} and {ids[1]}."
    return {"is_one_story": is_one, "story_ids": ids, "line": line}


def _dated(article: Document) -> datetime:
    return datetime.fromisoformat(str(article["dated_at"]))
