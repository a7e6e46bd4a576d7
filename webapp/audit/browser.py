"""A short name of a browser, such as "Firefox 131 on Windows". Only names of this file and digits come from the header."""

from __future__ import annotations

import re

from ..models import AUDIT_BROWSER_MAX_CHARS

# In this order, because Edge and Opera name Chrome too, and Chrome names Safari.
_BROWSERS = (
    ("Edge", re.compile(r"\bEdgA?(?:iOS)?/(\d{1,4})")),
    ("Opera", re.compile(r"\bOPR/(\d{1,4})")),
    ("Samsung Internet", re.compile(r"\bSamsungBrowser/(\d{1,4})")),
    ("Firefox", re.compile(r"\b(?:Firefox|FxiOS)/(\d{1,4})")),
    ("Chrome", re.compile(r"\b(?:Headless)?(?:Chrome|CriOS)/(\d{1,4})")),
    ("Safari", re.compile(r"\bVersion/(\d{1,4})[\d.]* (?:Mobile/\w+ )?Safari/")),
    ("curl", re.compile(r"^curl/(\d{1,4})")),
)
_SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)


def short_name(user_agent: str) -> str | None:
    """The browser's name, version and system; None for a header that has none of them."""
    header = user_agent[:400]
    matches = ((name, pattern.search(header)) for name, pattern in _BROWSERS)
    browser = next((f"{name} {found[1]}" for name, found in matches if found), "")
    system = next((shown for sign, shown in _SYSTEMS if sign in header), "")
    return (f"{browser} on {system}" if browser and system else browser or system)[:AUDIT_BROWSER_MAX_CHARS] or None
