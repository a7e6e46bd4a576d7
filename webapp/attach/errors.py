"""The error of an attachment that cannot be made, changed or checked."""

from __future__ import annotations


class AttachRefused(Exception):
    """Names the value that was seen, what is allowed, and what to do. Nothing was changed."""
