"""The notice that an upload changed, to the users of its tenant who import orders.

A worker announces its progress once per second.
"""

from __future__ import annotations

from ..accounts.permissions import Permission
from ..events.topics import UPLOADS
from ..signals.role_notices import RoleNotices

announce = RoleNotices(UPLOADS, Permission.IMPORT_ORDERS, "uploads", "the pages of imports are not refreshed").announce
