"""Words of status columns, and what each means for an order.

A word is compared without case, with blanks for - and _, and without WooCommerce's prefix `wc-`. A word that is neither
in the format nor in `--status` stops the import after all rows are read, with each unknown word and its number of rows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from ..language import N_
from ..language import gettext as _
from .errors import FileRefused

# More different words than this are not a status.
MAX_WORDS = 100
MAX_WORDS_SHOWN = 20
WORDPRESS_PREFIX = "wc "


class Meaning(StrEnum):
    """The meaning of a status. The values are the words of `--status "Completed=paid"`."""

    PLACED = "placed"
    PAID = "paid"
    SHIPPED = "shipped"
    PAID_AND_SHIPPED = "paid and shipped"
    # Clears a time of shipping: only a part was sent.
    UNSHIPPED = "not shipped"
    REFUNDED = "refunded"
    CANCELLED = "cancelled"
    # The row is a refund of the order, not the order.
    REFUND = "a refund"
    # The row is left out, and counted: drafts, failed payments, fees, payouts.
    NO_ORDER = "not an order"


Words = Mapping[str, Meaning]
# Remarks of the summary on words, because the board has no place for their meaning.
REMARKS = {
    "partially paid": N_("partially paid; what came in is not counted"),
    "partial payment": N_("partially paid; what came in is not counted"),
    "partially refunded": N_("partially refunded; only amounts in a column of refunds are counted"),
    "partial refund": N_("partially refunded; only amounts in a column of refunds are counted"),
}


def words(meanings: Mapping[Meaning, str]) -> dict[str, Meaning]:
    """The words of each state, written as one text with commas."""
    return {plain_word(word): state for state, texts in meanings.items() for word in texts.split(",")}


def plain_word(text: str) -> str:
    plain = " ".join(text.casefold().replace("_", " ").replace("-", " ").split())
    return plain.removeprefix(WORDPRESS_PREFIX)


def parse_given(texts: Iterable[str]) -> dict[str, Meaning]:
    """`--status "Completed=paid"` as word → state. Raises FileRefused."""
    given: dict[str, Meaning] = {}
    for text in texts:
        word, equals, name = text.rpartition("=")
        state = next((state for state in Meaning if state.value == plain_word(name)), None)
        if not equals or state is None:
            raise FileRefused(
                _(
                    '--status %(text)r is not valid; write --status "Completed=paid" with one of: %(meaning)s.',
                    text=text,
                    meaning=", ".join(Meaning),
                )
            )
        given[plain_word(word)] = state
    return given


@dataclass(frozen=True)
class StatusColumn:
    """A status column of the file: its index, its name, and the words that its format knows."""

    index: int
    name: str
    words: Words


@dataclass(frozen=True)
class SeenWord:
    """A word of the file with its number of rows; `recognised` are its meanings without `--status`, one per column at most."""

    word: str
    rows: int
    recognised: tuple[Meaning, ...]


class StatusReader:
    """Reads the states of rows, and counts the words. `counts` has the number of rows by (column, word)."""

    def __init__(self, columns: Sequence[StatusColumn], given: Words) -> None:
        self.columns = columns
        self.known = [{**column.words, **given} for column in columns]
        self.counts: Counter[tuple[int, str]] = Counter()
        self._states: list[dict[str, Meaning | None]] = [{} for _ in columns]

    def states(self, cells: Sequence[str]) -> set[Meaning]:
        """The states that the row's words mean; an unknown word means none. Raises FileRefused at too many words."""
        found: set[Meaning] = set()
        for position, column in enumerate(self.columns):
            cell = cells[column.index].strip()
            if not cell:
                continue
            self.counts[position, cell] += 1
            cached = self._states[position]
            if cell not in cached:
                if len(cached) >= MAX_WORDS:
                    raise FileRefused(_not_a_status(column.name, cell))
                cached[cell] = self.known[position].get(plain_word(cell))
            if state := cached[cell]:
                found.add(state)
        return found

    @property
    def has_read(self) -> bool:
        return bool(self.counts)

    def seen(self) -> list[SeenWord]:
        """Each word once, the most frequent first."""
        rows: Counter[str] = Counter()
        recognised: dict[str, set[Meaning]] = {}
        for (position, word), count in self.counts.items():
            rows[word] += count
            meaning = self.columns[position].words.get(plain_word(word))
            recognised.setdefault(word, set()).update({meaning} if meaning else ())
        return [SeenWord(word, count, tuple(sorted(recognised[word]))) for word, count in rows.most_common()]

    def unknown(self) -> list[str]:
        """The words without a meaning."""
        return list(dict.fromkeys(word for at, word in self.counts if self._states[at][word] is None))

    def require_known(self) -> None:
        """Raises FileRefused when the file had unknown words."""
        unknown = [key for key in self.counts if self._states[key[0]][key[1]] is None]
        if unknown:
            raise FileRefused(_unknown(self.columns, self.counts, unknown))

    def summary(self) -> list[str]:
        """`Status: completed = paid (12), failed = not an order (2)` for each column."""
        texts = []
        for position, column in enumerate(self.columns):
            seen = [(count, word) for (at, word), count in self.counts.items() if at == position]
            meanings = (f"{word} = {self._states[position][word]} ({count:,})" for count, word in sorted(seen)[::-1])
            texts.append(f"{column.name}: {', '.join(meanings) or 'empty'}")
        return texts

    def remarks(self) -> list[str]:
        """The remarks on the words that were seen, with the number of rows."""
        counts = Counter[str]()
        for (_kind, word), count in self.counts.items():
            if remark := REMARKS.get(plain_word(word)):
                counts[remark] += count
        return [
            _("%(count)s order %(remark)s", count=count, remark=_(remark))
            if count == 1
            else _("%(count)s orders %(remark)s", count=f"{count:,}", remark=_(remark))
            for remark, count in counts.items()
        ]


