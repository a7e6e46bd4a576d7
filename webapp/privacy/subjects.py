"""The person or customer of an export or an erasure."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.rows import tuple_row

from .names import MAX_NAMES, Names

CUSTOMER, USER = "customer", "user"
# Without letters and digits that look alike.
_ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
_CODE_CHARS = 8
# Served by ix_orders_customer.
_SPELLINGS = """
SELECT DISTINCT customer FROM orders
WHERE tenant_id = %(tenant)s AND order_customer_key(customer) = order_customer_key(%(name)s) LIMIT %(most)s
"""
_USER = "SELECT id, name, email FROM users WHERE tenant_id = %(tenant)s AND id = %(user)s"
_BY_EMAIL = "SELECT tenant_id, id, name, email FROM users WHERE lower(email) = lower(%s)"


@dataclass(frozen=True)
class Subject:
    """`title` is the customer's name or the user's; `spellings` are all texts that name the subject."""

    kind: str
    tenant_id: int
    title: str
    spellings: tuple[str, ...]
    user_id: int | None = None

    @property
    def is_user(self) -> bool:
        return self.kind == USER

    def names(self, pseudonym: str = "") -> Names:
        return Names.of(self.spellings, pseudonym, is_user=self.is_user)


def customer(conn: psycopg.Connection[Any], tenant_id: int, name: str, also: Iterable[str] = ()) -> Subject:
    """The customer of this name, as the order page finds a customer's other orders: without case and accents.

    `also` are other texts that name the customer, such as an e-mail address.
    """
    values = {"tenant": tenant_id, "name": name, "most": MAX_NAMES}
    rows = conn.cursor(row_factory=tuple_row).execute(_SPELLINGS, values).fetchall()
    return Subject(CUSTOMER, tenant_id, name.strip(), (name.strip(), *(row[0] for row in rows), *also))


def user(conn: psycopg.Connection[Any], tenant_id: int, user_id: int, also: Iterable[str] = ()) -> Subject | None:
    """The user; None if the tenant has no such user."""
    values = {"tenant": tenant_id, "user": user_id}
    row = conn.cursor(row_factory=tuple_row).execute(_USER, values).fetchone()
    return None if row is None else Subject(USER, tenant_id, row[1], (row[1], row[2], *also), row[0])


def user_by_email(conn: psycopg.Connection[Any], email: str) -> Subject | None:
    row = conn.cursor(row_factory=tuple_row).execute(_BY_EMAIL, [email.strip()]).fetchone()
    return None if row is None else Subject(USER, row[0], row[2], (row[2], row[3]), row[1])


def pseudonym(kind: str) -> str:
    """A new random pseudonym. It is not computed from the name, so no key turns it back."""
    code = "".join(secrets.choice(_ALPHABET) for _ in range(_CODE_CHARS))
    return f"Erased {kind} {code}"
