"""Forgetting which person of the provider a user is: for a person whose account there was made again."""

from __future__ import annotations

from sqlalchemy.orm import Session

from ..audit.kinds import Kind
from ..audit.recording import record
from ..models import SsoIdentity, User


def unlink(session: Session, user: User) -> bool:
    """Forget the user's account at the provider, so that the next sign-in with the address links again."""
    known = session.get(SsoIdentity, (user.tenant_id, user.id))
    if known is None:
        return False
    session.delete(known)
    details = {"what": "unlinked", "issuer": known.issuer}
    record(session, Kind.SSO_CHANGED, tenant_id=user.tenant_id, subject_id=user.id, details=details)
    return True
