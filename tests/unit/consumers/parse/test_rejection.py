"""Reasons of a rejection: one list, used by the code, explained in the runbook."""

from __future__ import annotations

import ast
import pickle
import re
from pathlib import Path

import pytest

from consumers.parse.rejection import POISON, REASONS, Rejected, reject

ROOT = Path(__file__).parents[4]


def test_every_reason_is_given_somewhere():
    """No value of RejectReason is left over: each is a literal in the code that rejects."""
    literals = set()
    for path in (ROOT / "consumers/parse").rglob("*.py"):
        if path.name != "rejection.py":
            nodes = ast.walk(ast.parse(path.read_text("utf-8")))
            literals |= {node.value for node in nodes if isinstance(node, ast.Constant)}
    assert [reason for reason in REASONS if reason not in literals] == []


def test_the_runbook_explains_every_reason():
    """An operator finds each reason once, in the same order, and whether it is poison."""
    section = (ROOT / "docs/runbook.md").read_text("utf-8").split("## Why a page is rejected\n")[1].split("\n## ")[0]
    rows = re.findall(r"^\| `([\w-]+)` \| (\w+) \| \w.+ \|$", section, re.MULTILINE)
    assert rows == [(reason, "poison" if reason in POISON else "expected") for reason in REASONS]


@pytest.mark.parametrize("reason", REASONS)
def test_a_rejection_keeps_its_reason(reason):
    """Across processes, and in the answer of the stage, which knows poison from what is expected."""
    rejected = pickle.loads(pickle.dumps(Rejected(reason, "a sentence")))  # noqa: S301 - our own bytes
    assert (rejected.reason, rejected.detail, str(rejected)) == (reason, "a sentence", f"{reason}: a sentence")
    answer = reject(rejected.reason, rejected.detail)
    assert (answer.reason, answer.detail, answer.is_poison) == (reason, "a sentence", reason in POISON)
