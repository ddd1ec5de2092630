"""How sources and hosts are distributed among tasks, and the DAGs' documentation."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from newswire.airflow.dag_docs import source_document, tier_document
from newswire.airflow.mapped_batches import in_batches
from newswire.sources.catalogue import BrokenSource, Source
from newswire.sources.schedule import TIERS


@given(st.sets(st.integers(0, 10_000), max_size=300), st.integers(1, 60))
def test_every_member_is_in_exactly_one_batch(numbers, most):
    """None is lost or doubled, no batch is empty, and their sizes differ by one at most."""
    members = [f"m{number}" for number in numbers]
    batches = in_batches(((member, member.upper()) for member in members), most)
    assert sorted(member for batch in batches for member in batch["members"]) == sorted(members)
    sizes = {len(batch["members"]) for batch in batches}
    assert len(batches) == min(most, len(members))
    assert not sizes or max(sizes) - min(sizes) <= 1


def test_the_same_sources_make_the_same_batches():
    """The order in which files are read must not make a new version of the DAG."""
    titles = [(f"s{number}", f"The {number}") for number in range(7)]
    assert in_batches(titles, 3) == in_batches(reversed(titles), 3)


def test_a_batch_is_named_after_its_members():
    """The grid shows titles, and how many more there are."""
    assert in_batches([("a", "The A")])[0]["label"] == "The A"
    assert in_batches([(c, f"The {c}") for c in "abcd"], 1)[0]["label"] == "The a, The b and 2 more"


def test_the_documents_name_sources_and_broken_files():
    """Whoever opens a DAG in the UI sees what it crawls, and which file is skipped and why."""
    source = Source(id="alder", title="The Alder", owner="desk", feeds=("http://alder.example/feed.xml",))
    broken = (BrokenSource(Path("birch.yml"), "owner: Field required"),)
    for document in (tier_document(TIERS["15m"], [source], broken), source_document([source], broken)):
        assert "`birch.yml`: owner: Field required" in document
    assert "| The Alder | `alder` | alder.example | desk |" in tier_document(TIERS["15m"], [source], ())
