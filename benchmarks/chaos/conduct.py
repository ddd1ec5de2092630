"""Conduct a run: publish, crawl, kill, break and poison for a time, then let everything settle."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any, Final

import psycopg
from rich.console import Console

from benchmarks.chaos.faults import FAULTS, is_worker
from benchmarks.chaos.outlets import Outlets
from benchmarks.chaos.poison import Poison
from benchmarks.chaos.product import Product, choose
from newswire.demo.press.state import PressState
from newswire.errors import NewswireError, Retry
from newswire.kafka.lag import read_lag
from newswire.stack.standstill import Standstill

CRAWL_SECONDS: Final = 0.5
POISON_SECONDS: Final = 5.0
SETTLE_SECONDS: Final = 420.0  # without any movement: the supervisor's longest pause is 300 s
SETTLED_TWICE_SECONDS: Final = 3.0
NEXT_PHASE_AT: Final = 0.4  # of the run: the press's day goes on


@dataclass(frozen=True, slots=True)
class Pace:
    """How much is done in a run; times in seconds."""

    seconds: float
    kill_every: float
    fault_every: float
    poison: int  # records a round


def break_everything(product: Product, outlets: Outlets, poison: Poison, pace: Pace, console: Console) -> None:
    """Do the faults for the time of the run, each in its own thread, and stop them all."""
    over = threading.Event()
    loops: list[Callable[[], None]] = [
        lambda: _every(over, CRAWL_SECONDS, product.keep_crawling),
        lambda: _every(over, pace.kill_every, lambda: _kill_one(product)),
        lambda: _every(over, POISON_SECONDS, lambda: poison.send(pace.poison)),
        lambda: _every(over, pace.fault_every, _next_fault(product, over)),
    ]
    with ThreadPoolExecutor(len(loops)) as pool:
        running: list[Future[None]] = [pool.submit(loop) for loop in loops]
        try:
            began = time.monotonic()
            while (left := pace.seconds - (time.monotonic() - began)) > 0:
                done, _ = wait(running, timeout=min(15.0, left), return_when=FIRST_EXCEPTION)
                if done:
                    break
                if outlets.share > NEXT_PHASE_AT:
                    PressState(product.state_dir).set_phase(1)
                _show(product, outlets, poison, left, console)
        finally:
            over.set()
    for future in running:
        future.result()


def settle(product: Product, outlets: Outlets, console: Console) -> float:
    """Wait until all that was published has come to its end, or nothing moves any more; return the seconds."""
    began, standstill = time.monotonic(), Standstill(SETTLE_SECONDS)
    calm = 0.0
    while True:
        product.keep_crawling()
        left = _unsettled(product, outlets)
        standstill.observe(str(left))
        if any(left.values()):
            calm = 0.0
        elif calm and time.monotonic() - calm > SETTLED_TWICE_SECONDS:
            return time.monotonic() - began
        else:
            calm = calm or time.monotonic()
        if standstill.is_over:
            console.print(f"Nothing has moved for {SETTLE_SECONDS:.0f} s. Not settled: {left}")
            return time.monotonic() - began
        moving = ", ".join(f"{name} {value}" for name, value in left.items() if value)
        console.print(f"Settling: {moving or 'calm'}", soft_wrap=True)
        time.sleep(5 if any(left.values()) else 1)


def _unsettled(product: Product, outlets: Outlets) -> dict[str, Any]:
    """Return what is not at its end yet."""
    left: dict[str, Any] = {
        "services": [n for n, s in product.services().items() if s["state"] not in ("ready", "done")]
    }
    try:
        left["records behind"] = sum(lag or 0 for lag in read_lag(product.settings).values())
        dsn = product.settings.postgres_dsn.get_secret_value()
        with psycopg.connect(dsn, connect_timeout=5) as connection:
            rows = connection.execute("select url, state, is_changed from urls").fetchall()
    except (Retry, NewswireError, psycopg.Error, OSError) as error:
        return left | {"no answer": str(error).splitlines()[0]}
    left["addresses on their way"] = sum(row[1] in ("discovered", "fetched", "parsed") or row[2] for row in rows)
    left["addresses not found yet"] = len({*map(outlets.url_of, outlets.articles)} - {row[0] for row in rows})
    return left


def _every(over: threading.Event, seconds: float, act: Callable[[], object]) -> None:
    while not over.wait(seconds):
        act()


def _kill_one(product: Product) -> None:
    for name, pid in choose(product.random, product.pids(is_worker)):
        product.kill(name, pid)


def _next_fault(product: Product, over: threading.Event) -> Callable[[], None]:
    """Return a function that does the next fault: all kinds in a random order, then all again."""

    def endless() -> Iterator[str]:
        while True:
            yield from product.random.sample(sorted(FAULTS), len(FAULTS))

    names = endless()

    def act() -> None:
        name = next(names)
        if FAULTS[name](product, over.wait):
            product.done[name] += 1

    return act


def _show(product: Product, outlets: Outlets, poison: Poison, left: float, console: Console) -> None:
    with contextlib.suppress(OSError, ValueError):
        down = [name for name, each in product.services().items() if each["state"] not in ("ready", "done")]
        console.print(
            f"{left / 60:5.1f} min left: {len(outlets.published())} pages out, {product.kills.total()} kills, "
            f"{product.done.total()} faults, {len(poison.sent)} malformed records; "
            f"not ready: {', '.join(down) or 'nothing'}",
            soft_wrap=True,
        )
