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
TAKEN_DOWN: Final = "it is taken down"
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


def without_text(verdict: DeduplicatedArticle) -> DeduplicatedArticle:
    """Return the verdict on an article that is taken down: nothing of its content, and no change of its text.

    It is sent all the same, so that the ledger learns how this fetch has ended.
    """
    names = ("article_id", "url_id", "url", "canonical_url", "source", "outlet", "host", "language", "content_hash")
    kept = {name: getattr(verdict, name) for name in (*names, "fetched_at", "first_seen_at", "version")}
    return DeduplicatedArticle(**kept, title="", body="", verdict="unchanged", reasons=(TAKEN_DOWN,))


def _changed(row: VersionRow, earlier: VersionRow) -> tuple[Literal["title", "body"], ...]:
    title: tuple[Literal["title"], ...] = ("title",) if row.title != earlier.title else ()
    body: tuple[Literal["body"], ...] = ("body",) if row.body != earlier.body else ()
    return (*title, *body)
