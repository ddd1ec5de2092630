"""When a source or the pipeline counts as being in trouble: the limits behind the warnings of the pages.

Two limits are settings or data, because they differ between installations and sources: how long an address may be on
its way (`overdue_after_seconds` in newswire/settings.py), and how many articles a day a source has when it is well
(`expected_per_day` in its file under sources/; fewer than `min` is silent, more than `max` is loud).
A stage's own health check is in newswire/runtime/health.py.
"""

from __future__ import annotations

from typing import Final

# Of a source's pages that reached a stage, or of its addresses: with more than this rejected, refused or failed, the
# source is probably read wrongly, or does not want to be read.
MAX_TROUBLED_SHARE: Final = 0.5
# Pages or addresses from which a share means something: a new source's first two errors are not a trend.
MIN_PAGES_FOR_SHARE: Final = 10
# Dead letters shown on the pipeline page: those of the last so many days, the time in which somebody can still act.
DEAD_LETTER_DAYS: Final = 7
