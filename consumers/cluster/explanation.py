"""Why two articles are in one story or not, computed again from their texts: cluster's part of `newswire why`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from consumers.cluster.idf import load_vocabulary
from consumers.cluster.similarity import PairFeatures, build_profile, compare_profiles, log_odds, share_template
from consumers.cluster.words import read_article_words
from newswire.settings import settings

Document = Mapping[str, Any]


def explain(earlier: Document, later: Document) -> dict[str, Any]:
    """Return the similarity of two articles and the stories recorded for them; `lines` are for people."""
    recorded = _recorded(earlier, later)
    if earlier["language"] != later["language"]:
        return {**recorded, "lines": [recorded["line"], "Articles in different languages are never compared."]}
    language = later["language"]
    vocabulary = load_vocabulary(language, settings().state_dir / "vocabularies")
    new, old = (
        build_profile(read_article_words(article["title"], article["body"], language), vocabulary)
        for article in (later, earlier)
    )
    features = PairFeatures(*compare_profiles(new, [old])[0].tolist())
    apart = _dated(later) - _dated(earlier)
    odds = float(log_odds(np.array([features]), np.array([apart // timedelta(milliseconds=1)]))[0])
    is_template = earlier["host"] == later["host"] and share_template(new, old, features)
    shared = f"They share {features.in_words()}." if any(features) else "They share nothing."
    lines = [
        recorded["line"],
        _verdict(odds, is_template=is_template),
        f"  {shared} They were published {abs(apart) / timedelta(hours=1):.0f} hours apart.",
    ]
    return {
        **recorded,
        "log_odds": round(odds, 3),
        "is_from_one_mould": is_template,  # the name that `newswire why --json` has always had
        "shares": features._asdict(),
        "lines": lines,
    }


def _verdict(odds: float, *, is_template: bool) -> str:
    if is_template:
        return "By their texts, they report two events: one outlet's template, filled with different names and numbers."
    verdict = "report one event" if odds >= 0 else "have too little in common for one event"
    rule = "An article joins a story at 0 or more, in the mean of the articles most similar to it."
    return f"By their texts, they {verdict}: log odds {odds:+.2f}. {rule}"


def _recorded(earlier: Document, later: Document) -> dict[str, Any]:
    ids = earlier["story_id"], later["story_id"]
    is_one = ids[0] == ids[1]
    line = f"They are in one story, {ids[0]}." if is_one else f"They are in two stories, {ids[0]} and {ids[1]}."
    return {"is_one_story": is_one, "story_ids": ids, "line": line}


def _dated(article: Document) -> datetime:
    return datetime.fromisoformat(str(article["dated_at"]))
