"""Parse on a machine that is busy with other things: slow pages are not taken for pages that overrun."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import ExitStack

import pytest

from newswire.settings import child_environment

BUSY_LOOPS, NICENESS, PAGES = 4, 5, 60
# A sixth of a core is left for it, so that a page takes longer by the clock than its budget is, and far less CPU.
BUDGET_SECONDS = 0.2
BUSY = "import os; ours = os.getppid()\nwhile os.getppid() == ours: pass"  # not beyond the test, however it ends
PARSE = f"""
import json, os, sys
from pathlib import Path
sys.path.insert(0, {str(__file__).rpartition("/")[0]!r})
from consumers.parse import STAGE
from newswire.settings import Settings
from newswire.testing.rig import finish
from test_workers import PAGE, record

os.nice({NICENESS})
with STAGE.open(Settings(_env_file=None, state_dir=Path(sys.argv[1]), parse_seconds={BUDGET_SECONDS})) as handle:
    answers = finish(handle, [record(PAGE, number) for number in range({PAGES})])
print(json.dumps([getattr(answer, "reason", "article") for answer in answers]))
"""


@pytest.mark.timeout(900)
def test_no_healthy_page_is_lost_beside_four_busy_loops(tmp_path):
    """The budget is CPU: every page comes through, and the process does not spend its time on replacing workers."""
    with ExitStack() as stack:
        for _ in range(BUSY_LOOPS):
            loop = stack.enter_context(subprocess.Popen([sys.executable, "-c", BUSY]))
            stack.callback(loop.kill)
        done = subprocess.run(
            [sys.executable, "-c", PARSE, str(tmp_path)],
            env=child_environment(), capture_output=True, text=True, check=True,
        )  # fmt: skip
    assert json.loads(done.stdout) == ["article"] * PAGES
    assert "parse.page_failed" not in done.stdout + done.stderr
    assert "parse.workers_replaced" not in done.stdout + done.stderr
