"""Negative amounts and quantities, as files write them: -5, 5- or (5)."""

from __future__ import annotations

from collections.abc import Callable

MINUS = ("-", "\u2212")


def signed(parse: Callable[[str], int]) -> Callable[[str], int]:
    """The parser of unsigned numbers, for negative ones too."""

    def parse_signed(text: str) -> int:
        unsigned = _without_sign(text)
        return -parse(unsigned) if unsigned else parse(text)

    return parse_signed


def _without_sign(text: str) -> str:
    """The text of a negative number without its sign, or an empty text if it has none."""
    if text.startswith(MINUS):
        return text[1:].lstrip()
    if text.endswith(MINUS):
        return text[:-1].rstrip()
    if text.startswith("(") and text.endswith(")"):
        return text[1:-1].strip()
    return ""
