"""Faults of single sign-on. The text of each is for a page: what was seen, and what to do."""

from __future__ import annotations

from typing import ClassVar


class SsoError(Exception):
    """A sign-in that cannot go on. `reason` is for logs and the audit log, and has no personal data."""

    status: ClassVar[int] = 403

    def __init__(self, text: str, reason: str) -> None:
        super().__init__(text)
        self.reason = reason
        # For the audit log, once it is known.
        self.email: str | None = None


class ProviderAway(SsoError):
    """The provider did not answer, or may not be reached."""

    status = 503


class ProviderFault(SsoError):
    """The provider's answer cannot be used, or cannot be verified."""

    status = 502


class PersonRefused(SsoError):
    """The provider or Doorbell refuses this person."""


class NotConfigured(SsoError):
    """There is no usable connection for this address."""

    status = 422


class ConnectionInvalid(Exception):
    """ConnectionSettings that cannot be saved. `field` is the form's field."""

    def __init__(self, field: str, text: str) -> None:
        super().__init__(text)
        self.field = field
