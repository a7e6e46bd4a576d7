"""PASSKEY_DOMAIN: the domain of passkeys."""

from __future__ import annotations

import pytest

from webapp.config import Config, ConfigError

from .test_config import GOOD


@pytest.mark.parametrize(
    ("value", "domain"),
    [
        ("", ""),
        ("Example.com", "example.com"),
        ("board.example.co.uk.", "board.example.co.uk"),
        ("localhost", "localhost"),
    ],
)
def test_a_domain_is_read_in_lower_case(value: str, domain: str) -> None:
    assert Config.from_env(GOOD | {"PASSKEY_DOMAIN": value}).passkey_domain == domain


@pytest.mark.parametrize(
    "value", ["https://example.com", "example.com:443", "example.com/", "com", "127.0.0.1", "a..b", "-a.com", "a b.com"]
)
def test_another_text_is_a_fault_that_names_the_value(value: str) -> None:
    with pytest.raises(ConfigError, match="PASSKEY_DOMAIN is") as error:
        Config.from_env(GOOD | {"PASSKEY_DOMAIN": value})
    assert value in str(error.value)
    assert "without https://" in str(error.value)
