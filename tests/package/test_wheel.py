"""The built wheel, without the checkout beside it."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

from schemas.topics import TOPICS

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """A Python that sees the locked packages and the wheel, but not the checkout."""
    place = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", place, ROOT],
        check=True,
        capture_output=True,
    )
    (wheel,) = place.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(place / "site")
    packages = sysconfig.get_path("purelib")

    def run(code: str) -> str:
        path = f"import sys; sys.path[:0] = [{str(place / 'site')!r}, {packages!r}]; "
        done = subprocess.run(
            [sys.executable, "-I", "-S", "-c", path + code], capture_output=True, text=True, cwd=place, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    return run


def test_the_generic_names_belong_to_us(installed):
    """`schemas` and `consumers` come from our distribution and from nowhere else."""
    code = "from importlib.metadata import packages_distributions as p; print(p()['schemas'], p()['consumers'])"
    assert installed(code) == "['newswire'] ['newswire']"


def test_data_files_travel_in_the_wheel(installed):
    """Topics, schemas, migrations, locks, the mark of typed packages, and the pages' templates and sheet are inside."""
    code = (
        "from importlib.resources import files as f; from schemas.topics import TOPICS; import schemas;"
        "print(*(t.name for t in TOPICS), schemas.__file__.startswith(sys.path[0]),"
        "f('newswire.stack').joinpath('locks/kafka.lock').is_file(),"
        "any(f('newswire.crawl').joinpath('migrations').iterdir()),"
        "all(f(x).joinpath('py.typed').is_file() for x in ('newswire', 'consumers', 'schemas')),"
        "all(f('newswire.web').joinpath(x).is_file() for x in ('templates/search.html', 'static/newswire.css')))"
    )
    assert installed(code) == f"{' '.join(topic.name for topic in TOPICS)} True True True True True"


def test_every_command_and_stage_loads_from_the_wheel(installed):
    """Each entry point of the command line and each stage imports without the checkout."""
    code = (
        "from importlib.metadata import entry_points as e; from consumers.pipeline import STAGES;"
        "print(all(p.load() for p in e(group='newswire.commands') if p.dist.name == 'newswire'), *STAGES)"
    )
    assert installed(code) == "True parse dedupe cluster index watch ledger record"
