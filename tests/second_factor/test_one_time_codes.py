"""One-time codes by time: RFC 6238, the window, replays, clocks that are wrong."""

from __future__ import annotations

import pyotp
import pytest

from webapp.second_factor import one_time_codes
from webapp.second_factor.one_time_codes import clock_difference, code_of, matching_step

# RFC 6238, appendix B, with the last six of the eight digits.
RFC_SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
RFC_CODES = {59: "287082", 1111111109: "081804", 1111111111: "050471", 1234567890: "005924", 2000000000: "279037"}
NOW = 1_800_000_015
STEP = NOW // 30


@pytest.mark.parametrize(("now", "code"), RFC_CODES.items())
def test_codes_are_those_of_the_rfc(now: int, code: str) -> None:
    assert matching_step(RFC_SECRET, code, now, after=0) == now // 30


def test_the_steps_before_and_after_are_accepted_and_no_others() -> None:
    totp = pyotp.TOTP(RFC_SECRET)
    accepted = [step for step in range(-4, 5) if matching_step(RFC_SECRET, totp.at(NOW + 30 * step), NOW, after=0)]
    assert accepted == [-1, 0, 1]


def test_a_used_step_and_those_before_it_are_refused() -> None:
    totp = pyotp.TOTP(RFC_SECRET)
    assert matching_step(RFC_SECRET, totp.at(NOW), NOW, after=STEP) is None
    assert matching_step(RFC_SECRET, totp.at(NOW - 30), NOW, after=STEP) is None
    assert matching_step(RFC_SECRET, totp.at(NOW + 30), NOW, after=STEP) == STEP + 1


def test_a_wrong_clock_is_recognised_within_an_hour() -> None:
    totp = pyotp.TOTP(RFC_SECRET)
    assert clock_difference(RFC_SECRET, totp.at(NOW + 300), NOW) == 300
    assert clock_difference(RFC_SECRET, totp.at(NOW - 3600), NOW) == -3600
    assert clock_difference(RFC_SECRET, totp.at(NOW + 7200), NOW) is None


@pytest.mark.parametrize("typed", ["123 456", " 123456 ", "12 34 56"])
def test_blanks_in_a_code_are_ignored(typed: str) -> None:
    assert code_of(typed) == "123456"


@pytest.mark.parametrize("typed", ["", "12345", "1234567", "12345a", "١٢٣٤٥٦", "１２３４５６", "-12345", "12345\0"])
def test_other_texts_are_not_codes(typed: str) -> None:
    assert code_of(typed) is None


def test_secrets_have_160_random_bits() -> None:
    first, second = one_time_codes.new_secret(), one_time_codes.new_secret()
    assert first != second
    assert len(first) == 32
