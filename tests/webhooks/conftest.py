"""Receivers of webhooks, and a certificate for one of them."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from ..support.redis_servers import Certificate


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
