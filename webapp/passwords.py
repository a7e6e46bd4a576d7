"""Passwords as argon2id hashes, with argon2-cffi's parameters (RFC 9106, low memory: 64 MiB, 3 passes, some 50 ms)."""

from __future__ import annotations

from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

PASSWORD_MIN_CHARS = 10
PASSWORD_MAX_CHARS = 1000  # a sign-in with a megabyte of password is not worth hashing

_hasher = PasswordHasher()


class PasswordInvalid(ValueError):
    """The password cannot be used; the message says why and what is allowed. It never holds the password."""


def check_new(password: str) -> None:
    """Raises PasswordInvalid."""
    if not PASSWORD_MIN_CHARS <= len(password) <= PASSWORD_MAX_CHARS:
        raise PasswordInvalid(
            f"The password has {len(password)} characters; {PASSWORD_MIN_CHARS} to {PASSWORD_MAX_CHARS} are allowed. "
            "Choose another one; a few words are fine."
        )


def hash_password(password: str) -> str:
    return _hasher.hash(password)


def matches(password_hash: str | None, password: str) -> bool:
    """Whether `password` is the one. Without a hash (no such user) it takes as long and is never right."""
    password = password[:PASSWORD_MAX_CHARS]
    try:
        return _hasher.verify(password_hash or _nobodys_hash(), password) and password_hash is not None
    except (VerificationError, InvalidHashError):
        return False


def is_outdated(password_hash: str) -> bool:
    """Whether the hash was made with other parameters than today's, and should be made anew at this sign-in."""
    return _hasher.check_needs_rehash(password_hash)


@cache
def _nobodys_hash() -> str:
    return _hasher.hash("nobody signs in with this")
