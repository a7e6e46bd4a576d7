"""RowMapping: how a row becomes an order. Each field is an SQL expression over the table's columns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from ..language import gettext as _
from .errors import AttachRefused
from .fields import FIELDS, REFUNDS, REQUIRED, TOTALS
from .status_words import STAGES, folded


@dataclass(frozen=True)
class RowMapping:
    """`expressions` and `kinds` are by field; `kinds` has what each expression gives (fields.py).

    `statuses` maps folded words to stages, `owners` values in lower case to e-mails. `prefix` is put before each number; times
    without an offset are times of `zone`.
    """

    expressions: Mapping[str, str]
    kinds: Mapping[str, str] = field(default_factory=dict)
    statuses: Mapping[str, str] = field(default_factory=dict)
    owners: Mapping[str, str] = field(default_factory=dict)
    prefix: str = ""
    zone: str = "UTC"

    def __contains__(self, name: str) -> bool:
        return name in self.expressions

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> RowMapping:
        return cls(**values)

    def check(self) -> None:
        """Raises AttachRefused for a missing field, or two that exclude each other."""
        missing = [name for name in REQUIRED if name not in self]
        if not any(name in self for name in TOTALS):
            missing.append("total")
        if missing:
            raise AttachRefused(
                _(
                    "No column was found for %(missing)s. Name it: --map %(missing_2)s=COLUMN, or any SQL expression "
                    "of the row's columns.",
                    missing=", ".join(missing),
                    missing_2=missing[0],
                )
            )
        for pair in (TOTALS, REFUNDS):
            if all(name in self for name in pair):
                raise AttachRefused(
                    _(
                        "%(pair)s and %(pair_2)s are both mapped; give one. Leave the other out: --map %(pair)s= or "
                        "--map %(pair_2)s=",
                        pair=pair[0],
                        pair_2=pair[1],
                    )
                )


def parse_maps(texts: Iterable[str]) -> dict[str, str]:
    """`field=expression` texts; an empty expression leaves the field out. Raises AttachRefused."""
    found = _pairs(texts, "--map", "FIELD=EXPRESSION, such as --map 'total=net + tax'")
    for name in found:
        if name not in FIELDS:
            raise AttachRefused(
                _(
                    "--map %(name)s=…: %(name)r is not a field; allowed: %(fields)s.",
                    name=name,
                    fields=", ".join(FIELDS),
                )
            )
    return found


def parse_statuses(texts: Iterable[str]) -> dict[str, str]:
    """`word=stage` texts by the folded word. Raises AttachRefused."""
    found = _pairs(texts, "--status", "WORD=STAGE, such as --status Completed=paid")
    for word, stage in found.items():
        if stage not in STAGES:
            raise AttachRefused(
                _(
                    "--status %(word)s=%(stage)s: %(stage)r is not a stage; allowed: %(stages)s.",
                    word=word,
                    stage=stage,
                    stages=", ".join(STAGES),
                )
            )
    return {folded(word): stage for word, stage in found.items()}


def parse_owners(texts: Iterable[str]) -> dict[str, str]:
    """`value=e-mail` texts by the value in lower case. Raises AttachRefused."""
    found = _pairs(texts, "--owner", "VALUE=EMAIL, such as --owner 7=ana@example.com")
    return {value.lower(): email.lower() for value, email in found.items()}


def _pairs(texts: Iterable[str], option: str, form: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for text in texts:
        left, equals, right = text.partition("=")
        left = left.strip()
        if not equals:
            raise AttachRefused(
                _("%(option)s %(text)r has no '='; write %(form)s.", option=option, text=text, form=form)
            )
        if left in found:
            raise AttachRefused(_("%(option)s names %(left)r twice; name it once.", option=option, left=left))
        found[left] = right.strip()
    return found
