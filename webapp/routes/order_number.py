"""The converter of order numbers in addresses. Other systems' numbers may be "INV/2026 7", ".." or "new"."""

from __future__ import annotations

import re

from werkzeug.routing import BaseConverter, ValidationError

RESERVED = {"new", "import"}  # pages below /orders/


class OrderNumber(BaseConverter):
    """Writes characters that a path cannot carry as ~ and two hexadecimal digits, and quotes the rest as usual.

    A slash would change the address, a leading dot could lead upwards, and proxies decode %2F to a slash.
    """

    regex = r"[^/]+"
    part_isolating = True

    def to_url(self, value: str) -> str:
        text = str(value).replace("~", "~7E").replace("/", "~2F").replace("\\", "~5C")
        if text.startswith(".") or text in RESERVED:
            text = f"~{ord(text[0]):02X}{text[1:]}"
        return super().to_url(text)

    def to_python(self, value: str) -> str:
        if re.search(r"~(?![0-9A-Fa-f]{2})", value):
            raise ValidationError
        return re.sub(r"~([0-9A-Fa-f]{2})", lambda found: chr(int(found[1], 16)), value)
