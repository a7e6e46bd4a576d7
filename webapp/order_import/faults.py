"""What can be wrong: with the whole file, or with one value of a row."""

from __future__ import annotations


class FileRefused(Exception):
    """Nothing was done. The message is for the person who started the import: what was seen, what is allowed."""


class ValueFault(ValueError):
    """One value of a row cannot be used. The text follows the column's name: `Total '12,5' is not an amount; …`."""
