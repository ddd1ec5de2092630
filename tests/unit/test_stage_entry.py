"""`python -m consumers`."""

from __future__ import annotations

from click.testing import CliRunner

from consumers.__main__ import main
from consumers.pipeline import STAGES


def test_the_stages_are_listed_in_the_order_of_the_path():
    """A supervisor can ask what there is to run."""
    assert CliRunner().invoke(main, ["--list"]).output.split() == list(STAGES)


def test_an_unknown_stage_is_a_usage_error():
    """The answer names the stages there are."""
    done = CliRunner().invoke(main, ["polish"])
    assert done.exit_code == 2
    assert "dedupe" in done.output
