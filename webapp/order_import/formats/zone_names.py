"""Names of time zones in a column of an export, as IANA names."""

from __future__ import annotations

from zoneinfo import available_timezones

from ...language import gettext as _
from ..errors import ValueInvalid

# Where these have several meanings, that of the exports' home: North America. zoneinfo writes the hours with the other sign.
ABBREVIATIONS = {
    **dict.fromkeys(("UTC", "GMT", "Z", "WET"), "Etc/GMT"),
    **dict.fromkeys(("BST", "WEST", "CET", "MEZ"), "Etc/GMT-1"),
    **dict.fromkeys(("CEST", "MESZ", "EET"), "Etc/GMT-2"),
    "EEST": "Etc/GMT-3",
    "IST": "Asia/Kolkata",
    "JST": "Etc/GMT-9",
    "AWST": "Etc/GMT-8",
    "AEST": "Etc/GMT-10",
    "AEDT": "Etc/GMT-11",
    "NZST": "Etc/GMT-12",
    "NZDT": "Etc/GMT-13",
    "AST": "Etc/GMT+4",
    "ADT": "Etc/GMT+3",
    **dict.fromkeys(("EST", "CDT"), "Etc/GMT+5"),
    "EDT": "Etc/GMT+4",
    **dict.fromkeys(("CST", "MDT"), "Etc/GMT+6"),
    **dict.fromkeys(("MST", "PDT"), "Etc/GMT+7"),
    **dict.fromkeys(("PST", "AKDT"), "Etc/GMT+8"),
    "AKST": "Etc/GMT+9",
    "HST": "Etc/GMT+10",
}
# As Square writes them.
NAMES = {
    "Eastern Time (US & Canada)": "America/New_York",
    "Central Time (US & Canada)": "America/Chicago",
    "Mountain Time (US & Canada)": "America/Denver",
    "Arizona": "America/Phoenix",
    "Pacific Time (US & Canada)": "America/Los_Angeles",
    "Alaska": "America/Anchorage",
    "Hawaii": "Pacific/Honolulu",
    "Atlantic Time (Canada)": "America/Halifax",
    "London": "Europe/London",
    "Dublin": "Europe/Dublin",
    "Paris": "Europe/Paris",
    "Madrid": "Europe/Madrid",
    "Tokyo": "Asia/Tokyo",
    "Sydney": "Australia/Sydney",
    "Melbourne": "Australia/Melbourne",
    "Brisbane": "Australia/Brisbane",
    "Perth": "Australia/Perth",
}


def iana(name: str) -> str:
    """The IANA name of a zone. Raises ValueInvalid for an unknown one."""
    text = name.strip()
    zone = ABBREVIATIONS.get(text.upper()) or NAMES.get(text) or text
    if zone not in available_timezones():
        raise ValueInvalid(
            _("%(text)r is not a known time zone; allowed: names such as Europe/Berlin, PST or CET", text=text)
        )
    return zone
