"""One-time codes by time (TOTP, RFC 6238): secrets, steps, and the address that a QR code holds. Reads and writes nothing."""

from __future__ import annotations

import re

import pyotp
from pyotp.utils import strings_equal

STEP_SECONDS = 30
# The step before and the step after: for a slow typist, and for clocks that differ by up to 30 seconds.
WINDOW = 1
# At set-up, a code within an hour shows that the clock of the phone or of the server is wrong.
SKEW_STEPS = 120

_CODE = re.compile(r"[0-9]{6}", re.ASCII)


def new_secret() -> str:
    """160 random bits in base32, as authenticator apps read them."""
    return pyotp.random_base32()


def code_of(typed: str) -> str | None:
    """The six digits of a typed code, which may be grouped by blanks; None if it is not a code."""
    code = "".join(typed.split())
    return code if _CODE.fullmatch(code) else None


def matching_step(secret: str, code: str, now: float, after: int) -> int | None:
    """The step of which `code` is the code, within the window around `now` (epoch seconds) and later than `after`.

    A code of the step `after` or an earlier one was used, or may have been.
    """
    totp, present = pyotp.TOTP(secret, interval=STEP_SECONDS), int(now // STEP_SECONDS)
    # All steps are compared, so that the time of the answer names none.
    found = [step for step in range(present - WINDOW, present + WINDOW + 1) if _is_code(totp, step, code)]
    return next((step for step in found if step > after), None)


def clock_difference(secret: str, code: str, now: float) -> int | None:
    """The seconds by which the clock of the app is ahead, negative if it is behind; None if no clock explains the code."""
    totp, present = pyotp.TOTP(secret, interval=STEP_SECONDS), int(now // STEP_SECONDS)
    for distance in range(WINDOW + 1, SKEW_STEPS + 1):
        for step in (distance, -distance):
            if present + step >= 0 and _is_code(totp, present + step, code):
                return step * STEP_SECONDS
    return None


def address(secret: str, email: str, company: str) -> str:
    """The otpauth:// address that an authenticator app reads from a QR code."""
    # A colon separates the two in the address.
    issuer = f"Doorbell {company}".replace(":", " ")
    return pyotp.TOTP(secret, name=email, issuer=issuer, interval=STEP_SECONDS).provisioning_uri()


def grouped(secret: str) -> str:
    """The secret in groups of four, to be typed into an app."""
    return " ".join(secret[start : start + 4] for start in range(0, len(secret), 4))


def _is_code(totp: pyotp.TOTP, step: int, code: str) -> bool:
    return strings_equal(totp.generate_otp(step), code)
