"""Keys for encryption, made of SECRET_KEY: each use has a key of its own."""

from __future__ import annotations

import base64
from collections.abc import Sequence

from cryptography.fernet import Fernet, MultiFernet
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF


def fernet(keys: Sequence[str], purpose: bytes) -> MultiFernet:
    """Encrypts with the first of `keys` (SECRET_KEY), decrypts with any of them (SECRET_KEY_FALLBACKS)."""
    return MultiFernet([Fernet(_derive(key, purpose)) for key in keys])


def _derive(key: str, purpose: bytes) -> bytes:
    derived = HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=purpose).derive(key.encode())
    return base64.urlsafe_b64encode(derived)
