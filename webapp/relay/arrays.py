"""Arrays as texts, for statements with hundreds of elements: psycopg looks at each element of a list in Python."""

from __future__ import annotations

from collections.abc import Iterable


def array_text(numbers: Iterable[int]) -> str:
    """Numbers as PostgreSQL writes an array of them."""
    return f"{{{','.join(map(str, numbers))}}}"
