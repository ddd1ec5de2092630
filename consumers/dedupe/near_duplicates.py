"""Finding what a text may be a copy of: by its hashes, among what came before and is inside the window."""

from __future__ import annotations

from collections import Counter, defaultdict
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from consumers.dedupe.compare import Overlap, Tier, compare
from consumers.dedupe.row_table import RowTable, VersionRow
from consumers.dedupe.shingle_store import ShingleStore
from consumers.dedupe.shingles import Shingles
from newswire.runtime.inverted_index import InvertedIndex

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    Keys = NDArray[np.uint32]

LONGEST_LIST: Final = 50  # what more articles share is a stock phrase
MIN_SHARED_KEYS: Final = 3
MAX_FAMILIES: Final = 10
MAX_MEMBERS: Final = 3
MIN_KIN: Final = 0.15  # of the five-word sequences of the smaller text
KEPT_GRAMS: Final = 128


class NearDuplicate(NamedTuple):
    """The earlier article that a text repeats."""

    row: int
    tier: Tier
    likeness: Overlap


class Family(NamedTuple):
    """An original and its copies, as far as they share keys with the text: row -> number of keys."""

    shared: int
    first: int
    rows: dict[int, int]


class NearDuplicateIndex:
    """The keys, rows and hash sets of the texts in the window."""

    def __init__(self, folder: Path) -> None:
        self.rows = RowTable()
        self._texts = ShingleStore(folder)
        self._keys = InvertedIndex(np.uint32, LONGEST_LIST)
        self._oldest = 0
        self.grams = lru_cache(KEPT_GRAMS)(partial(_read_grams, self.rows, self._texts))

    def add(self, row: VersionRow, grams: Shingles, keys: Keys) -> None:
        """Add a version of an article under its keys."""
        raw = grams.pack()
        number = len(self.rows)
        self.rows.append(row._replace(place=self._texts.append(raw), length=len(raw)))
        self._keys.add(keys, number)

    def renew(self, row: VersionRow) -> None:
        """Add a row for a version that stands already, without its keys, so that its article is remembered."""
        raw = self._texts.read(row.place, row.length)
        self.rows.append(row._replace(place=self._texts.append(raw)))

    def match(self, grams: Shingles, keys: Keys, host: int, before: int) -> tuple[NearDuplicate | None, Keys]:
        """Return what the text repeats of articles that began before row `before`, and the keys worth adding.

        The best match among originals wins: a report that quotes one article and reprints another is the latter's.
        """
        hits = self._keys.find_rare(keys, self._oldest)
        best: NearDuplicate | None = None
        families = self._group(hits.docs.tolist(), before)
        for family in families:
            found = self._verify(family, grams, host)
            if found and (best is None or _rank(found) > _rank(best)):
                best = found
        if best is None or best.tier != "copy":
            return best, keys
        # A copy is found by its family: a wire report that hundreds carry would make its own keys stock phrases.
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

    def _verify(self, family: Family, grams: Shingles, host: int) -> NearDuplicate | None:
        """Compare with the original; where that shows too little, with the likeliest copies.

        Two outlets may cut one report at different ends: a copy of a copy counts where the original holds some of it.
        """
        likeliest = sorted(family.rows, key=lambda number: (-family.rows[number], number))
        own = [number for number in likeliest if self.rows.firsts[number - self.rows.begin] == family.first]
        roots = own or [root for root in (self.rows[likeliest[0]].root,) if root >= self._oldest]
        of_root = compare(grams, self.grams(roots[0])) if roots else None
        if of_root and (found := self._judge(roots[0], of_root, host)):
            return found
        is_kin = of_root is None or of_root.fives >= MIN_KIN
        for number in [number for number in likeliest if number not in roots][:MAX_MEMBERS]:
            if found := self._judge(number, compare(grams, self.grams(number)), host):
                return found if is_kin else found._replace(tier="derived")
        return None

    def _judge(self, number: int, likeness: Overlap, host: int) -> NearDuplicate | None:
        tier = likeness.tier(is_same_host=self.rows.hosts[number - self.rows.begin] == host)
        return NearDuplicate(number, tier, likeness) if tier else None

    def forget(self, oldest: int) -> None:
        """Leave out what came before a row; memory is given back by and by."""
        self._oldest = oldest
        self._keys.forget(oldest)
        if oldest < len(self.rows):
            self._texts.forget(self.rows[oldest].place)

    def save(self, folder: Path) -> None:
        """Write everything."""
        self.rows.save(folder)
        self._keys.save(folder, "keys")
        self._texts.save(folder)

    def load(self, folder: Path, length: int, oldest: int) -> None:
        """Read what `save` wrote, when the table had this length and began at `oldest`."""
        self.rows.load(folder, length)
        self._keys.load(folder, "keys")
        self._texts.load(folder)
        self._oldest = oldest


def _read_grams(rows: RowTable, texts: ShingleStore, number: int) -> Shingles:
    row = rows[number]
    return Shingles.unpack(texts.read(row.place, row.length))


def _rank(match: NearDuplicate) -> tuple[bool, float, int]:
    return match.tier == "copy", match.likeness.threes, -match.row
