"""WEBHOOK_ALLOW: networks that webhooks may reach."""

from __future__ import annotations

import ipaddress

import pytest

from webapp.config import Config, ConfigError

from .test_config import GOOD


def allowed(value: str) -> list[str]:
    return [str(network) for network in Config.from_env(GOOD | {"WEBHOOK_ALLOW": value}).webhook_allow]


def faults(value: str) -> list[str]:
    with pytest.raises(ConfigError) as raised:
        Config.from_env(GOOD | {"WEBHOOK_ALLOW": value})
    return raised.value.faults


def test_no_network_is_allowed_by_default() -> None:
    assert Config.from_env(GOOD).webhook_allow == ()


@pytest.mark.parametrize(
    ("value", "networks"),
    [
        ("10.0.0.0/8,127.0.0.0/8", ["10.0.0.0/8", "127.0.0.0/8"]),
        (" 10.1.2.3 , fd12::/16,", ["10.1.2.3/32", "fd12::/16"]),
        ("::1", ["::1/128"]),
        ("192.168.0.0/255.255.0.0", ["192.168.0.0/16"]),
        ("0.0.0.0/0,::/0", ["0.0.0.0/0", "::/0"]),
        (",", []),
    ],
)
def test_networks_and_single_addresses_are_read_from_a_list_with_commas(value: str, networks: list[str]) -> None:
    assert allowed(value) == networks


@pytest.mark.parametrize("value", ["localhost", "10.0.0.0/33", "10.0.0", "10.0.0.0/8 127.0.0.0/8", "0x7f.1", "*"])
def test_a_value_that_is_not_a_network_is_refused_with_an_example(value: str) -> None:
    (message,) = faults(f"192.168.0.0/16,{value}")
    assert message == (
        f"WEBHOOK_ALLOW has {value!r} (number 2), which is not a network. Write it like 10.0.0.0/8,127.0.0.0/8."
    )


def test_a_network_with_bits_beyond_its_mask_is_refused_with_the_network_that_is_meant() -> None:
    (message,) = faults("10.0.0.1/8")
    assert "10.0.0.0/8 is the network" in message


@pytest.mark.parametrize("value", ["169.254.169.254", "169.254.0.0/16", "fd00:ec2::254", "fe80::/64", "168.63.129.16"])
def test_addresses_that_serve_credentials_are_refused(value: str) -> None:
    (message,) = faults(value)
    assert message.startswith(f"WEBHOOK_ALLOW has {value!r} (number 1), where clouds serve credentials")


def test_all_faults_of_the_list_are_reported_at_once() -> None:
    assert len(faults("nonsense,10.0.0.0/8,169.254.169.254")) == 2


def test_the_config_holds_networks() -> None:
    config = Config.from_env(GOOD | {"WEBHOOK_ALLOW": "10.0.0.0/8"})
    assert ipaddress.ip_address("10.9.8.7") in config.webhook_allow[0]
