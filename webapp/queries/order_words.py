"""The words of a search as the database compares them: without case, accents and punctuation.

The SQL functions and their index are in migrations/sql/0008_order_search.sql.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import text

from ..db import db

MAX_WORDS = 10  # per search; further words are ignored
# A word that begins the names of more salespeople than this does not search for their orders.
MAX_OWNERS = 50

SQL = text("""
    SELECT ARRAY(SELECT order_search_words(word, word)
                 FROM unnest(CAST(:words AS text[])) WITH ORDINALITY AS asked (word, n) ORDER BY n) AS words,
           ARRAY(SELECT u.id || order_search_words('', u.name) FROM users u WHERE u.tenant_id = :tenant) AS people
""")


@dataclass(frozen=True)
class Word:
    """A word of the search: "o'brien-1" has three `parts` and the `number` obrien1.

    It matches the beginning of a number, or its parts match beginnings of words of the customer's or a salesperson's name.
    Those salespeople are `owner_ids`.
    """

    number: str
    parts: tuple[str, ...]
    owner_ids: tuple[int, ...]

    def query(self) -> str:
        """A tsquery for order_search(). Terms are quoted, and no part contains a quote."""
        customer = " & ".join(f"'{{}}w{part}':*" for part in self.parts)
        owners = [f"'{{}}u{owner}'" for owner in self.owner_ids]
        either = [f"({customer})", f"'{{}}n{self.number}':*", *owners]
        return f"({' | '.join(either)})"


@dataclass(frozen=True)
class Words:
    """The words of a search: an order matches all of them, or its number begins with all of them joined."""

    words: tuple[Word, ...]

    @property
    def is_empty(self) -> bool:
        return not self.words

    @property
    def number(self) -> str:
        return "".join(word.number for word in self.words)

    def query(self, owner_id: int | None) -> str:
        """A tsquery for order_search(), with {} as the place of the tenant and the period in each term.

        An `owner_id` of 0 stands for orders without a salesperson.
        """
        every = " & ".join(word.query() for word in self.words)
        query = f"(({every}) | '{{}}n{self.number}':*)"
        return query if owner_id is None else f"{query} & '{{}}u{owner_id}'"


def parse(tenant_id: int, written: str) -> Words:
    words = list(dict.fromkeys(written.split()))[:MAX_WORDS]
    found = db.session.execute(SQL, {"tenant": tenant_id, "words": words}).one()
    people = [person.partition(" ") for person in found.people]
    names = {int(owner): f" {name}" for owner, _, name in people}
    parsed = [_word(words, names) for words in found.words]
    return Words(tuple(word for word in parsed if word.parts))


def _word(words: str, names: dict[int, str]) -> Word:
    """The word from a result of order_search_words, such as " nobrien1 wo wbrien w1"."""
    _, number, *rest = words.split(" ")
    parts = tuple(part[1:] for part in rest if part != "w")
    owners = tuple(owner for owner, name in names.items() if all(f" w{part}" in name for part in parts))
    return Word(number[1:], parts, owners if len(owners) <= MAX_OWNERS else ())
