"""The notice that an erasure or a deletion has moved on, to the users who manage privacy."""

from __future__ import annotations

from ..events.topics import SETTINGS
from ..signals.manager_notices import ManagerNotices

announce = ManagerNotices(SETTINGS, "privacy", "the page of privacy is not refreshed").announce
