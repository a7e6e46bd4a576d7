"""Edits of a tenant by several managers at once: no value of another manager is overwritten unseen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from ..db import db
from ..models import Tenant
from . import changes

Value = str | bool


@dataclass(frozen=True)
class Edit:
    """The values of a manager's form when it was shown and when it was sent, by column of `tenants`."""

    shown: Mapping[str, Value]
    sent: Mapping[str, Value]

    @property
    def wanted(self) -> dict[str, Value]:
        """The values that this manager changed."""
        return {name: value for name, value in self.sent.items() if value != self.shown[name]}


@dataclass(frozen=True)
class EditOutcome:
    """`saved` has the names of the changed values. `others` has the present values of those that another manager has changed.

    `conflicts` are the names of the values that both have changed differently; then nothing was saved.
    """

    saved: tuple[str, ...] = ()
    others: Mapping[str, Value] = field(default_factory=dict)
    conflicts: frozenset[str] = frozenset()


def save(tenant_id: int, edit: Edit) -> EditOutcome:
    """Save what this manager changed, unless another manager has changed the same values since the form was shown."""
    with Session(db.engine) as session:
        tenant = session.get_one(Tenant, tenant_id, with_for_update=True)
        present: dict[str, Value] = {name: getattr(tenant, name) for name in edit.shown}
        others = {name: value for name, value in present.items() if value != edit.shown[name]}
        wanted = edit.wanted
        conflicts = frozenset(name for name, value in wanted.items() if name in others and others[name] != value)
        if conflicts:
            return EditOutcome(others=others, conflicts=conflicts)
        saved = changes.set_values(session, tenant, wanted)
        session.commit()
        return EditOutcome(saved, others)
