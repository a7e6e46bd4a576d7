"""The notice that an erasure or a deletion has moved on, to the users who manage privacy."""

from __future__ import annotations

from ..accounts.permissions import Permission
from ..events.topics import SETTINGS
from ..signals.role_notices import RoleNotices

announce = RoleNotices(SETTINGS, Permission.MANAGE_PRIVACY, "privacy", "the page of privacy is not refreshed").announce
