"""Finding a format's columns in a header."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from ...language import gettext as _
from ..columns import FIELDS, STATUS, Columns, find, match_mapped, named_column, plain
from ..errors import FileRefused
from ..statuses import StatusColumn, Words
from .format import Candidate, Format

Texts = Mapping[str, tuple[tuple[int, ...], ...]]
# The columns of an amount that is added, with 1, or taken off, with -1.
Signed = tuple[tuple[int, int], ...]


FORMAT_AMOUNTS = ("line_total", "left", "refund")


@dataclass(frozen=True)
class Layout:
    """A format and its columns in one file. `texts` has, for each field, the candidates as indexes of cells to join."""

    format: Format
    columns: Columns
    texts: Texts
    statuses: tuple[StatusColumn, ...]
    adds: Signed
    once: Signed
    first_row_has: int | None = None
    incoming: Signed = ()


def missing(format: Format, header: Sequence[str], mapped: Mapping[str, str]) -> list[str]:
    """The columns of the format's header that the file lacks; a field given by --map needs none."""
    names = {plain(name) for name in header}
    return [
        " or ".join(_names(needed))
        for needed in format.header
        if not any(plain(name) in names for name in _names(needed)) and not _is_mapped(format, needed, mapped)
    ]


def lay_out(format: Format, header: Sequence[str], mapped: Mapping[str, str]) -> Layout:
    """The format's columns; `mapped` takes precedence. Raises FileRefused when the file is not such an export."""
    found = match_mapped(header, mapped)
    if lacking := missing(format, header, mapped):
        raise FileRefused(
            _(
                "This is not %(title)s: it has no column %(lacking)s. Export with the standard columns, or omit "
                "--format, so that the format is recognised.",
                title=format.title,
                lacking=", ".join(lacking),
            )
        )
    texts: dict[str, tuple[tuple[int, ...], ...]] = {name: (indexes,) for name, indexes in found.items()}
    for field, candidates in format.columns.items():
        if field not in mapped:
            indexes = tuple(each for candidate in candidates if (each := _indexes(header, candidate)))
            if indexes:
                texts[field] = indexes
    statuses = tuple(_statuses(format, header, mapped))
    layout = Layout(
        format,
        Columns(tuple(header), {}),
        texts,
        statuses,
        _signed(header, format.adds),
        _signed(header, format.once),
        find(header, format.first_row_has) if format.first_row_has else None,
        _signed(header, [format.incoming] if format.incoming else []),
    )
    return replace(layout, columns=_columns(layout))


def _columns(layout: Layout) -> Columns:
    """The columns that the layout reads, for the summary."""
    read = {field: tuple(dict.fromkeys(itertools.chain(*indexes))) for field, indexes in layout.texts.items()}
    amounts = {index for _, index in (*layout.adds, *layout.once)}
    amounts |= {index for field in FORMAT_AMOUNTS for index in read.get(field, ())}
    others = {index for field in ("refund_of", "zone") for index in read.get(field, ())}
    return Columns(
        layout.columns.header,
        {field: indexes for field, indexes in read.items() if field in FIELDS},
        frozenset(others | {status.index for status in layout.statuses}),
        frozenset(amounts),
        implied(layout.format, layout.statuses),
    )


def _names(candidate: Candidate) -> tuple[str, ...]:
    return (candidate,) if isinstance(candidate, str) else candidate


def _is_mapped(format: Format, needed: Candidate, mapped: Mapping[str, str]) -> bool:
    return any(
        set(_names(needed)) & set(_names(candidate)) for field in mapped for candidate in format.columns.get(field, ())
    )


def _indexes(header: Sequence[str], candidate: Candidate) -> tuple[int, ...]:
    """The columns of a candidate: all that the file has of several to join."""
    indexes = (find(header, name) for name in _names(candidate))
    return tuple(index for index in indexes if index is not None)


def _signed(header: Sequence[str], names: Sequence[str]) -> Signed:
    found = ((-1 if name.startswith("-") else 1, find(header, name.removeprefix("-"))) for name in names)
    return tuple((sign, index) for sign, index in found if index is not None)


def _statuses(format: Format, header: Sequence[str], mapped: Mapping[str, str]) -> list[StatusColumn]:
    if STATUS in mapped:
        words = {word: state for status in format.statuses for word, state in status.words.items()}
        return mapped_status(header, mapped[STATUS], words)
    columns = []
    for status in format.statuses:
        index = next((index for name in status.names if (index := find(header, name)) is not None), None)
        if index is not None:
            columns.append(StatusColumn(index, header[index], status.words))
    return columns


def mapped_status(header: Sequence[str], name: str, words: Words) -> list[StatusColumn]:
    """The column of `--map status=Column`; none without a name. Raises FileRefused when the file does not have it."""
    if not name:
        return []
    index = named_column(header, STATUS, name)
    return [StatusColumn(index, header[index], words)]


def implied(format: Format, statuses: Sequence[StatusColumn]) -> frozenset[str]:
    """The fields that the file has by its status words."""
    fields = {"paid_at"} if format.paid_from else set()
    for column in statuses:
        fields |= {field for state in column.words.values() for field in FIELDS_OF_STATES.get(state.value, ())}
    return frozenset(fields)


FIELDS_OF_STATES = {
    "paid": ("paid_at",),
    "shipped": ("shipped_at",),
    "paid and shipped": ("paid_at", "shipped_at"),
    "refunded": ("paid_at", "refunded"),
    "a refund": ("refunded",),
    "cancelled": ("cancelled_at",),
}
