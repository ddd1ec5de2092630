"""`python -m consumers`."""

from __future__ import annotations

from threading import Event

import pytest
from click.testing import CliRunner

from consumers.__main__ import main
from consumers.pipeline import STAGES
from newswire.errors import ConfigError
from newswire.runtime import process as stage_process
from newswire.settings import Settings


def test_the_stages_are_listed_in_the_order_of_the_path():
    """A supervisor can ask what there is to run."""
    assert CliRunner().invoke(main, ["--list"]).output.split() == list(STAGES)


def test_an_unknown_stage_is_a_usage_error():
    """The answer names the stages there are."""
    done = CliRunner().invoke(main, ["polish"])
    assert done.exit_code == 2
    assert "dedupe" in done.output


@pytest.mark.parametrize(("given", "taken"), [({}, 2_000), ({"batch_records": 5}, 5)])
def test_a_stage_takes_batches_of_its_own_size_unless_told_otherwise(given, taken, monkeypatch, tmp_path):
    """A batch of the index has a fixed cost, so it is larger by default; NEWSWIRE_BATCH_RECORDS still decides."""
    seen = []

    def refuse(settings, **_):
        seen.append(settings.batch_records)
        raise ConfigError("no broker in this test")

    monkeypatch.setattr(stage_process, "open_consumer", refuse)
    with pytest.raises(ConfigError):
        stage_process.run_stage(STAGES["index"], Settings(_env_file=None, state_dir=tmp_path, **given), stop=Event())
    assert seen == [taken]
