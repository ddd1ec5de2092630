"""No way into anybody's network: addresses are judged when dialled, whatever the name promised."""

from __future__ import annotations

import asyncio
import socket
from ipaddress import ip_address

import httpx
import pytest

from newswire.crawl.ssrf_guard import ForbiddenAddressError, GuardedTransport, is_permitted, permitted_networks
from newswire.errors import ConfigError
from newswire.settings import Settings
from newswire.testing.site import SitePage, open_site

PRIVATE = [
    "127.0.0.1", "127.8.9.1", "10.0.0.1", "172.16.5.4", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.1",
    "224.0.0.1", "240.0.0.1", "255.255.255.255", "192.0.2.1", "198.18.0.1", "::1", "::", "fe80::1", "fc00::1",
    "ff02::1",
    "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "2001:db8::1",
    "2001:0:4136:e378:8000:63bf:80ff:fffe",
]  # fmt: skip


@pytest.mark.parametrize("address", PRIVATE)
def test_inner_addresses_are_refused_in_every_disguise(address):
    """Private, loopback, link-local, multicast, reserved; also inside mapped, NAT64, 6to4 and Teredo addresses."""
    assert not is_permitted(ip_address(address), ())


@pytest.mark.parametrize(
    "address", ["93.184.216.34", "2606:2800:220:1::1", "::ffff:93.184.216.34", "64:ff9b::5db8:d822"]
)
def test_public_addresses_are_let_through(address):
    """The guard does not hinder requests to a public address."""
    assert is_permitted(ip_address(address), ())


def test_a_setting_opens_named_networks_only():
    """The demo's loopback is reachable, the network beside it is not."""
    networks = permitted_networks(["127.0.0.0/8"])
    assert is_permitted(ip_address("127.0.0.11"), networks)
    assert is_permitted(ip_address("::ffff:127.0.0.11"), networks)
    assert not is_permitted(ip_address("10.0.0.1"), networks)
    with pytest.raises(ConfigError, match="NEWSWIRE_ALLOW_PRIVATE"):
        permitted_networks(["localhost"])


def get(url, *allow):
    async def ask():
        transport = GuardedTransport(Settings(allow_private=allow))
        async with httpx.AsyncClient(transport=transport, trust_env=False) as client:
            return (await client.get(url)).status_code

    return asyncio.run(ask())


def resolving(monkeypatch, *answers):
    """Let every name resolve to these addresses, as a hostile name server would."""

    def getaddrinfo(_host, port, *_args, **_kwargs):
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in answers]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)


def test_a_name_that_resolves_to_an_inner_address_is_not_dialled(monkeypatch):
    """The site would answer, but no connection is made."""
    with open_site() as site:
        site.pages["/"] = SitePage("secret")
        port = site.host.rpartition(":")[2]
        assert get(f"http://localhost:{port}/", "127.0.0.0/8", "::1/128") == 200
        resolving(monkeypatch, "127.0.0.1")
        with pytest.raises(ForbiddenAddressError, match=r"127\.0\.0\.1"):
            get(f"http://public.example:{port}/")
        with pytest.raises(ForbiddenAddressError):
            get(f"http://127.0.0.1:{port}/")
        assert len(site.visits) == 1


def test_of_several_answers_only_the_permitted_are_dialled(monkeypatch):
    """A name that resolves to a good and a bad address cannot slip us the bad one, not even as second choice."""
    with open_site("127.0.0.1") as inner, open_site("127.0.0.2") as outer:
        port = inner.host.rpartition(":")[2]
        resolving(monkeypatch, "127.0.0.1", "127.0.0.2")
        with pytest.raises(httpx.ConnectError):
            get(f"http://public.example:{port}/", "127.0.0.2/32")
        assert inner.visits == []
        assert get(f"http://public.example:{outer.host.rpartition(':')[2]}/", "127.0.0.2/32") == 404


@pytest.mark.parametrize(
    "url", ["http://[::1]:9/", "http://2130706433/", "http://0x7f.1/", "http://127.1/", "http://0/"]
)
def test_odd_spellings_of_loopback_are_refused(url):
    """Decimal, hexadecimal and short forms lead to the same place."""
    with pytest.raises((ForbiddenAddressError, httpx.ConnectError)) as caught:
        get(url)
    assert isinstance(caught.value, ForbiddenAddressError) or "cannot be resolved" in str(caught.value)
