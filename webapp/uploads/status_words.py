"""The words of an upload's status column, each with the meaning that the user chose.

The options keep them as word → meaning. A word without a meaning is listed, and waits for one: it is beyond the preview's rows,
and stopped a check.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..order_import.statuses import MAX_WORDS, Meaning, SeenWord

WORDS = "words"
MEANINGS = tuple(Meaning)


@dataclass(frozen=True)
class StatusWord:
    """A word as the page offers it. `rows` is None for a word that the preview did not read."""

    word: str
    rows: int | None
    recognised: str
    chosen: str

    @property
    def is_unknown(self) -> bool:
        return not self.recognised and not self.chosen


def offered(options: Mapping[str, Any], seen: Sequence[SeenWord]) -> list[StatusWord]:
    """The words that need a meaning first, then the others; each as frequent as the preview's rows have it."""
    chosen: dict[str, str] = options.get(WORDS, {})
    found = [
        StatusWord(each.word, each.rows, " or ".join(each.recognised), chosen.get(each.word, ""))
        for each in seen[:MAX_WORDS]
    ]
    known = {each.word for each in found}
    found += [StatusWord(word, None, "", meaning) for word, meaning in chosen.items() if word not in known]
    return sorted(found, key=lambda each: bool(each.recognised))


def from_form(form: Mapping[str, str], present: Mapping[str, str]) -> dict[str, str]:
    """The present meanings with those of the form: `word-N` has a word, `meaning-N` its meaning or an empty text."""
    found = dict(present)
    for index in range(MAX_WORDS):
        word, meaning = form.get(f"word-{index}"), form.get(f"meaning-{index}")
        if word is None or meaning is None:
            break
        if meaning in MEANINGS:
            found[word] = meaning
        elif word in found:
            found[word] = ""
    return found


def given(options: Mapping[str, Any]) -> tuple[str, ...]:
    """The chosen meanings as texts of `--status`."""
    return tuple(f"{word}={meaning}" for word, meaning in options.get(WORDS, {}).items() if meaning)


def with_unknown(options: Mapping[str, Any], unknown: Sequence[str]) -> dict[str, Any]:
    """The options to set when unknown words stopped a job; none when there are too many for a status."""
    if not 0 < len(unknown) < MAX_WORDS:
        return {}
    return {WORDS: dict.fromkeys(unknown, "") | options.get(WORDS, {})}
