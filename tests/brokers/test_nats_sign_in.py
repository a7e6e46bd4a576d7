"""Sign-in, TLS and permissions of NATS."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from webapp.relay.address import parse
from webapp.relay.senders.base import BrokerAway, ClientMissing
from webapp.relay.senders.nats_jetstream import NatsSender

from ..support.brokers.broker import running
from ..support.brokers.nats_accounts import Accounts
from ..support.brokers.nats_server import NatsServer
from ..support.brokers.nats_stream import NatsStream, with_settings
from ..support.brokers.relay_events import page, positions
from ..support.redis_servers import Certificate
from ..support.wait import eventually

USERS = """
authorization {
  users: [
    { user: relay, password: right-secret }
    { user: narrow, password: right-secret, permissions: {
      publish: ["other.>", "$JS.API.>"], subscribe: ["_INBOX.>"] } }
    { user: quiet, password: right-secret, permissions: { publish: [">"], subscribe: ["other.>"] } }
    { user: blind, password: right-secret, permissions: { publish: ["doorbell.>"], subscribe: ["_INBOX.>"] } }
  ]
}
"""


def send(url: str) -> list[str]:
    sender = NatsSender(parse(url))
    try:
        return positions(sender.send(page(1, 5)))
    finally:
        sender.close()


def reason(url: str, use: Callable[[NatsSender], object]) -> str | None:
    """The words of the refusal; None when the connection was closed before they came."""
    sender = NatsSender(parse(url))
    with pytest.raises(BrokerAway) as away:
        use(sender)
    sender.close()
    text = str(away.value)
    return None if any(sign in text for sign in ("reset by peer", "EOF", "closed", "Broken pipe")) else text


def error(url: str) -> str:
    """The error of sending, which is the one of the check too, without any secret."""
    texts: list[str] = []
    for use in (lambda sender: sender.check(), lambda sender: sender.send(page(1, 5))):
        # The server closes the connection after its error, and the close may arrive first.
        text = eventually(lambda use=use: reason(url, use))
        assert text is not None
        texts.append(text)
    assert texts[0] == texts[1]
    assert "secret" not in texts[0]
    return texts[0]


def test_user_name_and_password() -> None:
    with running(with_settings(USERS)) as server:
        NatsStream(server.url_at(server.port, "relay:right-secret@127.0.0.1"), "ORDERS").create(subjects=["doorbell.>"])
        place = f"127.0.0.1:{server.port}"
        assert len(send(f"nats://relay:right-secret@{place}")) == 5
        for user in ("relay:wrong-secret@", "stranger:right-secret@", ""):
            assert "NATS refused the sign-in" in error(f"nats://{user}{place}")
        sender = NatsSender(parse(f"nats://narrow:right-secret@{place}"))
        with pytest.raises(
            BrokerAway, match=r'permissions violation for publish to "doorbell\.acme\.orders\.paid"; grant it'
        ):
            sender.send(page(1, 5))
        sender.close()
        assert "may not subscribe to its inbox" in error(f"nats://quiet:right-secret@{place}")
        # Without the right to read the streams, sending works.
        assert len(send(f"nats://blind:right-secret@{place}")) == 5
        assert "may not read the streams" in NatsSender(parse(f"nats://blind:right-secret@{place}")).check()


def test_a_user_name_alone_is_the_token() -> None:
    with running(with_settings("authorization { token: right-secret }")) as server:
        place = f"127.0.0.1:{server.port}"
        NatsStream(f"nats://right-secret@{place}", "ORDERS").create(subjects=["doorbell.>"])
        assert len(send(f"nats://right-secret@{place}")) == 5
        assert "NATS refused the sign-in" in error(f"nats://wrong-secret@{place}")


def test_a_file_of_credentials(tmp_path: Path) -> None:
    accounts, strangers = Accounts(), Accounts()
    right, wrong, broken = tmp_path / "right.creds", tmp_path / "wrong.creds", tmp_path / "broken.creds"
    right.write_text(accounts.credentials())
    wrong.write_text(strangers.credentials())
    broken.write_text("not credentials")
    with running(with_settings(accounts.settings)) as server:
        place = f"nats://127.0.0.1:{server.port}"
        assert "create one with: nats stream add" in error(f"{place}?creds_file={right}")
        assert "NATS refused the sign-in" in error(f"{place}?creds_file={wrong}")
        assert "is not a file of NATS credentials" in error(f"{place}?creds_file={broken}")
        assert "cannot read" in error(f"{place}?creds_file={tmp_path}/missing.creds")


def test_tls_with_an_own_certificate_and_one_of_the_client(tmp_path: Path) -> None:
    certificate = Certificate(tmp_path, "DNS:localhost")
    files = f'cert_file: "{certificate.file}", key_file: "{certificate.key}", ca_file: "{certificate.file}"'
    with running(with_settings(f"tls {{ {files}, verify: true }}")) as server:
        place, shown = f"localhost:{server.port}", f"&cert_file={certificate.file}&key_file={certificate.key}"
        assert "create one with" in error(f"tls://{place}?ca_file={certificate.file}{shown}")
        assert "the certificate of NATS is not valid" in error(f"tls://{place}")
        assert "certificate" in error(f"tls://127.0.0.1:{server.port}?ca_file={certificate.file}{shown}")
        assert "TLS with NATS failed" in error(f"tls://{place}?ca_file={certificate.file}")
        assert "ca_file" in error(f"tls://{place}?ca_file={tmp_path}/missing.pem")


def test_a_server_without_tls_gets_no_secret(nats_server: NatsServer) -> None:
    for user in ("relay:the-secret@", "the-secret@", ""):
        assert "offers no TLS" in error(f"tls://{user}127.0.0.1:{nats_server.port}")


def test_a_server_without_jetstream_is_named() -> None:
    class PlainNats(NatsServer):
        def command(self) -> list[str]:
            return [part for part in super().command() if part not in ("-js", "-sd", str(self.directory / "jetstream"))]

    with running(PlainNats) as server:
        assert "JetStream is off" in error(f"nats://127.0.0.1:{server.port}")


def test_without_the_client_the_error_has_the_command_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "nats.aio.client", None)
    sender = NatsSender(parse("nats://127.0.0.1:1"))
    with pytest.raises(ClientMissing, match=r"pip install -r requirements/relay.txt"):
        sender.send(page(1, 1))
    sender.close()
