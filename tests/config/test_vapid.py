"""VAPID_PRIVATE_KEY and VAPID_SUBJECT: the identity for push services."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from webapp.cli.push_keys import push_keys
from webapp.config import Config, ConfigError

from .test_config import GOOD

KEY = "q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94"
SUBJECT = "mailto:admin@example.com"


def faults(**changes: str) -> list[str]:
    with pytest.raises(ConfigError) as raised:
        Config.from_env(GOOD | changes)
    return raised.value.faults


def test_without_both_no_push_is_offered() -> None:
    assert Config.from_env(GOOD).vapid is None


@pytest.mark.parametrize("subject", [SUBJECT, "https://example.com/contact"])
def test_a_key_and_a_subject_identify_the_server(subject: str) -> None:
    vapid = Config.from_env(GOOD | {"VAPID_PRIVATE_KEY": KEY, "VAPID_SUBJECT": subject}).vapid
    assert vapid is not None
    assert (vapid.private_key, vapid.subject) == (KEY, subject)


@pytest.mark.parametrize("key", ["short", KEY[:-1], KEY + "AAAA", "A" * 43, "_" * 43, "#" * 43])
def test_a_key_that_is_not_one_is_refused_and_not_shown(key: str) -> None:
    (message,) = faults(VAPID_PRIVATE_KEY=key, VAPID_SUBJECT=SUBJECT)
    assert message.startswith(f"VAPID_PRIVATE_KEY has {len(key)} characters that are not")
    assert "flask push-keys" in message
    assert key not in message


@pytest.mark.parametrize("subject", ["admin@example.com", "mailto:x", "http://example.com", "mailto:a b@example.com"])
def test_a_subject_that_is_not_an_address_is_refused(subject: str) -> None:
    (message,) = faults(VAPID_PRIVATE_KEY=KEY, VAPID_SUBJECT=subject)
    assert message.startswith(f"VAPID_SUBJECT is {subject!r}; allowed: mailto:")


def test_one_without_the_other_is_refused() -> None:
    (message,) = faults(VAPID_PRIVATE_KEY=KEY)
    assert message.startswith("VAPID_PRIVATE_KEY is set, but VAPID_SUBJECT is not")
    (message,) = faults(VAPID_SUBJECT=SUBJECT)
    assert message.startswith("VAPID_SUBJECT is set, but VAPID_PRIVATE_KEY is not")


def test_the_command_prints_new_keys_that_can_be_used() -> None:
    printed = [CliRunner().invoke(push_keys, ["--subject", SUBJECT]).output for _ in range(2)]
    assert printed[0] != printed[1]
    settings = dict(line.split("=", 1) for line in printed[0].split())
    assert Config.from_env(GOOD | settings).vapid is not None
