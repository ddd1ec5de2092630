"""The SSRF guard: it checks addresses after name resolution, when the connection is made.

Checking a URL or a name beforehand does not protect: the name may resolve to another address a moment later.
"""

from __future__ import annotations

import ipaddress
import socket
import ssl
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Final

import anyio
import httpcore
import httpx

from newswire.errors import ConfigError, NewswireError
from newswire.settings import Settings

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

# These IPv6 addresses contain an IPv4 address, to which a NAT64 gateway would connect us.
_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")


class ForbiddenAddressError(NewswireError):
    """A name resolves only to addresses that are not public."""


def permitted_networks(names: Sequence[str]) -> tuple[Network, ...]:
    """Return the networks of the setting `allow_private`; raises ConfigError."""
    try:
        return tuple(ipaddress.ip_network(name) for name in names)
    except ValueError as error:
        raise ConfigError(f"NEWSWIRE_ALLOW_PRIVATE: {error}; write networks such as 127.0.0.0/8") from error


def is_permitted(address: Address, networks: Iterable[Network]) -> bool:
    """Return whether we may connect: to a public address, or to one in a network that a setting names."""
    inner = _inner(address)
    if any(inner in network for network in networks):
        return True
    return inner.is_global and not (inner.is_multicast or inner.is_reserved)


def _inner(address: Address) -> Address:
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo or (None, None))[1] or address


class GuardedBackend(httpcore.AsyncNetworkBackend):
    """An httpcore backend that resolves names itself and connects only to permitted addresses."""

    def __init__(self, networks: Sequence[Network]) -> None:
        self._networks = networks
        self._inner = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's signature
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to the first permitted address that accepts the connection."""
        failure: Exception = httpcore.ConnectError(f"{host} has no address")
        for address in await self._addresses(host, port):
            try:
                return await self._inner.connect_tcp(str(address), port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure

    async def connect_unix_socket(self, path: str, *_args: object, **_kwargs: object) -> httpcore.AsyncNetworkStream:
        """Raise ForbiddenAddressError: no URL of a site names a socket file."""
        raise ForbiddenAddressError(f"{path} is a socket on this machine")

    async def sleep(self, seconds: float) -> None:
        """Wait between two of httpcore's attempts."""
        await anyio.sleep(seconds)

    async def _addresses(self, host: str, port: int) -> list[Address]:
        try:
            results = await anyio.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise httpcore.ConnectError(f"{host} cannot be resolved: {error}") from error
        found = [ipaddress.ip_address(str(result[4][0]).partition("%")[0]) for result in results]
        permitted = [address for address in dict.fromkeys(found) if is_permitted(address, self._networks)]
        if not permitted:
            raise ForbiddenAddressError(f"{host} resolves to {', '.join(map(str, found))}, which is not public")
        return permitted


class GuardedTransport(httpx.AsyncHTTPTransport):
    """httpx's transport over the guarded backend: TLS is verified, no proxy is used, nothing is retried."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(verify=_tls())
        # httpx has no parameter for the backend; its transport is this pool and a mapping of errors around it.
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=_tls(),
            max_connections=settings.fetch_concurrency,
            keepalive_expiry=5.0,
            network_backend=GuardedBackend(permitted_networks(settings.allow_private)),
        )


@cache
def _tls() -> ssl.SSLContext:
    return httpx.create_ssl_context()
