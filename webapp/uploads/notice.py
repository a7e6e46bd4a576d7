"""The notice that an upload changed, to the managers of its tenant. A worker announces its progress once per second."""

from __future__ import annotations

from ..events.topics import UPLOADS
from ..signals.manager_notices import ManagerNotices

announce = ManagerNotices(UPLOADS, "uploads", "the pages of imports are not refreshed").announce
