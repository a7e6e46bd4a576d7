"""Receivers of webhooks, and a certificate for one of them."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ..support.receivers import Behaviour, Receiver
from ..support.redis_servers import Certificate

Start = Callable[..., Receiver]


@pytest.fixture
def receiver() -> Iterator[Start]:
    """Starts receivers, and stops them at the end of the test."""
    started: list[Receiver] = []

    def start(behave: Behaviour, **options: object) -> Receiver:
        started.append(Receiver(behave, **options))  # type: ignore[arg-type]
        return started[-1]

    yield start
    for each in started:
        each.close()


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """Self-signed, for hooks.example and 127.0.0.1."""
    return Certificate(Path(tmp_path_factory.mktemp("tls")), "DNS:hooks.example", "IP:127.0.0.1")


@pytest.fixture
def server_tls(certificate: Certificate) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.file, certificate.key)
    return context


@pytest.fixture
def client_tls(certificate: Certificate) -> ssl.SSLContext:
    """Trusts that certificate."""
    return ssl.create_default_context(cafile=str(certificate.file))
