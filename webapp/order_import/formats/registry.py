"""All formats, and the recognition of a file's format by its header."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ...language import gettext as _
from ..columns import FIELDS, plain
from ..errors import FileRefused
from . import (
    amazon,
    bigcommerce,
    ebay,
    etsy,
    generic,
    magento,
    odoo,
    paypal,
    prestashop,
    samples,
    shopify,
    square,
    squarespace,
    stripe,
    woocommerce,
)
from .format import Format
from .generic import GENERIC
from .matching import Layout, lay_out, missing

MODULES = (
    *(shopify, woocommerce, stripe, square, etsy, amazon, ebay, paypal, magento, prestashop, bigcommerce, odoo),
    *(squarespace, samples),
)
FORMATS: dict[str, Format] = {format.name: format for module in MODULES for format in module.FORMATS}
FORMATS[GENERIC.name] = GENERIC
# The value of --format that recognises the format.
BY_HEADER = "auto"

# A file with fewer columns of a format does not look like it.
LIKE_COLUMNS = 3


def recognise(header: Sequence[str]) -> Format | None:
    """The format whose columns the header has; of several, the one with the most columns. None for an unknown header."""
    found = [format for format in FORMATS.values() if format.header and not missing(format, header, {})]
    return max(found, key=lambda format: len(format.header), default=None)


def header_names() -> set[str]:
    """The columns by which formats are recognised; they show where a header is, below a report's title."""
    needed = (needed for format in FORMATS.values() for needed in format.header)
    return {name for each in needed for name in ([each] if isinstance(each, str) else each)}


def choose(name: str, header: Sequence[str], mapped: Mapping[str, str]) -> Layout:
    """The layout of the format of that name, or of the recognised one. Raises FileRefused when the file does not match."""
    if name not in (BY_HEADER, *FORMATS):
        raise FileRefused(
            _(
                "--format %(name)r is unknown; allowed: %(allowed)s.",
                name=name,
                allowed=", ".join((BY_HEADER, *FORMATS)),
            )
        )
    format = FORMATS[name] if name != BY_HEADER else recognise(header) or GENERIC
    if format is not GENERIC:
        return lay_out(format, header, mapped)
    try:
        return generic.lay_out(header, mapped)
    except FileRefused as refused:
        if near := _nearest(header):
            lacking = ", ".join(missing(near, header, {}))
            raise FileRefused(
                _(
                    "%(refused)s The file looks like %(title)s, without %(lacking)s.",
                    refused=refused,
                    title=near.title,
                    lacking=lacking,
                )
            ) from None
        raise


def _nearest(header: Sequence[str]) -> Format | None:
    """The format with the largest part of its columns in the header, one of them a column that other files do not have."""
    usual = {plain(name) for names in FIELDS.values() for name in names}
    parts: dict[str, float] = {}
    for format in FORMATS.values():
        has = len(format.header) - len(missing(format, header, {}))
        own = {plain(needed) for needed in format.header if isinstance(needed, str)} - usual
        if has >= LIKE_COLUMNS and own & set(map(plain, header)):
            parts[format.name] = has / len(format.header)
    return FORMATS[max(parts, key=lambda name: parts[name])] if parts else None
