"""A worker is warm before its first page."""

from __future__ import annotations

import subprocess
import sys

SCRIPT = """
import sys
from pathlib import Path
from consumers.parse import extract
from consumers.parse.page import warm_up
from consumers.parse.rejection import Rejected
warm_up()
before = set(sys.modules)
for page in sorted(Path("tests/golden").glob("*/page.html")):
    try:
        extract(page.read_bytes(), "https://outlet.example/a")
    except Rejected:
        pass
print(*(name for name in set(sys.modules) - before if not name.startswith("encodings.")))
"""


def test_nothing_is_loaded_by_a_page_that_warming_up_has_not_loaded(pytestconfig):
    """Models, parsers and dateparser's locales take seconds of CPU that no page may be charged with; codecs do not."""
    command = [sys.executable, "-c", SCRIPT]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=pytestconfig.rootpath)
    assert done.stdout.split() == []
