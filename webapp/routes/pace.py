"""The present pacing of the signed-in user's pages, from the streams and the costs of this process."""

from __future__ import annotations

from flask_login import current_user

from ..panels.costs import PROCESS
from ..panels.pacing import Pacing
from ..services import services


def present(new_pages: int = 0) -> Pacing:
    """The pacing for the tenant's open streams, and for `new_pages` more."""
    return PROCESS.pacing(services().hub.viewers(current_user.tenant_id) + new_pages)
