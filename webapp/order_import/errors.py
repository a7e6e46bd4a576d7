"""Errors of an import: of the whole file, or of one value of a row."""

from __future__ import annotations


class FileRefused(Exception):
    """The file cannot be imported, and nothing was changed. The message is for the user: what was seen, what is allowed."""


class ValueInvalid(ValueError):
    """One value of a row cannot be used. The text follows the column's name: `Total '12,5' is not an amount; …`."""
