"""A login tried by hand before a client is opened.

kafka-python 3.0.12 goes on trying after a refused login until its time is up, does not say that it was refused, and
leaves its thread behind. Kafka's protocol guide has the two requests: SaslHandshake (17) and SaslAuthenticate (36).
"""

from __future__ import annotations

import socket
import struct
from typing import Any, Final

from kafka import errors
from kafka.net.sasl import get_sasl_mechanism

from newswire.errors import ConfigError

TRIED: Final = frozenset({"PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"})
MAX_ANSWER_BYTES: Final = 64 << 10
_HANDSHAKE, _AUTHENTICATE = 17, 36


def check_login(connection: socket.socket, options: dict[str, Any]) -> None:
    """Log in on a fresh connection with a client's options; other mechanisms and TLS are left to the client.

    Raises:
        ConfigError: the broker refuses the login.
        OSError: it went away, or does not answer in time.
    """
    mechanism, user = options["sasl_mechanism"], options["sasl_plain_username"]
    if options["security_protocol"] != "SASL_PLAINTEXT" or mechanism not in TRIED:
        return
    if user is None or options["sasl_plain_password"] is None:
        raise ConfigError(f"{mechanism} needs NEWSWIRE_KAFKA_SASL_USERNAME and NEWSWIRE_KAFKA_SASL_PASSWORD")
    try:
        _shake_hands(connection, mechanism)
        _authenticate(connection, get_sasl_mechanism(mechanism)(**options))
    except (errors.KafkaError, ValueError, KeyError) as error:
        raise ConfigError(
            f"Kafka refuses the login of {user}: {error}. Check NEWSWIRE_KAFKA_SASL_USERNAME, _PASSWORD and _MECHANISM"
        ) from error


def _shake_hands(connection: socket.socket, mechanism: str) -> None:
    name = mechanism.encode()
    answer = _ask(connection, _HANDSHAKE, struct.pack(f">h{len(name)}s", len(name), name))
    _raise_error(answer, f"the broker has no {mechanism}")


def _authenticate(connection: socket.socket, mechanism: Any) -> None:
    while not mechanism.is_done():
        token = mechanism.auth_bytes()
        answer = _ask(connection, _AUTHENTICATE, struct.pack(f">i{len(token)}s", len(token), token))
        length = max(0, struct.unpack_from(">h", answer, 2)[0])  # -1: no message
        _raise_error(answer, answer[4 : 4 + length].decode("utf-8", "replace"))
        (size,) = struct.unpack_from(">i", answer, 4 + length)
        mechanism.receive(answer[8 + length : 8 + length + size])


def _raise_error(answer: bytes, text: str) -> None:
    error = errors.for_code(struct.unpack_from(">h", answer)[0])
    if error is not errors.NoError:
        raise error(text)


def _ask(connection: socket.socket, request: int, body: bytes) -> bytes:
    """Send a request of version 1, without a client id, and return the answer behind its number."""
    head = struct.pack(">hhih", request, 1, request, -1)
    connection.sendall(struct.pack(">i", len(head) + len(body)) + head + body)
    (size,) = struct.unpack(">i", _receive(connection, 4))
    if not 4 <= size <= MAX_ANSWER_BYTES:
        raise ValueError("it does not answer as a broker does")
    return _receive(connection, size)[4:]


def _receive(connection: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        part = connection.recv(size - len(data))
        if not part:
            raise ConnectionResetError("the broker has closed the connection")
        data += part
    return data
