"""The message that dedupe writes: the article with its verdict, scores and reasons."""

from __future__ import annotations

import datetime as dt
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final, Literal

from schemas.messages import ArticleText, DeduplicatedArticle

if TYPE_CHECKING:
    from consumers.dedupe.compare import Overlap
    from consumers.dedupe.row_table import VersionRow
    from schemas.messages import ParsedArticle

Verdict = Literal["new", "revision", "unchanged"]
Tier = Literal["exact", "copy", "derived"]
TIERS: Final[tuple[Tier | None, ...]] = (None, "exact", "copy", "derived")
EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
FIELDS: Final = ArticleText.__struct_fields__
SAME_TEXT: Final = "title and body are the same"
read_fields = attrgetter(*FIELDS)


def build_verdict(
    article: ParsedArticle,
    row: VersionRow,
    verdict: Verdict,
    earlier: VersionRow | None = None,
    overlap: Overlap | None = None,
    share_new: float | None = None,
) -> DeduplicatedArticle:
    """Return the article with its verdict.

    `earlier` is the version before; `share_new` is the share of trigrams that are new since then.
    """
    fields: dict[str, Any] = dict(zip(FIELDS, read_fields(article), strict=True))
    fields["first_seen_at"] = EPOCH + dt.timedelta(microseconds=row.first_seen_us)
    scores = overlap.scores() if overlap else {}
    reasons = overlap.reasons() if overlap else (SAME_TEXT,) if row.tier == TIERS.index("exact") else ()
    if share_new is not None:
        scores |= {"new": round(share_new, 4)}
        reasons = (*reasons, f"{share_new:.0%} of its 3-word sequences are new since the previous version")
    return DeduplicatedArticle(
        **fields,
        verdict=verdict,
        version=row.version,
        copy_of=row.copy_of.hex() if row.tier else None,
        copy_tier=TIERS[row.tier],
        scores=scores,
        reasons=reasons,
        changed=_changed(row, earlier) if earlier else (),
    )


def _changed(row: VersionRow, earlier: VersionRow) -> tuple[Literal["title", "body"], ...]:
    title: tuple[Literal["title"], ...] = ("title",) if row.title != earlier.title else ()
    body: tuple[Literal["body"], ...] = ("body",) if row.body != earlier.body else ()
    return (*title, *body)
