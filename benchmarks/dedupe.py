"""Dedupe's speed, memory, restart and protocol on synthetic text, compared with datasketch's LSH if installed.

    python benchmarks/dedupe.py [--articles N] [--full] [--json FILE]

The gate is relative to a plain hash of the same text in the same run, so that it holds on a busy machine too.
With --full, a window of a million articles and 100,000 trials of the protocol: a quarter of an hour and 7 GB of disk.
"""

from __future__ import annotations

import argparse
import ctypes
import gc
import hashlib
import importlib.util
import json
import os
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.dedupe_model import count_violations, make_article, make_record
from consumers.dedupe.row_table import VersionRow
from consumers.dedupe.shingles import Shingles
from consumers.dedupe.state import DedupeState
from newswire.runtime.snapshots import Snapshots
from newswire.text.fingerprint import fingerprint
from schemas.topics import PARSED_ARTICLES

BASELINE = Path(__file__).parent / "baselines" / "dedupe.json"
TOLERANCE = 0.25
MAX_GIB_PER_MILLION = 0.65
WORDS_PER_ARTICLE = 650
KEYS_PER_ARTICLE = 33
RARE = [f"w{n}" for n in range(30_000)]


def make_texts(count: int, seed: int = 1) -> Iterator[str]:
    """Yield news-like texts: common and rare words, a fifth of them edited copies of earlier ones."""
    chance = random.Random(seed)  # noqa: S311 - the same text every time
    weights = [1 / (rank + 3) for rank in range(len(RARE))]
    texts: list[list[str]] = []
    for _ in range(count):
        if texts and chance.random() < 0.2:
            words = list(chance.choice(texts[-500:]))
            words[: chance.randrange(60)] = []
        else:
            words = chance.choices(RARE, weights, k=WORDS_PER_ARTICLE)
        texts.append(words)
        yield ". ".join(" ".join(words[begin : begin + 20]) for begin in range(0, len(words), 20))


def timed(work: Callable[[], Any]) -> float:
    """Return the CPU seconds of a piece of work."""
    start = time.process_time()
    work()
    return time.process_time() - start


def clocked(work: Callable[[], Any]) -> float:
    """Return the wall-clock seconds of a piece of work, disk included."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def measure_speed(count: int) -> dict[str, float]:
    """Time parse's part, the decision, what reading the log adds in a replay, and a plain hash."""
    texts = list(make_texts(count))
    yardstick = timed(lambda: [hashlib.sha256(word.encode()) for text in texts for word in text.split()])
    parse = timed(lambda: [fingerprint("", text, "en") for text in texts])
    records = [make_record(make_article(f"a{n}", text, n), n) for n, text in enumerate(texts)]
    packed = [PARSED_ARTICLES.encode(record.value) for record in records if record.value]
    read = timed(lambda: [PARSED_ARTICLES.decode(raw) for raw in packed])
    with tempfile.TemporaryDirectory() as folder:
        state = DedupeState(Path(folder))
        decide = timed(lambda: [state.decide(record) for record in records])
    return {
        "fingerprints_per_s": count / parse,
        "decisions_per_s": count / decide,
        "articles_per_s": count / (parse + decide),
        "replayed_per_s": count / (read + decide),
        "yardstick_ratio": yardstick / (parse + decide),
    }


def measure_window(count: int) -> dict[str, float]:
    """Fill a window with synthetic articles; measure its memory, save it twice and load it."""
    chance = np.random.default_rng(1)
    with tempfile.TemporaryDirectory() as name:
        folder, snapshots = Path(name) / "texts", Snapshots(Path(name) / "snapshots", version=1)
        state, before = DedupeState(folder), read_resident_bytes()
        fill = timed(lambda: [_add(state, chance, number) for number in range(count)])
        resident = read_resident_bytes() - before
        first = clocked(lambda: snapshots.save(count, state.save))
        saved = next((Path(name) / "snapshots").iterdir())
        held = sum(path.stat().st_size for path in saved.iterdir() if not path.name.startswith("texts"))
        _add(state, chance, count)
        second = clocked(lambda: snapshots.save(count + 1, state.save))
        load = clocked(lambda: DedupeState(folder).load(next(snapshots.usable(count + 1))[1]))
    return {
        "window_articles": count,
        "gib_per_million": held / count * 1e6 / 2**30,
        "resident_gib_per_million": resident / count * 1e6 / 2**30,
        "first_snapshot_s": first,
        "next_snapshot_s": second,
        "load_s": load,
        "loaded_per_s": count / load,
        "fill_per_s": count / fill,
    }


