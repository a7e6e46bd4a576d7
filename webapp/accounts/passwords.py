"""Passwords as argon2id hashes, with argon2-cffi's parameters (RFC 9106, low memory: 64 MiB, 3 passes, about 50 ms)."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from ..language import gettext as _
from ..language import ngettext

PASSWORD_MIN_CHARS = 10
PASSWORD_MAX_CHARS = 1000  # longer input is not hashed

# Of zxcvbn's 0 to 4; 3 means at least a hundred million guesses.
MIN_SCORE = 3
SCORED_CHARS = 72  # zxcvbn's limit; it scores the beginning

_hasher = PasswordHasher()


class PasswordInvalid(ValueError):
    """The password is not allowed. The message has the reason and what is allowed, never the password."""


def check_new(password: str, *about: str, run: Callable[[Callable[[], Any]], Any] = lambda work: work()) -> None:
    """Check a new password. `about` are texts of the user: e-mail, name, the tenant's name. Raises PasswordInvalid.

    `run` calls the costly part, which takes up to some 100 ms, for example in another thread.
    """
    if not PASSWORD_MIN_CHARS <= len(password) <= PASSWORD_MAX_CHARS:
        raise PasswordInvalid(
            ngettext(
                "The password has %(num)s character; %(least)s to %(most)s are allowed. "
                "Choose another one; a few words are fine.",
                "The password has %(num)s characters; %(least)s to %(most)s are allowed. "
                "Choose another one; a few words are fine.",
                len(password),
                least=PASSWORD_MIN_CHARS,
                most=PASSWORD_MAX_CHARS,
            )
        )
    words = _words(about) | {_plain(text) for text in about}
    plain = _plain(password)
    if plain and plain in {_plain(word) for word in words}:
        raise PasswordInvalid(
            _("The password is the user's e-mail address or a related name. Choose another one; a few words are fine.")
        )
    scored = run(lambda: _score(password, [*about, *words]))
    if scored["score"] < MIN_SCORE:
        why = scored["feedback"]["warning"] or _("It consists of names or words that attackers try first.")
        raise PasswordInvalid(
            _("The password is easy to guess. %(why)s Choose another one; a few words are fine.", why=why)
        )


def _score(password: str, about: list[str]) -> dict[str, Any]:
    # Imported here, because its word lists take 20 MB and only processes that set a password need them.
    from zxcvbn import zxcvbn

    scored: dict[str, Any] = zxcvbn(password[:SCORED_CHARS], user_inputs=about)
    return scored


def _words(about: tuple[str, ...]) -> set[str]:
    """The parts of names and of e-mail addresses that have more than two characters."""
    parts = {part for text in about for part in re.split(r"[^\w]+|_", text)}
    local_parts = {text.partition("@")[0] for text in about if "@" in text}
    return {part for part in parts | local_parts if len(part) > 2}


def _plain(text: str) -> str:
    return re.sub(r"[\W_]+", "", text).casefold()


def hash_password(password: str) -> str:
    return _hasher.hash(password)


def matches(password_hash: str | None, password: str) -> bool:
    """Whether `password` has this hash. Without a hash (no such user) the check takes as long and returns False."""
    password = password[:PASSWORD_MAX_CHARS]
    try:
        return _hasher.verify(password_hash or _dummy_hash(), password) and password_hash is not None
    except (VerificationError, InvalidHashError):
        return False


def is_outdated(password_hash: str) -> bool:
    """Whether the hash has other parameters than the current ones, so the password should be hashed again."""
    return _hasher.check_needs_rehash(password_hash)


@cache
def _dummy_hash() -> str:
    return _hasher.hash("no user has this password")
