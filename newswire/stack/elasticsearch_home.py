"""Lay out an Elasticsearch home from jars, with our launcher and plugins compiled on this machine."""

from __future__ import annotations

import ctypes
import ctypes.util
import platform
import re
import shutil
import subprocess
import tempfile
import zipfile
from collections.abc import Iterable
from importlib.resources import files
from pathlib import Path

from newswire.errors import StackError
from newswire.stack.disk import explain_full_disk
from newswire.stack.jars import fetch, lock_path
from newswire.stack.java_runtime import ENVIRONMENT, fingerprint, java

SOURCES = Path(str(files("newswire.stack") / "java"))
LAUNCHER = {"EmbeddedNode"}
PLUGINS = {  # name -> (description, class, the folder of its sources and classes)
    "newswire-analysis": ("Language analyzers", "LanguageAnalysisPlugin", "newswire/es"),
    "newswire-guard": ("Login and protection from web pages", "guard.GuardedTransportPlugin", "newswire/es/guard"),
}
HOME_BYTES = 60 << 20
COMPILE_TIMEOUT_SECONDS = 180
MACHINES = {"x86_64": "x64", "AMD64": "x64", "aarch64": "aarch64", "arm64": "aarch64"}
# The layout is part of the key: a newer Newswire builds its home again.
LAYOUT_VERSION = "2"


def ensure_home(cache: Path) -> Path:
    """Return a complete home for the locked version, built once; nodes share it and only read it."""
    home = home_path(cache)
    if home.exists():
        return home
    jars, compiler = fetch("elasticsearch", cache / "jars"), fetch("ecj", cache / "jars")
    with explain_full_disk(cache, HOME_BYTES), tempfile.TemporaryDirectory(dir=cache, prefix=".part-") as scratch:
        half = Path(scratch) / "home"
        _build(half, jars, compiler)
        _move(half, home)
    return home


def home_path(cache: Path) -> Path:
    """Return where the home for this lock, these sources and this Java is, or will be."""
    key = fingerprint(LAYOUT_VERSION, lock_path("elasticsearch"), *sorted(SOURCES.rglob("*.java")))
    return cache / f"elasticsearch-{key}"


def classpath(home: Path) -> list[Path]:
    """Return the server's class path; sorted, because an ahead-of-time cache wants the same order each time."""
    return sorted((home / "lib").glob("*.jar"))


def _move(half: Path, home: Path) -> None:
    try:
        half.rename(home)
    except OSError:
        if not home.exists():  # otherwise another process has just built the same
            raise


def _build(home: Path, jars: Iterable[Path], compiler: list[Path]) -> None:
    lib = home / "lib"
    for folder in (lib, home / "modules", home / "plugins"):
        folder.mkdir(parents=True)
    for jar in jars:
        name = re.sub(r"-[0-9a-f]{12}\.jar$", ".jar", jar.name)  # the cache has the hash in the name
        # The network module too, which the distribution loads apart: our guard is built upon it.
        shutil.copy2(jar, lib / name)
    _compile(compiler, lib, home / "plugins")
    version = next(lib.glob("transport-netty4-*.jar")).stem.removeprefix("transport-netty4-")
    for name in PLUGINS:
        _describe_plugin(home / "plugins", name, version)
    _link_zstd(lib)


def _describe_plugin(plugins: Path, name: str, version: str) -> None:
    description, main_class, _ = PLUGINS[name]
    descriptor = {
        "name": name,
        "description": description,
        "version": version,
        "elasticsearch.version": version,
        "java.version": "21",
        "classname": f"newswire.es.{main_class}",
    }
    text = "".join(f"{key}={value}\n" for key, value in descriptor.items())
    (plugins / name / "plugin-descriptor.properties").write_text(text, "utf-8")


def _compile(compiler: list[Path], lib: Path, plugins: Path) -> None:
    sources = sorted(map(str, SOURCES.rglob("*.java")))
    libraries = ":".join(map(str, sorted(lib.glob("*.jar"))))
    with tempfile.TemporaryDirectory(dir=lib.parent) as classes:
        options = ("-21", "-nowarn", "-proc:none", "-encoding", "UTF-8", "-d", classes, "-cp", libraries)
        command = java((), compiler, "org.eclipse.jdt.internal.compiler.batch.Main", *options, *sources)
        done = subprocess.run(
            command, env=ENVIRONMENT, capture_output=True, text=True, timeout=COMPILE_TIMEOUT_SECONDS, check=False
        )
        if done.returncode:
            raise StackError(f"The Elasticsearch launcher does not compile:\n{done.stdout}{done.stderr}")
        compiled = sorted(Path(classes).rglob("*.class"))
        # No two jars may share a class, else Elasticsearch reports jar hell.
        launcher = [path for path in compiled if path.stem in LAUNCHER]
        _pack(lib / "newswire-node.jar", Path(classes), launcher)
        for name, (*_, folder) in PLUGINS.items():
            (plugins / name).mkdir()
            own = [path for path in compiled if path.parent == Path(classes, folder) and path not in launcher]
            _pack(plugins / name / f"{name}.jar", Path(classes), own)


def _pack(target: Path, root: Path, classes: Iterable[Path]) -> None:
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as jar:
        for path in classes:
            jar.write(path, path.relative_to(root))


def _link_zstd(lib: Path) -> None:
    """Let the server find the system's zstd, where there is one; without it only `best_compression` indexes fail."""
    name = ctypes.util.find_library("zstd")
    machine = MACHINES.get(platform.machine())
    if platform.system() != "Linux" or not name or not machine:
        return
    ctypes.CDLL(name)
    mapped = (line.split()[-1] for line in Path("/proc/self/maps").read_text("utf-8").splitlines())
    if library := next((path for path in mapped if "/libzstd.so" in path), None):
        folder = lib / "platform" / f"linux-{machine}"
        folder.mkdir(parents=True)
        (folder / "libzstd.so").symlink_to(library)
