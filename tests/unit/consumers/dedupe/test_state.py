"""dedupe's promises hold however its process dies."""

from __future__ import annotations

from benchmarks.dedupe_model import count_violations

TRIALS = 1000  # benchmarks/dedupe.py runs a hundred times as many


def test_no_kill_redelivery_or_move_changes_a_verdict(tmp_path):
    """Of every text one article stays the original, and what is sent twice is sent alike."""
    for seed in range(TRIALS):
        folder = tmp_path / str(seed)
        folder.mkdir()
        assert count_violations(seed, folder) == 0, f"seed {seed}"
