"""Signatures are those of Standard Webhooks; its own library is the judge."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from standardwebhooks import Webhook, WebhookVerificationError

from webapp.webhooks import verification
from webapp.webhooks.signature import InvalidSecret, headers, make_secret, parse_secret
from webapp.webhooks.verification import InvalidSignature, verify

from ..support.fuzzing import fuzzed

BODY = json.dumps({"type": "order.paid", "data": {"customer": "Søren & Söhne"}}).encode()
ID = "771-1764193812000000"


def now() -> datetime:
    return datetime.now(UTC)


def secret_of(size: int) -> str:
    return "whsec_" + base64.b64encode(bytes(range(size))).decode()


def test_the_published_example_has_the_published_signature() -> None:
    # From the specification's own test vectors.
    signed = headers(
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        datetime.fromtimestamp(1614265330, UTC),
        b'{"test": 2432232314}',
        ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
    )
    assert signed == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


def test_the_library_of_standard_webhooks_accepts_a_signed_request() -> None:
    secret = make_secret()
    assert Webhook(secret).verify(BODY, headers(ID, now(), BODY, [secret])) == json.loads(BODY)


def test_the_library_of_standard_webhooks_refuses_another_body_secret_or_id() -> None:
    secret = make_secret()
    signed = headers(ID, now(), BODY, [secret])
    for judge, body, sent in [
        (Webhook(secret), BODY + b" ", signed),
        (Webhook(make_secret()), BODY, signed),
        (Webhook(secret), BODY, signed | {"webhook-id": "772-1764193812000000"}),
    ]:
        with pytest.raises(WebhookVerificationError):
            judge.verify(body, sent)


@pytest.mark.parametrize(
    "zone", [ZoneInfo("Asia/Kolkata"), ZoneInfo("America/New_York"), timezone(timedelta(hours=14))]
)
def test_a_time_in_another_zone_signs_the_same_second(zone: tzinfo) -> None:
    secret, moment = make_secret(), now()
    signed = headers(ID, moment.astimezone(zone), BODY, [secret])
    assert signed == headers(ID, moment, BODY, [secret])
    assert Webhook(secret).verify(BODY, signed)


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        headers(ID, datetime(2026, 11, 26), BODY, [make_secret()])


def test_during_a_rotation_both_secrets_verify_the_same_request() -> None:
    new, old = make_secret(), make_secret()
    signed = headers(ID, now(), BODY, [new, old])
    assert len(signed["webhook-signature"].split(" ")) == 2
    for secret in (new, old):
        assert Webhook(secret).verify(BODY, signed)
        assert verify(secret, signed, BODY) == ID


def test_a_retry_has_the_same_id_and_its_own_signature() -> None:
    secret, first = make_secret(), now()
    signed = headers(ID, first, BODY, [secret])
    again = headers(ID, first + timedelta(seconds=5), BODY, [secret])
    assert again["webhook-id"] == signed["webhook-id"]
    assert again["webhook-signature"] != signed["webhook-signature"]


@pytest.mark.parametrize("message_id", ["", "a.b", "a b", "a\r\nx: y", "ä", "a" * 129])
def test_an_id_that_cannot_be_signed_without_ambiguity_is_refused(message_id: str) -> None:
    with pytest.raises(ValueError, match="message_id"):
        headers(message_id, now(), BODY, [make_secret()])


def test_a_request_without_any_secret_is_refused() -> None:
    with pytest.raises(ValueError, match="secret"):
        headers(ID, now(), BODY, [])


def test_new_secrets_differ_and_have_32_bytes() -> None:
    first, second = make_secret(), make_secret()
    assert first != second
    assert [len(parse_secret(each)) for each in (first, second)] == [32, 32]


@pytest.mark.parametrize("size", [24, 64])
def test_secrets_of_24_to_64_bytes_are_accepted(size: int) -> None:
    assert parse_secret(secret_of(size)) == bytes(range(size))


@pytest.mark.parametrize(
    ("secret", "words"),
    [
        (secret_of(23), "23 bytes"),
        (secret_of(65), "65 bytes"),
        (secret_of(32).removeprefix("whsec_"), "begin with whsec_"),
        ("whsec_hunter2!", "not base64"),
        (secret_of(32) + "\n", "not base64"),
        ("whsec_hünter2", "not base64"),
        ("whpk_" + "A" * 44, "begin with whsec_"),
        ("", "begin with whsec_"),
    ],
)
def test_another_secret_is_refused_and_never_shown(secret: str, words: str) -> None:
    with pytest.raises(InvalidSecret, match=words) as refused:
        parse_secret(secret)
    assert not secret[6:] or secret[6:].strip() not in str(refused.value)


@settings(fuzzed, max_examples=50)
@given(body=st.binary(max_size=200), message_id=st.integers(0, 2**63).map("{}-1764193812000000".format))
def test_every_signed_request_verifies(body: bytes, message_id: str) -> None:
    secret = secret_of(32)
    signed = headers(message_id, datetime.fromtimestamp(1_800_000_000, UTC), body, [secret])
    assert verify(secret, signed, body, now=1_800_000_000) == message_id


@settings(fuzzed, max_examples=50)
@given(flip=st.integers(0, len(BODY) * 8 - 1))
def test_one_changed_bit_of_the_body_is_found(flip: int) -> None:
    secret = secret_of(32)
    signed = headers(ID, datetime.fromtimestamp(1_800_000_000, UTC), BODY, [secret])
    changed = bytearray(BODY)
    changed[flip // 8] ^= 1 << flip % 8
    with pytest.raises(InvalidSignature, match="no signature matches"):
        verify(secret, signed, bytes(changed), now=1_800_000_000)


def test_the_example_accepts_what_the_library_of_standard_webhooks_signs() -> None:
    secret, moment = make_secret(), now()
    signature = Webhook(secret).sign(ID, moment, BODY.decode())
    sent = {"Webhook-Id": ID, "Webhook-Timestamp": str(int(moment.timestamp())), "Webhook-Signature": signature}
    assert verify(secret, sent, BODY) == ID


@pytest.mark.parametrize(("offset", "is_accepted"), [(0, True), (300, True), (-300, True), (301, False), (-301, False)])
def test_the_example_accepts_five_minutes_of_clock_difference(offset: int, is_accepted: bool) -> None:
    secret = make_secret()
    signed = headers(ID, datetime.fromtimestamp(1_800_000_000, UTC), BODY, [secret])
    if is_accepted:
        assert verify(secret, signed, BODY, now=1_800_000_000 + offset) == ID
    else:
        with pytest.raises(InvalidSignature, match="300 seconds"):
            verify(secret, signed, BODY, now=1_800_000_000 + offset)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("webhook-id", ""),
        ("webhook-timestamp", ""),
        ("webhook-timestamp", "soon"),
        ("webhook-timestamp", "٤٠٠"),
        ("webhook-timestamp", "9" * 5000),
        ("webhook-signature", ""),
        ("webhook-signature", "v1"),
        ("webhook-signature", "v1,"),
        ("webhook-signature", "v1a,AAAA v1,ä"),
        ("webhook-signature", ","),
    ],
)
def test_the_example_refuses_malformed_headers_with_its_own_error(name: str, value: str) -> None:
    secret = make_secret()
    with pytest.raises(InvalidSignature):
        verify(secret, headers(ID, now(), BODY, [secret]) | {name: value}, BODY)


def test_the_example_finds_its_signature_beside_one_of_another_version() -> None:
    secret = make_secret()
    signed = headers(ID, now(), BODY, [secret])
    sent = signed | {"webhook-signature": f"v1a,AAAA {signed['webhook-signature']}"}
    assert verify(secret, sent, BODY) == ID


def test_the_example_runs_alone_when_copied(tmp_path: Path) -> None:
    secret = make_secret()
    signed = headers(ID, now(), BODY, [secret])
    copy = Path(verification.__file__).read_text() + f"\nprint(verify({secret!r}, {signed!r}, {BODY!r}))\n"
    (tmp_path / "receiver.py").write_text(copy)
    # -S: without installed packages.
    ran = subprocess.run([sys.executable, "-I", "-S", str(tmp_path / "receiver.py")], capture_output=True, text=True)
    assert (ran.stdout.strip(), ran.stderr) == (ID, "")
