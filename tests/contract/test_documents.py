"""What the documents name exists."""

from __future__ import annotations

import re
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from consumers.pipeline import STAGES
from newswire.settings import Settings
from schemas.dead_letters import DEAD_LETTER_REASONS
from schemas.topics import TOPICS

ROOT = Path(__file__).parents[2]
GUIDES = ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md")
DOCUMENTS = [*(ROOT / name for name in GUIDES), *sorted((ROOT / "docs").rglob("*.md"))]
FOLDERS = "benchmarks|consumers|dags|deploy|docs|examples|kibana|newswire|requirements|schemas|sources|tests"


def test_every_test_that_holds_an_invariant_exists():
    """The table of invariants in ARCHITECTURE.md names tests by their names."""
    named = set(re.findall(r"`(test_\w+)`", (ROOT / "ARCHITECTURE.md").read_text("utf-8")))
    written = set()
    for path in (ROOT / "tests").rglob("*.py"):
        written |= set(re.findall(r"def (test_\w+)", path.read_text("utf-8")))
    assert named
    assert named <= written


def test_the_drawing_shows_every_topic_and_every_stage():
    """README's drawing leaves out no topic and no stage."""
    drawing = (ROOT / "README.md").read_text("utf-8").split("```")[1]
    assert set(re.findall(r"\[([a-z-]+)\]", drawing)) == {topic.name for topic in TOPICS}
    assert all(re.search(rf"\b{stage}\b", drawing) for stage in STAGES)


def test_every_term_of_the_glossary_lives_where_it_says():
    """A term names the file that decides it, in the last column; only planned terms have none."""
    terms, _, planned = (ROOT / "docs/glossary.md").read_text("utf-8").partition("## Planned")
    rows = [row.strip("| ").split(" | ") for row in terms.splitlines() if row.startswith("| ")]
    homes = {row[0]: row[-1].strip("`") for row in rows if row[0] != "term"}
    assert len(homes) >= 30
    assert [term for term, home in homes.items() if not (ROOT / home).is_file()] == []
    assert "`" not in planned


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_paths_in_documents_exist(path):
    """A file or folder that a document names in code type is in the tree; `<id>`, NAME and * stand for any."""
    named = re.findall(rf"`((?:{FOLDERS})/[\w./*<>-]*)", path.read_text("utf-8"))
    patterns = [re.sub(r"<\w+>|NAME|example(?=\.yml)", "*", name.rstrip("/.")) for name in named]
    assert [pattern for pattern in patterns if not any(ROOT.glob(pattern))] == []


def test_the_index_of_decisions_is_complete():
    """docs/decisions/README.md lists every decision with its number and title, and what replaces it."""
    index = (ROOT / "docs/decisions/README.md").read_text("utf-8")
    for path in sorted((ROOT / "docs/decisions").glob("[0-9]*.md")):
        heading, _, text = path.read_text("utf-8").partition("\n")
        number, _, title = heading.removeprefix("# ").partition(" ")
        (replaced,) = re.findall(r"^Replaced by (\d{4})", text, re.MULTILINE) or [None]
        status = f"superseded by {replaced}" if replaced else "accepted"
        assert f"| [{number}]({path.name}) | {title} | {status} |" in index


def test_the_runbook_explains_every_reason_of_a_dead_letter():
    """An operator finds each reason once, in the order of schemas/dead_letters.py, with what to do."""
    section = (ROOT / "docs/runbook.md").read_text("utf-8").split("\n## Dead letters\n")[1].split("\n## ")[0]
    assert tuple(re.findall(r"^\| `([a-z-]+)` \| .+ \| .+ \|$", section, re.MULTILINE)) == DEAD_LETTER_REASONS


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_links_commands_and_settings_exist(path):
    """A relative link, a command of ours or a variable in a document is not a typing error."""
    text = path.read_text("utf-8")
    for link in re.findall(r"\]\((?!https?:)([^)#:]+)[^)]*\)", text):
        assert (path.parent / link).exists(), link
    commands = {entry.name for entry in entry_points(group="newswire.commands")}
    assert set(re.findall(r"(?:bin/|`|^)newswire ([a-z]+)\b", text, re.MULTILINE)) <= commands
    settings = {f"NEWSWIRE_{name.upper()}" for name in Settings.model_fields} | {"NEWSWIRE_TEST_SERVERS"}
    assert set(re.findall(r"NEWSWIRE_[A-Z_]+[A-Z]", text)) <= settings
