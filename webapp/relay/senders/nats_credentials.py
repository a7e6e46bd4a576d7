"""Credentials: a file of NATS credentials, with the user's JWT and the seed of the key that signs the server's nonce.

nats-py reads such files with the package nkeys; the signature needs only Ed25519, which `cryptography` has.
"""

from __future__ import annotations

import base64
import re
from pathlib import Path

_JWT = re.compile(r"-----BEGIN NATS USER JWT-----\s+(\S+)\s+-")
_SEED = re.compile(r"-----BEGIN USER NKEY SEED-----\s+([A-Z2-7]{58})\s+-")


class Credentials:
    """Reads the file at each use, because it may be replaced while the relay runs."""

    def __init__(self, path: str) -> None:
        self._path = path

    def jwt(self) -> bytes:
        """Raises ValueError when the file has no JWT."""
        return self._find(_JWT).encode()

    def sign(self, nonce: str) -> bytes:
        """The signature in base64. Raises ValueError when the file has no seed."""
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        # Two bytes of type, the seed, two bytes of checksum; base32 without the padding.
        seed = base64.b32decode(self._find(_SEED) + "======")[2:34]
        return base64.b64encode(Ed25519PrivateKey.from_private_bytes(seed).sign(nonce.encode()))

    def _find(self, block: re.Pattern[str]) -> str:
        match = block.search(Path(self._path).read_text())
        if match is None:
            raise ValueError(f"creds_file {self._path!r} is not a file of NATS credentials")
        return match[1]
