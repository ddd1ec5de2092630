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


def test_the_root_of_newswire_is_a_closed_list():
    """A new module has a room of its own; the root holds what everybody imports."""
    root = {path.stem for path in (ROOT / "newswire").glob("*.py")}
    assert root == {"__init__", "__main__", "cli", "clock", "errors", "logs", "settings", "stage", "terminal"}


# Public classes of one name in two rooms, and why they may share it.
SAME_NAME: dict[str, str] = {}


def test_no_two_public_classes_share_a_name():
    """A name that is searched for leads to one place."""
    homes: dict[str, set[str]] = {}
    for path in SOURCES:
        for node in ast.parse(path.read_text("utf-8")).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                homes.setdefault(node.name, set()).add(name_of(path))
    assert {name: files for name, files in homes.items() if len(files) > 1 and name not in SAME_NAME} == {}


@pytest.mark.parametrize("path", [*SOURCES, *sorted((ROOT / "dags").glob("*.py"))], ids=name_of)
def test_functions_fit_a_screen(path):
    """No function has more than 50 lines, its docstring included."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert (node.end_lineno or 0) - node.lineno < 50, node.name


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
