"""Currency symbols and codes beside amounts. A symbol that several currencies share fits each of them."""

from __future__ import annotations

from functools import cache

from babel.numbers import list_currencies

_DOLLARS = (
    *("USD", "AUD", "BBD", "BMD", "BND", "BSD", "BZD", "CAD", "FJD", "GYD", "HKD", "JMD", "KYD", "LRD", "NAD", "NZD"),
    *("SBD", "SGD", "SRD", "TTD", "TWD", "XCD", "ARS", "CLP", "COP", "DOP", "MXN", "UYU"),
)
_SYMBOLS: dict[str, tuple[str, ...]] = {
    "$": _DOLLARS,
    "US$": ("USD",),
    "A$": ("AUD",),
    "AU$": ("AUD",),
    "C$": ("CAD", "NIO"),
    "CA$": ("CAD",),
    "HK$": ("HKD",),
    "MX$": ("MXN",),
    "NT$": ("TWD",),
    "NZ$": ("NZD",),
    "R$": ("BRL",),
    "S$": ("SGD",),
    "€": ("EUR",),
    "£": ("GBP", "EGP", "FKP", "GIP", "LBP", "SHP", "SSP", "SYP"),
    "¥": ("JPY", "CNY"),
    "円": ("JPY",),
    "元": ("CNY",),
    "CN¥": ("CNY",),
    "JP¥": ("JPY",),
    "kr": ("SEK", "NOK", "DKK", "ISK"),
    "kr.": ("DKK", "ISK", "SEK", "NOK"),
    "Fr.": ("CHF",),
    "SFr.": ("CHF",),
    "zł": ("PLN",),
    "Kč": ("CZK",),
    "Ft": ("HUF",),
    "lei": ("RON", "MDL"),
    "лв": ("BGN",),
    "лв.": ("BGN",),
    "₹": ("INR",),
    "Rs": ("INR", "PKR", "LKR", "NPR", "MUR", "SCR"),
    "Rs.": ("INR", "PKR", "LKR", "NPR", "MUR", "SCR"),
    "₽": ("RUB",),
    "₴": ("UAH",),
    "₺": ("TRY",),
    "₩": ("KRW",),
    "₫": ("VND",),
    "฿": ("THB",),
    "₱": ("PHP",),
    "₪": ("ILS",),
    "₦": ("NGN",),
    "RM": ("MYR",),
    "Rp": ("IDR",),
    "R": ("ZAR",),
    "S/": ("PEN",),
}
_BY_SYMBOL = {symbol.casefold(): currencies for symbol, currencies in _SYMBOLS.items()}
# The longest first, because a pattern takes the first that fits.
SYMBOLS = sorted(_SYMBOLS, key=len, reverse=True)


@cache
def _codes() -> frozenset[str]:
    return frozenset(list_currencies())


def currencies(unit: str) -> tuple[str, ...]:
    """The currencies that a symbol or an ISO code stands for; none if it is neither."""
    if (code := unit.upper()) in _codes():
        return (code,)
    return _BY_SYMBOL.get(unit.casefold(), ())
