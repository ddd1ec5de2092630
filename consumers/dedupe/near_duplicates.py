"""Finds the earlier article that a text repeats, among those in the window.

Candidates share several of the smallest shingle hashes (bottom-k sketches: Broder 1997; Cohen and Kaplan 2007); they
are then compared by their full sets.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from consumers.dedupe.compare import Overlap, Tier, measure_overlap
from consumers.dedupe.row_table import RowTable, VersionRow
from consumers.dedupe.shingle_store import ShingleStore
from consumers.dedupe.shingles import Shingles
from newswire.runtime.inverted_index import InvertedIndex

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    Keys = NDArray[np.uint32]

MAX_POSTINGS: Final = 50  # a key that more articles share is a stock phrase
MIN_SHARED_KEYS: Final = 3
MAX_FAMILIES: Final = 10  # compared for one text
MAX_MEMBERS: Final = 3  # of a family, after its original
MIN_KINSHIP: Final = 0.15  # containment in the original, below which a copy of its copy is only derived
CACHED_TEXTS: Final = 128


class NearDuplicate(NamedTuple):
    """The earlier article that a text repeats."""

    row: int
    tier: Tier
    overlap: Overlap


class Family(NamedTuple):
    """An original and its copies, those that share keys with the text; `rows` is row -> number of shared keys."""

    shared: int
    first: int
    rows: dict[int, int]


class NearDuplicateIndex:
    """The keys, rows and shingles of the texts in the window."""

    def __init__(self, folder: Path) -> None:
        self.rows = RowTable()
        self._texts = ShingleStore(folder)
        self._keys = InvertedIndex(np.uint32, MAX_POSTINGS)
        self._oldest = 0
        self.shingles = lru_cache(CACHED_TEXTS)(partial(_load_shingles, self.rows, self._texts))

    def add(self, row: VersionRow, shingles: Shingles, keys: Keys) -> None:
        """Add a version of an article under its keys."""
        raw = shingles.pack()
        number = len(self.rows)
        self.rows.append(row._replace(place=self._texts.append(raw), length=len(raw)))
        self._keys.add(keys, number)

    def renew(self, row: VersionRow) -> None:
        """Add a new row for a known version, without its keys, so that its article is remembered."""
        raw = self._texts.read(row.place, row.length)
        self.rows.append(row._replace(place=self._texts.append(raw)))

    def match(self, shingles: Shingles, keys: Keys, host: int, before: int) -> tuple[NearDuplicate | None, Keys]:
        """Return the best match among articles that began before row `before`, and the keys worth adding.

        The most similar original wins: a report that quotes one article and reprints another is a copy of the latter.
        """
        hits = self._keys.find_rare(keys, self._oldest)
        best: NearDuplicate | None = None
        families = self._group(hits.docs.tolist(), before)
        for family in families:
            found = self._verify(family, shingles, host)
            if found and (best is None or _rank(found) > _rank(best)):
                best = found
        if best is None or best.tier != "copy":
            return best, keys
        # A copy is found through its family: if all copies of a report added its keys, they would be stock phrases.
        original = self.rows.families[best.row - self.rows.begin]
        known = {row for family in families if family.first == original for row in family.rows}
        pairs = zip(hits.places.tolist(), hits.docs.tolist(), strict=True)
        is_fresh = np.ones(len(keys), np.bool_)
        is_fresh[[place for place, doc in pairs if doc in known]] = False
        return best, keys[is_fresh]

    def _group(self, docs: list[int], before: int) -> list[Family]:
        rows, begin = self.rows, self.rows.begin
        families: dict[int, dict[int, int]] = defaultdict(dict)
        for doc, count in Counter(docs).items():
            if rows.firsts[doc - begin] < before:
                families[rows.families[doc - begin]][doc] = count
        groups = [Family(sum(rows.values()), first, rows) for first, rows in families.items()]
        likely = [family for family in groups if family.shared >= MIN_SHARED_KEYS]
        return sorted(likely, key=lambda family: (-family.shared, family.first))[:MAX_FAMILIES]

    def _verify(self, family: Family, shingles: Shingles, host: int) -> NearDuplicate | None:
        """Compare with the original and, if they share too little, with the likeliest copies.

        Two outlets may cut one report at different ends: a copy of a copy counts if the original contains some of it.
        """
        likeliest = sorted(family.rows, key=lambda number: (-family.rows[number], number))
        own = [number for number in likeliest if self.rows.firsts[number - self.rows.begin] == family.first]
        roots = own or [root for root in (self.rows[likeliest[0]].root,) if root >= self._oldest]
        of_root = measure_overlap(shingles, self.shingles(roots[0])) if roots else None
        if of_root and (found := self._judge(roots[0], of_root, host)):
            return found
        is_kin = of_root is None or of_root.fivegrams >= MIN_KINSHIP
        for number in [number for number in likeliest if number not in roots][:MAX_MEMBERS]:
            if found := self._judge(number, measure_overlap(shingles, self.shingles(number)), host):
                return found if is_kin else found._replace(tier="derived")
        return None

    def _judge(self, number: int, overlap: Overlap, host: int) -> NearDuplicate | None:
        tier = overlap.tier(is_same_host=self.rows.hosts[number - self.rows.begin] == host)
        return NearDuplicate(number, tier, overlap) if tier else None

    def forget(self, oldest: int) -> None:
        """Forget what came before row `oldest`; memory is freed gradually."""
        self._oldest = oldest
        self._keys.forget(oldest)
        if oldest < len(self.rows):
            self._texts.forget(self.rows[oldest].place)

    def save(self, folder: Path) -> None:
        """Write the state into the folder."""
        self.rows.save(folder)
        self._keys.save(folder, "keys")
        self._texts.save(folder)

    def load(self, folder: Path, length: int, oldest: int) -> None:
        """Read what `save` wrote, when the table had this length and began at `oldest`."""
        self.rows.load(folder, length)
        self._keys.load(folder, "keys")
        self._texts.load(folder)
        self._oldest = oldest


def _load_shingles(rows: RowTable, texts: ShingleStore, number: int) -> Shingles:
    row = rows[number]
    return Shingles.unpack(texts.read(row.place, row.length))


def _rank(match: NearDuplicate) -> tuple[bool, float, int]:
    return match.tier == "copy", match.overlap.trigrams, -match.row
