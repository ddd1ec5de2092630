"""Write the lock files of the embedded servers anew, for a developer who raises a version.

`python -m newswire.stack.write_locks` resolves the roots below over the network and hashes every jar.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from jgo.maven import MavenContext

from newswire.stack.jars import lock_path, sha256_of

# Kafka and Elasticsearch want different log4j versions, so they are never resolved together.
ROOTS = {
    "kafka": ("org.apache.kafka:kafka_2.13:4.3.1", "org.apache.logging.log4j:log4j-slf4j-impl:2.25.4"),
    "elasticsearch": (
        "org.elasticsearch:elasticsearch:9.5.3",
        "org.elasticsearch.plugin:transport-netty4:9.5.3",
    ),
    "ecj": ("org.eclipse.jdt:ecj:3.46.100",),
}


def lock_lines(roots: tuple[str, ...], cache: Path) -> list[str]:
    """Return a line for each jar that the roots need: coordinate, SHA-256, size."""
    context = MavenContext(repo_cache=cache)
    # Without the "!" each root is taken for a list of versions, and silently lowers those of others.
    inputs, dependencies = context.resolver.resolve([context.create_dependency(f"{root}!") for root in roots])
    lines = set()
    for dependency in (*inputs, *dependencies):
        path = dependency.artifact.resolve()
        coordinate = f"{dependency.groupId}:{dependency.artifactId}:{dependency.version}"
        lines.add(f"{coordinate} {sha256_of(path)} {path.stat().st_size}")
    return sorted(lines)


def main() -> None:
    """Write every lock."""
    with tempfile.TemporaryDirectory() as cache:
        for name, roots in ROOTS.items():
            lock_path(name).write_text("\n".join(lock_lines(roots, Path(cache))) + "\n", "utf-8")


if __name__ == "__main__":
    main()
