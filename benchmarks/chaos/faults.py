"""The faults, each done once by a function that undoes it before it returns: what was broken then heals by itself."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import kafka.errors
from kafka import KafkaAdminClient, TopicPartition

from benchmarks.chaos.product import Product, choose
from newswire.errors import Retry
from newswire.kafka.clients import open_admin
from schemas.topics import TOPICS, stage_names

FAKETIME: Final = sorted(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))
CLOCKS: Final = ("-2h", "-20m", "+20m", "+2h")
OUT_OF_SYNC_SECONDS: Final = 8.0  # a broker that is silent for 3 s is no longer counted on
BROKERS_SECONDS: Final = 120.0
FILLER: Final = "filler"
Wait = Callable[[float], Any]  # seconds; ends early when the run does


def is_worker(name: str) -> bool:
    """Return whether a process is a stage's or a crawler, which are killed all the time."""
    return name.rpartition("-")[0] in (*stage_names(), "crawler") or name in stage_names()


def is_broker(name: str) -> bool:
    """Return whether a process is one of Kafka's brokers."""
    return name.startswith("kafka")


def pause_stage(product: Product, wait: Wait) -> bool:
    """Stop a stage's process for longer than its session lasts: it wakes as a zombie."""
    return _pause(product, wait, is_worker, product.random.uniform(5, 40))


def kill_broker(product: Product, wait: Wait) -> bool:
    """Kill a broker, with whatever it leads, once all three are in sync."""
    return _await_brokers(product, wait) and _kill(product, is_broker)


def pause_broker(product: Product, wait: Wait) -> bool:
    """Stop a broker: clients hang on it until the others have fenced it."""
    return _await_brokers(product, wait) and _pause(product, wait, is_broker, product.random.uniform(5, 20))


def cut_log(product: Product, wait: Wait) -> bool:
    """Cut the end off a replica's log, as a power cut does, after its broker has fallen out of sync, and kill it.

    A replica in sync must not be cut: with it, acknowledged records would be lost by Kafka itself.
    """
    if not _await_brokers(product, wait):
        return False
    for name, pid in choose(product.random, product.pids(is_broker)):
        folder = product.state_dir / "kafka" / name.replace("kafka", "data")
        with product.stopped(pid):
            wait(OUT_OF_SYNC_SECONDS)
            topics = {topic.name for topic in TOPICS}
            logs = [path for path in folder.glob("*-*/*.log") if path.parent.name.rpartition("-")[0] in topics]
            for log in product.random.sample(logs, min(5, len(logs))):
                os.truncate(log, int(log.stat().st_size * product.random.uniform(0.5, 1)))
            product.kill(name, pid)
        return True
    return False


def move_partitions(product: Product, wait: Wait) -> bool:
    """Have other brokers lead a topic's partitions."""
    if not _await_brokers(product, wait):
        return False
    topic = product.random.choice([topic.name for topic in TOPICS])
    with suppress(Retry, kafka.errors.KafkaError):
        admin: KafkaAdminClient = open_admin(product.settings)
        try:
            (described,) = admin.describe_topics([topic])
            places = [TopicPartition(topic, each["partition_index"]) for each in described["partitions"]]
            admin.alter_partition_reassignments({place: product.random.sample((1, 2, 3), 3) for place in places})
            wait(2)
            admin.elect_leaders(0, {topic: [place.partition for place in places]}, raise_errors=False)
        finally:
            admin.close()
        return True
    return False


def kill_elasticsearch(product: Product, _: Wait) -> bool:
    """Kill Elasticsearch."""
    return _kill(product, lambda name: name == "elasticsearch")


def pause_elasticsearch(product: Product, wait: Wait) -> bool:
    """Stop Elasticsearch: it accepts connections and answers nothing."""
    return _pause(product, wait, lambda name: name == "elasticsearch", product.random.uniform(5, 40))


def kill_postgres(product: Product, _: Wait) -> bool:
    """Kill PostgreSQL."""
    return _kill(product, lambda name: name == "postgres")


