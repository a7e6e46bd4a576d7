"""Secrets of destinations: encrypted in the database, in no address that is shown, read with SECRET_KEY or its fallbacks."""

from __future__ import annotations

import dataclasses

import pytest

from webapp.relay.address import WrongAddress
from webapp.relay.opening import address_of, secret_box
from webapp.relay.secrets import SecretsLocked
from webapp.relay.signing import CURRENT

from ..support.relay import Relay

PASSWORD = "open sesame/@:"
ENCODED = "open%20sesame%2F%40%3A"


def test_a_password_is_stored_encrypted_and_is_in_no_text(relay: Relay) -> None:
    destination = relay.add("rabbit", f"amqps://shop:{ENCODED}@mq.example.com/orders")
    assert destination.url == "amqps://shop@mq.example.com/orders"
    (row,) = relay.conn.execute("SELECT r::text FROM relay_destinations r").fetchone() or ("",)
    assert PASSWORD not in row
    assert ENCODED not in row
    assert PASSWORD not in repr(destination)
    address = address_of(destination, secret_box(relay.config))
    assert (address.username, address.password) == ("shop", PASSWORD)
    assert PASSWORD not in repr(address)


def test_another_secret_key_needs_the_former_one_as_a_fallback(relay: Relay) -> None:
    destination = relay.add("rabbit", f"amqp://shop:{ENCODED}@mq.example.com/orders")
    other = dataclasses.replace(relay.config, secret_key="n" * 40)
    with pytest.raises(SecretsLocked, match="SECRET_KEY_FALLBACKS"):
        address_of(destination, secret_box(other))
    both = dataclasses.replace(other, secret_key_fallbacks=(relay.config.secret_key,))
    assert address_of(destination, secret_box(both)).password == PASSWORD


def test_a_variable_is_read_when_the_destination_is_used(relay: Relay, monkeypatch: pytest.MonkeyPatch) -> None:
    destination = relay.add("rabbit", "amqp://shop:$MQ_PASSWORD@mq.example.com/orders")
    assert destination.url == "amqp://shop:$MQ_PASSWORD@mq.example.com/orders"
    monkeypatch.delenv("MQ_PASSWORD", raising=False)
    with pytest.raises(WrongAddress, match="MQ_PASSWORD is not set"):
        address_of(destination, secret_box(relay.config))
    monkeypatch.setenv("MQ_PASSWORD", PASSWORD)
    assert address_of(destination, secret_box(relay.config)).password == PASSWORD


def test_a_webhook_gets_a_signing_secret_that_is_stored_encrypted(relay: Relay) -> None:
    destination = relay.add("hook", "https://example.com/in?token=t0ken")
    assert destination.url == "https://example.com/in"
    secrets = secret_box(relay.config).unlock(destination.secrets)
    assert secrets["query"] == "token=t0ken"
    assert secrets[CURRENT].startswith("whsec_")
    assert address_of(destination, secret_box(relay.config)).url == "https://example.com/in?token=t0ken"