def _add(state: DedupeState, chance: np.random.Generator, number: int) -> None:
    """Add an article of the usual length without deciding on it."""
    trigrams, fivegrams = np.split(chance.integers(0, 2**32, 2 * WORDS_PER_ARTICLE, np.uint32), 2)
    sentences = chance.integers(1, 2**63, WORDS_PER_ARTICLE // 20, np.uint64)
    digest = chance.bytes(16)
    row = VersionRow(
        article=digest,
        copy_of=bytes(16),
        content=int.from_bytes(digest[8:], "big"),
        time_ms=number,
        first_seen_us=0,
        place=0,
        length=0,
        root=number,
        version=1,
        title=0,
        body=0,
        host=number % 500,
        first=number,
        family=number,
        tier=0,
    )
    state._keys.add(digest.hex(), number, row)  # noqa: SLF001 - no record, no text: only what a decision leaves
    state._add(row, Shingles(trigrams, fivegrams, trigrams[:20], sentences), trigrams[:KEYS_PER_ARTICLE], frozenset())  # noqa: SLF001


def read_resident_bytes() -> int:
    """Return this process's resident memory in bytes; 0 if that is unknown."""
    gc.collect()
    try:
        ctypes.CDLL("libc.so.6").malloc_trim(0)  # what is free again does not count
        return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, AttributeError):
        return 0


def measure_datasketch(count: int) -> dict[str, float]:
    """Time datasketch's MinHash LSH on the same texts; nothing if it is not installed."""
    if not importlib.util.find_spec("datasketch"):
        return {}
    from datasketch import MinHash, MinHashLSH  # noqa: PLC0415 - not a dependency

    texts, lsh = list(make_texts(count)), MinHashLSH(threshold=0.5, num_perm=128)

    def work() -> None:
        for number, text in enumerate(texts):
            words = text.split()
            sketch = MinHash(num_perm=128)
            sketch.update_batch([" ".join(words[at : at + 3]).encode() for at in range(len(words) - 2)])
            lsh.query(sketch)
            lsh.insert(str(number), sketch)

    return {"datasketch_articles_per_s": count / timed(work)}


def measure_protocol(trials: int) -> dict[str, float]:
    """Run the model check."""
    violations = 0
    for seed in range(trials):
        with tempfile.TemporaryDirectory() as folder:
            violations += count_violations(seed, Path(folder))
    return {"trials": trials, "violations": violations}


def main() -> int:
    """Measure, print, and compare with the baseline."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--articles", type=int, default=3000)
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--json", type=Path)
    chosen = parser.parse_args()
    window, trials = (1_000_000, 100_000) if chosen.full else (50_000, 1000)
    found = measure_window(window) | measure_speed(chosen.articles)
    found |= measure_datasketch(min(1000, chosen.articles)) | measure_protocol(trials)
    for name, value in found.items():
        print(f"{name:28s} {value:12,.2f}")
    if chosen.json:
        chosen.json.write_text(json.dumps(found, indent=1) + "\n", "utf-8")
    baseline = json.loads(BASELINE.read_text("utf-8")) if BASELINE.exists() else {"yardstick_ratio": 0.0}
    is_slower = found["yardstick_ratio"] < baseline["yardstick_ratio"] * (1 - TOLERANCE)
    is_broken = found["violations"] > 0 or found["gib_per_million"] > MAX_GIB_PER_MILLION
    print("slower than the baseline" if is_slower else "broken" if is_broken else "good")
    return int(is_slower or is_broken)


if __name__ == "__main__":
    sys.exit(main())