def pause_postgres(product: Product, wait: Wait) -> bool:
    """Stop PostgreSQL and all its processes."""
    return _pause(product, wait, lambda name: name == "postgres", product.random.uniform(5, 40))


def fill_disk(product: Product, wait: Wait) -> bool:
    """Fill the disk of the snapshots or that of the large bodies, which must be small file systems of their own."""
    folders = [folder for name in ("snapshots", "blobs") if (folder := product.state_dir / name).is_mount()]
    if not folders:
        return False
    filler = product.random.choice(folders) / FILLER
    try:
        with suppress(OSError), filler.open("wb", buffering=0) as file:
            while file.write(bytes(1 << 20)):
                pass
        wait(product.random.uniform(10, 30))
    finally:
        filler.unlink(missing_ok=True)
    return True


def step_clock(product: Product, wait: Wait) -> bool:
    """Let one more process of a stage work with a clock that is wrong by up to two hours, and kill it."""
    if not FAKETIME:
        return False
    stage = product.random.choice(stage_names())
    clock = {"LD_PRELOAD": str(FAKETIME[0]), "DONT_FAKE_MONOTONIC": "1", "FAKETIME": product.random.choice(CLOCKS)}
    with product.log(f"{stage}-wrong-clock") as log:
        process = product.spawn("consumers", stage, log=log, NEWSWIRE_METRICS_PORT="0", **clock)
    try:
        wait(product.random.uniform(20, 40))
    finally:
        product.kill(stage, process.pid)
        process.wait()
    return True


def flip_snapshot(product: Product, _: Wait) -> bool:
    """Flip a bit in a snapshot, and kill the stage that would start from it."""
    snapshots = product.state_dir / "snapshots"
    files = [path for path in snapshots.glob("*/*/[0-9]*/*") if path.is_file()]
    if not files:
        return False
    file = product.random.choice(files)
    with suppress(OSError):  # dropped for a newer one meanwhile
        content = bytearray(file.read_bytes())
        content[product.random.randrange(len(content))] ^= 1 << product.random.randrange(8)
        file.write_bytes(content)
        stage = file.relative_to(snapshots).parts[0]
        return _kill(product, lambda name: name.startswith(stage))
    return False


FAULTS: Final[dict[str, Callable[[Product, Wait], bool]]] = {
    "stage stopped (SIGSTOP)": pause_stage,
    "broker killed": kill_broker,
    "broker stopped (SIGSTOP)": pause_broker,
    "replica's log cut": cut_log,
    "partitions moved": move_partitions,
    "Elasticsearch killed": kill_elasticsearch,
    "Elasticsearch stopped (SIGSTOP)": pause_elasticsearch,
    "PostgreSQL killed": kill_postgres,
    "PostgreSQL stopped (SIGSTOP)": pause_postgres,
    "disk full": fill_disk,
    "clock wrong": step_clock,
    "snapshot bit flipped": flip_snapshot,
}


def _kill(product: Product, wanted: Callable[[str], bool]) -> bool:
    for name, pid in choose(product.random, product.pids(wanted)):
        product.kill(name, pid)
        return True
    return False


def _pause(product: Product, wait: Wait, wanted: Callable[[str], bool], seconds: float) -> bool:
    for _, pid in choose(product.random, product.pids(wanted)):
        with product.stopped(pid):
            wait(seconds)
        return True
    return False


def _await_brokers(product: Product, wait: Wait) -> bool:
    """Wait until every partition has all its replicas in sync: a second broker lost would be an outage of Kafka."""
    deadline = time.monotonic() + BROKERS_SECONDS
    while not _all_in_sync(product):
        if time.monotonic() > deadline:
            return False
        wait(1)
    return True


def _all_in_sync(product: Product) -> bool:
    try:
        admin = open_admin(product.settings)
        try:
            topics = admin.describe_topics([topic.name for topic in TOPICS])
        finally:
            admin.close()
    except (Retry, kafka.errors.KafkaError):
        return False
    return all(len(each["isr_nodes"]) == len(each["replica_nodes"]) == 3 for t in topics for each in t["partitions"])
