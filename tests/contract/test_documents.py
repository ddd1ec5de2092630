"""What the documents name exists."""

from __future__ import annotations

import re
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from consumers.pipeline import STAGES
from newswire.settings import Settings
from schemas.topics import TOPICS

ROOT = Path(__file__).parents[2]
DOCUMENTS = [ROOT / "README.md", ROOT / "ARCHITECTURE.md", *sorted((ROOT / "docs").glob("*.md"))]


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


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_links_commands_and_settings_exist(path):
    """A relative link, a command of ours or a variable in a document is not a typing error."""
    text = path.read_text("utf-8")
    for link in re.findall(r"\]\(([^)#:]+)[^)]*\)", text):
        assert (path.parent / link).exists(), link
    commands = {entry.name for entry in entry_points(group="newswire.commands")}
    assert set(re.findall(r"(?:bin/|`|^)newswire ([a-z]+)\b", text, re.MULTILINE)) <= commands
    settings = {f"NEWSWIRE_{name.upper()}" for name in Settings.model_fields} | {"NEWSWIRE_TEST_SERVERS"}
    assert set(re.findall(r"NEWSWIRE_[A-Z_]+[A-Z]", text)) <= settings
