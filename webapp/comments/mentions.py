"""Mentions in a text: @ and the name of a colleague, compared without case and accents.

A colleague is named by the full name, the first name or the e-mail, if no other active colleague has the same. "@Ana" names
Ana Silva while no other Ana is in the team. Every other @ stays text.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from unicodedata import combining, normalize

# Not within a word, so that an e-mail address is not a mention.
_AT = re.compile(r"(?<![\w@.])@(?=\w)")
# A name ends here; "@Ana-Lena" and "@ana@example.com" are other names than "Ana".
_GOES_ON = re.compile(r"\w|[-@.]\w")
# Further ones in a text are not looked up.
MAX_MENTIONS = 50


@dataclass(frozen=True)
class Colleague:
    """A user who can be mentioned."""

    id: int
    name: str
    email: str


@dataclass(frozen=True)
class Mention:
    """A mention in a text, from its @ at `start` up to, but without, `end`."""

    start: int
    end: int
    user_id: int


@dataclass(frozen=True)
class Suggestion:
    """A colleague in the list of suggestions: choosing the `label` writes "@" and `insert`."""

    user_id: int
    label: str
    insert: str


def find(written: str, team: Iterable[Colleague]) -> list[Mention]:
    """The mentions in a text, from left to right. The longest name that fits counts, unless several colleagues have it."""
    handles = _handles(team)
    found: list[Mention] = []
    for at in islice(_AT.finditer(written), MAX_MENTIONS):
        fitting = ((handle, end) for handle in handles if (end := _end_of(handle, written, at.end())))
        handle, end = max(fitting, key=lambda fit: len(fit[0]), default=("", 0))
        if len(users := handles.get(handle, ())) == 1:
            found += [Mention(at.start(), end, user) for user in users]
    return found


def suggestions(team: Sequence[Colleague]) -> list[Suggestion]:
    """The team by name. Colleagues who share a name are written by their e-mail."""
    names = Counter(_fold(person.name) for person in team)
    return [
        Suggestion(person.id, person.name, person.name)
        if names[_fold(person.name)] == 1
        else Suggestion(person.id, f"{person.name} ({person.email})", person.email)
        for person in team
    ]


def _handles(team: Iterable[Colleague]) -> dict[str, set[int]]:
    """The users of each folded name, first name and e-mail."""
    handles: dict[str, set[int]] = defaultdict(set)
    for person in team:
        for handle in (person.name, (person.name.split() or [""])[0], person.email):
            if handle.strip():
                handles[_fold(handle)].add(person.id)
    return handles


def _end_of(handle: str, written: str, start: int) -> int:
    """Where the handle ends in the text from `start` on; 0 if the text has another word there."""
    folded, end = "", start
    while len(folded) < len(handle) and end < len(written):
        folded = _fold(written[start : end + 1])
        end += 1
        if not handle.startswith(folded.rstrip()):
            return 0
    while end < len(written) and combining(written[end]):
        end += 1
    if folded != handle or _GOES_ON.match(written, end):
        return 0
    return end


def _fold(text: str) -> str:
    """Lower case without accents, with single blanks."""
    plain = "".join(sign for sign in normalize("NFKD", text.casefold()) if not combining(sign))
    return re.sub(r"\s+", " ", plain).lstrip()
