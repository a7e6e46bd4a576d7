"""Typed values from environment variables, with a message for each value that is not valid."""

from __future__ import annotations

import math
from collections.abc import Mapping

_SWITCH = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}


class EnvReader:
    """Reads variables of `env` and collects in `faults` what is wrong with them, so that all faults are reported at once.

    Surrounding blanks do not count. Each message has what was seen, what is allowed and what to do. A method returns its
    default, or None, for a variable that is not set or not valid.
    """

    def __init__(self, env: Mapping[str, str]) -> None:
        self.env = env
        self.faults: list[str] = []

    def fault(self, message: str) -> None:
        """Add a fault. A variable that is read twice is reported once."""
        if message not in self.faults:
            self.faults.append(message)

    def text(self, name: str, default: str = "") -> str:
        return self.env.get(name, "").strip() or default

    def one_of(self, name: str, allowed: tuple[str, ...]) -> str | None:
        """The value in the spelling of `allowed`; upper and lower case are the same."""
        value = self.text(name)
        found = {spelling.lower(): spelling for spelling in allowed}.get(value.lower())
        if value and found is None:
            self.fault(f"{name} is {value!r}; allowed: {', '.join(allowed)}. Leave it out for the default.")
        return found

    def switch(self, name: str, default: bool) -> bool:
        value = self.text(name).lower()
        if value and value not in _SWITCH:
            self.fault(f"{name} is {value!r}; allowed: {', '.join(_SWITCH)}.")
        return _SWITCH.get(value, default)

    def whole_number(self, name: str, default: int, minimum: int, maximum: int) -> int:
        value = self.text(name)
        if not value:
            return default
        if not (value.isascii() and value.isdigit() and len(value) < 10 and minimum <= int(value) <= maximum):
            self.fault(f"{name} is {value!r}; allowed: a whole number from {minimum} to {maximum}.")
            return default
        return int(value)

    def seconds(self, name: str, default: float, minimum: float, maximum: float = math.inf) -> float:
        value = self.text(name)
        try:
            seconds = float(value) if value else default
        except ValueError:
            seconds = math.nan
        if not minimum <= seconds <= maximum or seconds == math.inf:
            limits = f"at least {minimum:g}" if maximum == math.inf else f"from {minimum:g} to {maximum:g}"
            self.fault(f"{name} is {value!r}; allowed: a number of seconds, {limits}.")
            return default
        return seconds

    def url(self, name: str, schemes: tuple[str, ...], example: str) -> str:
        """The address, or "" where it is missing or has another scheme. Messages never show it: it may hold a password."""
        value = self.text(name)
        scheme, separator, _ = value.partition("://")
        if separator and scheme in schemes:
            return value
        if not value:
            seen = "is not set"
        else:
            seen = f"{f'begins with {scheme!r}' if separator else 'has no scheme'}; allowed: {', '.join(schemes)}"
        self.fault(f"{name} {seen}. Set it to an address like {example}.")
        return ""