def _not_a_status(name: str, cell: str) -> str:
    return (
        f"The column {name!r} has more than {MAX_WORDS} different words, such as {cell[:40]!r}, so it is not a status. "
        "Leave it out with --map status=."
    )


def _unknown(columns: Sequence[StatusColumn], counts: Counter[tuple[int, str]], keys: list[tuple[int, str]]) -> str:
    keys.sort(key=lambda key: -counts[key])
    shown = ", ".join(f"{columns[at].name} {word!r} ({counts[at, word]:,})" for at, word in keys[:MAX_WORDS_SHOWN])
    more = _(" and %(count)s more", count=len(keys) - MAX_WORDS_SHOWN) if len(keys) > MAX_WORDS_SHOWN else ""
    word = keys[0][1]
    return (
        f"Nothing was placed, because the meaning of these status words is unknown (with their rows): {shown}{more}. "
        f'State it for each, such as --status "{word}=paid"; allowed: {", ".join(Meaning)}.'
    )


# Order statuses that mean the same in any file. Words that differ between shops, such as "processing", are not here.
ORDER_WORDS = words(
    {
        Meaning.PLACED: "placed, new, open, created, received, pending, pending payment, awaiting payment, unpaid, "
        "on hold, offen, neu, ausstehend, unbezahlt, wartend, en attente, en attente de paiement, nouvelle, pendiente, "
        "pendiente de pago, nuevo, in attesa, in attesa di pagamento, nuovo, openstaand, in afwachting, nieuw, not paid, "
        "partially paid",
        Meaning.PAID: "paid, complete, completed, done, partially refunded, bezahlt, abgeschlossen, fertiggestellt, "
        "erledigt, payé, payée, terminé, terminée, pagado, pagada, completado, completada, pagato, completato, betaald, "
        "voltooid, afgerond",
        Meaning.PAID_AND_SHIPPED: "shipped, dispatched, sent, delivered, fulfilled, versandt, versendet, verschickt, "
        "geliefert, zugestellt, expédié, expédiée, livré, livrée, enviado, enviada, entregado, entregada, spedito, "
        "consegnato, verzonden, geleverd, bezorgd",
        Meaning.REFUNDED: "refunded, erstattet, rückerstattet, zurückerstattet, remboursé, remboursée, reembolsado, "
        "reembolsada, rimborsato, terugbetaald",
        Meaning.CANCELLED: "cancelled, canceled, voided, storniert, abgebrochen, annulé, annulée, cancelado, cancelada, "
        "anulado, annullato, geannuleerd",
        Meaning.NO_ORDER: "failed, declined, error, draft, quotation, quote, deleted, trash, trashed, test, spam, "
        "checkout draft, auto draft, fehlgeschlagen, entwurf, gelöscht, papierkorb, angebot, échoué, échouée, brouillon, "
        "corbeille, devis, fallido, fallida, borrador, papelera, presupuesto, fallito, bozza, cestino, preventivo, mislukt, "
        "concept, prullenbak, offerte",
    }
)
# A failed payment leaves an order that is unpaid.
PAYMENT_WORDS = words(
    {
        Meaning.PLACED: "pending, unpaid, not paid, open, due, overdue, authorized, authorised, partially paid, voided, "
        "failed, declined, expired, cancelled, canceled, awaiting payment, invoiced, offen, unbezahlt, ausstehend",
        Meaning.PAID: "paid, captured, completed, complete, settled, succeeded, partially refunded, bezahlt, payé, "
        "pagado, pagato, betaald",
        Meaning.REFUNDED: "refunded, erstattet, rückerstattet, remboursé, reembolsado, rimborsato, terugbetaald",
    }
)
FULFILLMENT_WORDS = words(
    {
        Meaning.PLACED: "unfulfilled, unshipped, not shipped, pending, open, scheduled, processing, in progress, ready, "
        "on hold, restocked, cancelled, canceled, no shipping required",
        Meaning.UNSHIPPED: "partial, partially fulfilled, partially shipped",
        Meaning.SHIPPED: "fulfilled, shipped, dispatched, sent, delivered, in transit, versandt, geliefert, zugestellt, "
        "expédié, livré, enviado, entregado, spedito, consegnato, verzonden, geleverd",
    }
)
