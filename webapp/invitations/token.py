"""Tokens of invitation links: 32 random bytes, stored as their sha256, so a dump of the database opens no invitation."""

from __future__ import annotations

import hashlib
import secrets

TOKEN_BYTES = 32
TOKEN_CHARS = 43  # in URL-safe base64


def new() -> str:
    return secrets.token_urlsafe(TOKEN_BYTES)


def digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def is_possible(token: str) -> bool:
    """Whether a text has the form of a token. Other texts are not searched for."""
    return len(token) == TOKEN_CHARS and token.isascii()


def path(token: str) -> str:
    """The address of the page that accepts the invitation (routes/invitation.py)."""
    return f"/invitation/{token}"
