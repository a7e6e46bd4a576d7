"""Secrets of a webhook, and their removal from its answers: some receivers repeat the URL of the request."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from urllib.parse import unquote, unquote_plus

from .address import Address

MASK = "•••"
# A shorter value, such as `v=1`, is no secret, and its text is everywhere.
MIN_CHARS = 6


def secret_texts(public_url: str, address: Address, secrets: Mapping[str, str]) -> tuple[str, ...]:
    """The texts that no table and no log may have: the query and its values, a path with a variable, and the stored secrets.

    `address` is the resolved one of `public_url`. The longest text is first.
    """
    found = {address.query, *secrets.values()}
    found |= {pair.partition("=")[2] for pair in address.query.split("&")}
    if "$" in public_url:
        found |= {address.path, *address.path.split("/")}
    plain = found | {unquote(text) for text in found} | {unquote_plus(text) for text in found}
    return tuple(sorted((text for text in plain if len(text) >= MIN_CHARS), key=len, reverse=True))


def mask(text: str, secrets: Iterable[str]) -> str:
    """The text with MASK for each secret."""
    for secret in secrets:
        text = text.replace(secret, MASK)
    return text
