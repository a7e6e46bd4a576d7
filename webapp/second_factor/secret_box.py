"""The secrets of authenticator apps, encrypted in the database with a key made of SECRET_KEY."""

from __future__ import annotations

from collections.abc import Sequence

from cryptography.fernet import InvalidToken

from ..config import derived_keys

# Another use of SECRET_KEY gets another key.
PURPOSE = b"doorbell authenticator apps"


class SecretLocked(Exception):
    """The secret was stored with a key that is neither SECRET_KEY nor one of SECRET_KEY_FALLBACKS."""


class TotpSecretBox:
    """Encrypts with the first of `keys` (SECRET_KEY), decrypts with any of them (SECRET_KEY_FALLBACKS)."""

    def __init__(self, keys: Sequence[str]) -> None:
        self._fernet = derived_keys.fernet(keys, PURPOSE)

    def lock(self, secret: str) -> bytes:
        return self._fernet.encrypt(secret.encode())

    def unlock(self, locked: bytes) -> str:
        """Raises SecretLocked."""
        try:
            return self._fernet.decrypt(bytes(locked)).decode()
        except InvalidToken:
            raise SecretLocked from None

    def renew(self, locked: bytes) -> bytes:
        """The same secret, encrypted with the first key. Raises SecretLocked."""
        try:
            return self._fernet.rotate(bytes(locked))
        except InvalidToken:
            raise SecretLocked from None
