"""Ports are chosen once, kept, and never shared with a neighbour."""

from __future__ import annotations

import socket
from contextlib import contextmanager

import pytest

from newswire.stack.ports import SPARE_PORTS, choose_ports, holder_of, is_free


@contextmanager
def listener():
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture
def checkouts(tmp_path):
    """Two state folders and the cache of their user."""
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    return tmp_path / "one", tmp_path / "two", tmp_path / "cache"


def test_a_port_is_kept(checkouts):
    """The second start has the addresses of the first."""
    one, _, cache = checkouts
    first = choose_ports(["a", "b"], {}, one, cache)

    assert choose_ports(["a", "b"], first, one, cache) == first
    assert len(set(first.values())) == 2


def test_a_taken_port_is_replaced(checkouts):
    """Somebody sits on our port: another one is chosen, the rest stays."""
    one, _, cache = checkouts
    first = choose_ports(["b"], {}, one, cache)
    with listener() as taken:
        second = choose_ports(["a", "b"], first | {"a": taken}, one, cache)

    assert second["b"] == first["b"]
    assert second["a"] != taken
    assert second["a"] in SPARE_PORTS


def test_two_checkouts_never_meet(checkouts):
    """A neighbour's ports are left alone, also while its servers are stopped."""
    one, two, cache = checkouts
    first = choose_ports(["a", "b", "c"], {}, one, cache)

    second = choose_ports(["a", "b", "c"], first, two, cache)

    assert not set(first.values()) & set(second.values())


def test_a_claim_ends_with_its_folder(checkouts):
    """Ports of a checkout that is gone are free again."""
    one, two, cache = checkouts
    first = choose_ports(["a"], {}, one, cache)
    one.rmdir()

    assert choose_ports(["a"], first, two, cache) == first


def test_the_holder_of_a_port_is_named():
    """The doctor can say who is in the way."""
    with listener() as port:
        assert not is_free(port)
        assert "python" in (holder_of(port) or "").lower() or "pytest" in (holder_of(port) or "")
    assert is_free(port)
