"""Run every benchmark that has a baseline, one after the other: `make bench`; exit code 1 on a regression."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent


def main() -> int:
    """Run them all, whatever one of them says."""
    scripts = [HERE / f"{baseline.stem}.py" for baseline in sorted((HERE / "baselines").glob("*.json"))]
    failed = []
    for script in scripts:
        print(f"== {script.stem}", flush=True)
        if subprocess.run([sys.executable, script], cwd=HERE.parent, check=False).returncode:
            failed.append(script.stem)
    print(f"worse than the baseline: {', '.join(failed)}" if failed else "all as good as their baselines")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
