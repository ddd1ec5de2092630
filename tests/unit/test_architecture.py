"""The house rules that a linter does not know."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("newswire", "consumers", "schemas", "kibana")
SOURCES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_only_settings_reads_the_environment():
    """os.environ and os.getenv stand in newswire/settings.py alone."""
    readers = {name_of(path) for path in SOURCES if re.search(r"os\.(environ|getenv)", path.read_text("utf-8"))}
    assert readers == {"newswire/settings.py"}


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_files_fit_the_house(path):
    """A module says what it is in its first line and stays under 250 lines."""
    text = path.read_text("utf-8")
    assert ast.get_docstring(ast.parse(text)), "no docstring"
    assert len(text.splitlines()) <= 250


def test_imports_go_one_way():
    """import-linter's contracts in pyproject.toml hold."""
    done = subprocess.run(
        [Path(sys.executable).parent / "lint-imports", "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_importing_a_stage_table_loads_nothing_heavy():
    """A ledger process does not pay for the parser: heavy imports happen when a stage is opened."""
    heavy = {"trafilatura", "elasticsearch", "psycopg", "kafka", "numpy", "airflow"}
    code = f"import sys, consumers.pipeline; print(*({heavy!r} & set(sys.modules)))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT).stdout
    assert loaded.split() == []


def test_no_registry_host_and_no_home_of_a_machine_in_the_repository():
    """Lock files and sources name neither a package registry nor somebody's folders."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False).stdout.split(
        "\n"
    )
    banned = re.compile(r"pypi\.org|pythonhosted|repo1?\.maven|registry\.npmjs|/root/|/home/\w+/")
    for name in filter(None, listed):
        path = ROOT / name
        if (
            path.is_file()
            and path != Path(__file__)
            and path.suffix in {".py", ".txt", ".toml", ".yml", ".lock", ".md", ".json", ""}
        ):
            assert not banned.search(path.read_text("utf-8", "replace")), name
