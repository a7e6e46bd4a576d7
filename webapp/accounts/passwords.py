"""Passwords as argon2id hashes, with argon2-cffi's parameters (RFC 9106, low memory: 64 MiB, 3 passes, some 50 ms)."""

from __future__ import annotations

import re
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

PASSWORD_MIN_CHARS = 10
PASSWORD_MAX_CHARS = 1000  # a sign-in with a megabyte of password is not worth hashing

MIN_SCORE = 3  # of zxcvbn's 0 to 4: at least a hundred million guesses
SCORED_CHARS = 72  # the most that zxcvbn takes; what is longer is judged by its beginning

_hasher = PasswordHasher()


class PasswordInvalid(ValueError):
    """The password cannot be used; the message says why and what is allowed. It never holds the password."""


def check_new(password: str, *about: str) -> None:
    """`about` the user: e-mail, name, the tenant's name. Raises PasswordInvalid."""
    if not PASSWORD_MIN_CHARS <= len(password) <= PASSWORD_MAX_CHARS:
        raise PasswordInvalid(
            f"The password has {len(password)} characters; {PASSWORD_MIN_CHARS} to {PASSWORD_MAX_CHARS} are allowed. "
            "Choose another one; a few words are fine."
        )
    words = _words(about) | {_plain(text) for text in about}
    plain = _plain(password)
    if plain and plain in {_plain(word) for word in words}:
        raise PasswordInvalid(
            "The password is the user's e-mail address or a name that belongs to it. Choose another one; a few words are fine."
        )
    from zxcvbn import zxcvbn  # its word lists cost 20 MB, which only a command that sets a password should pay

    judged = zxcvbn(password[:SCORED_CHARS], user_inputs=[*about, *words])
    if judged["score"] < MIN_SCORE:
        why = judged["feedback"]["warning"] or "It is made of names or words that are tried first."
        raise PasswordInvalid(f"The password is easy to guess. {why} Choose another one; a few words are fine.")


def _words(about: tuple[str, ...]) -> set[str]:
    """The parts of names and of an e-mail address that are long enough to make up a password."""
    parts = {part for text in about for part in re.split(r"[^\w]+|_", text)}
    local_parts = {text.partition("@")[0] for text in about if "@" in text}
    return {part for part in parts | local_parts if len(part) > 2}


def _plain(text: str) -> str:
    return re.sub(r"[\W_]+", "", text).casefold()


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
