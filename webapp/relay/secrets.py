"""Secrets of destinations, encrypted in the database with a key made of SECRET_KEY."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from cryptography.fernet import InvalidToken

from ..config import derived_keys
from ..language import gettext as _

# Another use of SECRET_KEY gets another key.
PURPOSE = b"doorbell relay secrets"


class SecretsLocked(Exception):
    """The secrets cannot be decrypted. The message has what to do."""


class SecretBox:
    """Encrypts with the first of `keys` (SECRET_KEY), decrypts with any of them (SECRET_KEY_FALLBACKS).

    A secret of one `purpose` cannot be decrypted by another one.
    """

    def __init__(self, keys: Sequence[str], purpose: bytes = PURPOSE) -> None:
        self._fernet = derived_keys.fernet(keys, purpose)

    def lock(self, secrets: Mapping[str, object]) -> bytes | None:
        """The encrypted secrets; None when there are none."""
        return self._fernet.encrypt(json.dumps(dict(secrets)).encode()) if secrets else None

    def unlock(self, locked: bytes | None) -> dict[str, str]:
        """The secrets by name. Raises SecretsLocked."""
        if locked is None:
            return {}
        try:
            secrets: dict[str, str] = json.loads(self._fernet.decrypt(bytes(locked)))
        except InvalidToken:
            raise SecretsLocked(
                _(
                    "its secrets were stored with another SECRET_KEY. Add that key to SECRET_KEY_FALLBACKS, or "
                    "remove the destination and add it again"
                )
            ) from None
        return secrets
