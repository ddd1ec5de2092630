"""Dedupe's speed, memory, restart and protocol on made-up text, beside datasketch's LSH where that is installed.

    python benchmarks/dedupe.py [--articles 5000] [--window 1000000] [--trials 100000] [--json FILE]

The gate is relative to a plain hash of the same text in the same run, so that it holds on a busy machine too.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import json
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
from consumers.dedupe.grams import Grams
from consumers.dedupe.index import TextIndex
from consumers.dedupe.rows import Row
from consumers.dedupe.state import DedupeState
from newswire.fingerprint import fingerprint

BASELINE = Path(__file__).parent / "baselines" / "dedupe.json"
TOLERANCE = 0.25
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
    """Return the CPU seconds of some work."""
    start = time.process_time()
    work()
    return time.process_time() - start


def measure_speed(count: int) -> dict[str, float]:
    """Time parse's share, the decision, and a plain hash of the text."""
    texts = list(make_texts(count))
    yardstick = timed(lambda: [hashlib.sha256(word.encode()) for text in texts for word in text.split()])
    parse = timed(lambda: [fingerprint("", text, "en") for text in texts])
    records = [make_record(make_article(f"a{n}", text, n), n) for n, text in enumerate(texts)]
    with tempfile.TemporaryDirectory() as folder:
        state = DedupeState(Path(folder))
        decide = timed(lambda: [state.decide(record) for record in records])
    return {
        "fingerprints_per_s": count / parse,
        "decisions_per_s": count / decide,
        "articles_per_s": count / (parse + decide),
        "yardstick_ratio": yardstick / (parse + decide),
    }


def measure_window(count: int) -> dict[str, float]:
    """Fill a window with synthetic articles; weigh its arrays, save it and load it."""
    chance = np.random.default_rng(1)
    nothing = np.zeros(0, np.uint32)
    empty = Grams(nothing, nothing, nothing, np.zeros(0, np.uint64))
    with tempfile.TemporaryDirectory() as name:
        folder, saved = Path(name), Path(name) / "saved"
        saved.mkdir()
        state = DedupeState(folder)
        fill = timed(lambda: [_add(state, empty, chance, number) for number in range(count)])
        state.save(saved)
        held = sum(path.stat().st_size for path in saved.rglob("*") if not path.name.startswith("texts"))
        start = time.perf_counter()
        DedupeState(folder).load(saved)
        load = time.perf_counter() - start
    return {
        "window_articles": count,
        "gib_per_million": held / count * 1e6 / 2**30,
        "load_s": load,
        "loaded_per_s": count / load,
        "fill_per_s": count / fill,
    }


def _add(state: DedupeState, empty: Grams, chance: np.random.Generator, number: int) -> None:
    index: TextIndex = state._index  # noqa: SLF001 - the synthetic window skips the texts
    digest = chance.bytes(16)
    row = Row(
        digest,
        bytes(16),
        int.from_bytes(digest[8:], "big"),
        number * 2600,
        0,
        0,
        0,
        number % 500,
        *[number] * 3,
        1,
        0,
        0,
        0,
    )
    index.add(row, empty, chance.integers(0, 2**32, KEYS_PER_ARTICLE, np.uint32))
    state._identity.add(row, number)  # noqa: SLF001
    state._identity.add_event(digest.hex(), number)  # noqa: SLF001
    sentences = chance.integers(1, 2**63, WORDS_PER_ARTICLE // 20, np.uint64)
    state._standing.add(sentences, row.host, row.time_ms, is_linked=False)  # noqa: SLF001


def measure_datasketch(count: int) -> dict[str, float]:
    """Time datasketch's MinHash LSH on the same texts; nothing where it is not installed."""
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
    parser.add_argument("--window", type=int, default=100_000)
    parser.add_argument("--trials", type=int, default=1000)
    parser.add_argument("--json", type=Path)
    chosen = parser.parse_args()
    found = measure_speed(chosen.articles) | measure_window(chosen.window)
    found |= measure_datasketch(min(1000, chosen.articles)) | measure_protocol(chosen.trials)
    for name, value in found.items():
        print(f"{name:28s} {value:12,.2f}")
    if chosen.json:
        chosen.json.write_text(json.dumps(found, indent=1) + "\n", "utf-8")
    baseline = json.loads(BASELINE.read_text("utf-8")) if BASELINE.exists() else {"yardstick_ratio": 0.0}
    is_slower = found["yardstick_ratio"] < baseline["yardstick_ratio"] * (1 - TOLERANCE)
    is_broken = found["violations"] > 0 or found["gib_per_million"] > 0.65
    print("slower than the baseline" if is_slower else "broken" if is_broken else "good")
    return int(is_slower or is_broken)


if __name__ == "__main__":
    sys.exit(main())
