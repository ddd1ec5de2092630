"""The similarity of two articles: features of the pair, and from them the log odds that they report one event."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from consumers.cluster.idf import Vocabulary
    from consumers.cluster.words import ArticleWords

    F32 = NDArray[np.float32]
    F64 = NDArray[np.float64]

DAY_MS: Final = 24 * 3600 * 1000
# Log odds per unit of each PairFeatures field, in their order. Fitted by logistic regression on labelled pairs of
# articles, from a stream of news and from the ECB+ corpus (Cybulska and Vossen 2014); features and margins were chosen
# on splits in time and by topic (docs/decisions/0025). Neither that data nor the script that fitted the weights is in
# this repository; `benchmarks/stories.py` measures the result on the demo's articles.
WEIGHTS: Final = {"body": 2.58, "names": 1.84, "title": 2.39, "opening": 2.88, "phrases": 0.29}
WEIGHT_VECTOR: Final = np.array([*WEIGHTS.values()])
SAME_TIME: Final = 5.92  # log odds of two articles of the same moment; they fall off like a bell curve of 2 days
BIAS: Final = -8.69  # makes 0 the threshold at which an article joins
MAX_KEYS: Final = 30
FEW_NUMBERS: Final = 6
TEMPLATE_NAMES: Final = 1.05  # two reports of one event agree in names more than in words: cosine of names / of words
TEMPLATE_PHRASES: Final = 2.0  # ln(1 + sequences of four words)


class Profile(NamedTuple):
    """An article's n distinct words, and their weights, shape (n,) each.

    `body` and `names` are TF-IDF vectors of length 1; `title` adds up to 1. `phrases` and `numbers` are sorted sets of
    hashes.
    """

    ids: NDArray[np.uint32]
    body: F32
    names: F32
    title: F32
    is_lead: NDArray[np.bool_]
    phrases: NDArray[np.uint32]
    numbers: NDArray[np.uint32]

    def keys(self) -> NDArray[np.uint32]:
        """Return the words of highest weight; of equal ones, the smaller hash first."""
        return self.ids[np.argsort(-self.body, kind="stable")[:MAX_KEYS]]

    def pack(self) -> list[bytes]:
        """Return the bytes for a snapshot."""
        return [part.tobytes() for part in self]

    @classmethod
    def unpack(cls, parts: Sequence[bytes]) -> Profile:
        """Read what `pack` wrote."""
        kinds = (np.uint32, np.float32, np.float32, np.float32, np.bool_, np.uint32, np.uint32)
        return cls(*(np.frombuffer(part, kind) for part, kind in zip(parts, kinds, strict=True)))


class PairFeatures(NamedTuple):
    """What two articles share; all but `phrases` are between 0 and 1."""

    body: float  # cosine of the TF-IDF vectors of all words
    names: float  # the same of the words written as names
    title: float  # share of a title's weight that is anywhere in the other article: the smaller of the two
    opening: float  # the same for the other's title and first words: the mean of the two
    phrases: float  # ln(1 + sequences of four words in both)

    def in_words(self) -> str:
        """Return what is shared, in words; what counts most comes first."""
        named = {
            "body": f"{self.body:.0%} of the words",
            "names": f"{self.names:.0%} of the names",
            "title": f"{self.title:.0%} of each headline with the other's text",
            "opening": f"{self.opening:.0%} of the headlines with the other's opening",
            "phrases": f"{np.expm1(self.phrases):.0f} sequences of four words",
        }
        weight = {name: getattr(self, name) * WEIGHTS[name] for name in named}
        return ", ".join(named[name] for name in sorted(named, key=lambda name: -weight[name]) if weight[name] > 0)


def build_profile(words: ArticleWords, vocabulary: Vocabulary) -> Profile:
    """Return an article's profile: its words weighted by (1 + ln tf) * idf."""
    idf = vocabulary.idf(words.ids, words.lengths)
    return Profile(
        words.ids,
        _unit(_damp(words.body) * idf),
        _unit(_damp(words.names) * idf),
        _share((words.title > 0) * idf),
        words.lead > 0,
        words.phrases,
        words.numbers,
    )


def compare_profiles(new: Profile, others: Sequence[Profile]) -> F64:
    """Return one row of PairFeatures for each of the others, shape (len(others), 5)."""
    found = np.zeros((len(others), len(PairFeatures._fields)))
    starts = np.cumsum([0, *(len(other.ids) for other in others)])
    ids = np.concatenate([other.ids for other in others])
    place = np.minimum(np.searchsorted(new.ids, ids), len(new.ids) - 1)
    here = np.flatnonzero(new.ids[place] == ids)
    place = place[here]
    row = np.searchsorted(starts, here, side="right") - 1

    def total(mine: F32, theirs: str) -> F64:
        column = np.concatenate([getattr(other, theirs) for other in others])[here]
        return np.bincount(row, mine[place] * column, minlength=len(others)).astype(np.float64)

    everywhere, lead = np.ones(len(new.ids), np.float32), new.is_lead.astype(np.float32)
    theirs_here, mine_there = total(everywhere, "title"), np.bincount(row, new.title[place], minlength=len(others))
    found[:, 0] = total(new.body, "body")
    found[:, 1] = total(new.names, "names")
    found[:, 2] = np.minimum(theirs_here, mine_there)
    found[:, 3] = (total(lead, "title") + total(new.title, "is_lead")) / 2
    found[:, 4] = np.log1p([_count_shared(new.phrases, other.phrases) for other in others])
    return found


def share_template(one: Profile, other: Profile, features: PairFeatures) -> bool:
    """Return whether two reports of one outlet fill one template, as for games or markets: other names and numbers."""
    fewer = min(len(one.numbers), len(other.numbers))
    if features.names > TEMPLATE_NAMES * features.body or fewer < FEW_NUMBERS:
        return False
    has_phrases = features.phrases >= TEMPLATE_PHRASES
    return has_phrases and _count_shared(one.numbers, other.numbers) < fewer / 3


def log_odds(features: F64, apart_ms: NDArray[np.int64]) -> F64:
    """Return the log odds that pairs of articles report one event, shape (n,).

    `features` has the shape (n, 5), `apart_ms` is the time between the articles of each pair.
    """
    near = np.exp(-((apart_ms / DAY_MS) ** 2) / 8)
    result: F64 = features @ WEIGHT_VECTOR + SAME_TIME * near + BIAS
    return result


def _damp(counts: NDArray[np.uint16]) -> F64:
    return np.where(counts > 0, 1 + np.log(np.maximum(counts, 1)), 0.0)


def _unit(weights: F64) -> F32:
    return (weights / (float(np.linalg.norm(weights)) or 1.0)).astype(np.float32)


def _share(weights: F64) -> F32:
    return (weights / (float(weights.sum()) or 1.0)).astype(np.float32)


def _count_shared(mine: NDArray[np.uint32], theirs: NDArray[np.uint32]) -> int:
    if not len(mine) or not len(theirs):
        return 0
    place = np.minimum(np.searchsorted(mine, theirs), len(mine) - 1)
    return int((mine[place] == theirs).sum())
