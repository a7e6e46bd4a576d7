"""Which strings of the code are texts that a reader sees, judged by their form."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
# Names that are the same in each language. Each is a whole text, or a word of one that has no other words.
NAMES = frozenset(
    re.findall(
        r"\S+",
        """
        Doorbell SQL CSV HTTP HTTPS JSON URL UTC NUL PostgreSQL Redis Celery Shopify Excel Unicode UTF-8 Unix
        Windows macOS INSERT UPDATE DELETE SELECT WITH POST GET webhook COUNT Ctrl Alt Esc Enter Shift ms
        """,
    )
)
# Words of classes and of live parts, written beside each other.
_IDENTIFIERS = re.compile(
    r"(?:(?:btn|form|w|relay|toast|tbody|tr)(?:-[a-z0-9-]+)?|required|orders|day|minute|inbox|imports|doorbell|[ .-])+"
)
_WORD = re.compile(r"[^\W\d_]{2,}")
_SENTENCE = re.compile(r"[^\W\d_]{2,}[,;:.…]? +(?:%\(|\{|[^\W\d_])|^[A-Z][a-z]+[.!?…:]?$|^[A-Z][a-z]+ |[})] +[a-z]{2,}")
_SQL = re.compile(
    r"\b(?:SELECT|INSERT INTO|UPDATE \w+\s+SET|DELETE FROM|WITH \w+ AS|CREATE|ALTER|FROM|WHERE|JOIN|VALUES|IS NULL"
    r"|LATERAL|UNION ALL|ORDER BY|CASE WHEN|THEN|RETURNING|BETWEEN|GRANT|DATABASE|SCHEMA|REPEATABLE READ"
    r"|AS|AND|OR|IN|ON)\b|::|pg_\w+\("
)
# HTTP: names of headers, and their values.
_HEADER = re.compile(
    r"[A-Z][A-Za-z]*(?:-[A-Z][A-Za-z]*)+|[a-z]+/[\w+.-]+; .*|(?:private|attachment)[,;] .*"
    r"|\d{3} [A-Z ]+|Accept|Authorization|Bearer|Cookie|Location|Vary|Notification"
)
_MARKUP = re.compile(r"<[^<>]+>")


@dataclass(frozen=True, order=True)
class Finding:
    """A text that is not marked."""

    path: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.text[:100]!r} is not marked. Wrap it as STYLE.md and CONTRIBUTING.md describe."


def has_words(text: str) -> bool:
    """Whether a text on a page has words to translate."""
    return any(word not in NAMES for word in _WORD.findall(text))


def is_sentence(text: str) -> bool:
    """Whether a string of a program is written like a text: words beside each other, or one with a capital letter."""
    text = _MARKUP.sub("", text)
    if _SQL.search(text) or _HEADER.fullmatch(text) or _IDENTIFIERS.fullmatch(text):
        return False
    return bool(_SENTENCE.search(text)) and has_words(text)
