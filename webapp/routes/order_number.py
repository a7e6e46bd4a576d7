"""An order's number in an address. Numbers come from other systems too, and may be "INV/2026 7" or ".." or "new"."""

from __future__ import annotations

import re

from werkzeug.routing import BaseConverter, ValidationError

NOT_NUMBERS = {"new"}  # addresses below /orders/ that are pages of their own


class OrderNumber(BaseConverter):
    """What a path cannot carry is written as ~ and two hexadecimal digits; the rest is quoted as in any address.

    A slash would be another address, a leading dot a way upwards, and proxies turn %2F back into a slash.
    """

    regex = r"[^/]+"
    part_isolating = True

    def to_url(self, value: str) -> str:
        text = str(value).replace("~", "~7E").replace("/", "~2F").replace("\\", "~5C")
        if text.startswith(".") or text in NOT_NUMBERS:
            text = f"~{ord(text[0]):02X}{text[1:]}"
        return super().to_url(text)

    def to_python(self, value: str) -> str:
        if re.search(r"~(?![0-9A-Fa-f]{2})", value):
            raise ValidationError
        return re.sub(r"~([0-9A-Fa-f]{2})", lambda found: chr(int(found[1], 16)), value)
