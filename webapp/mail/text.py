"""Texts of mails: names that others chose must not add lines, headers or links to them."""

from __future__ import annotations

SUBJECT_MAX_CHARS = 150
NAME_MAX_CHARS = 80


def one_line(text: str, max_chars: int = NAME_MAX_CHARS) -> str:
    """`text` without line breaks and other control characters, cut to `max_chars`.

    "://" and "www." are broken up, because mail programs make links of them: a name must not become a link.
    """
    plain = "".join(char if char.isprintable() else " " for char in text)
    plain = " ".join(plain.split()).replace("://", ": //").replace("www.", "www .")
    return plain if len(plain) <= max_chars else f"{plain[: max_chars - 1]}…"
