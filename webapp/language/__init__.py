"""The texts of pages and errors in the reader's language, by Flask-Babel. English texts are the keys of the catalogs.

Texts for operators stay English: log lines, `flask` commands, the doctor, metrics.
"""

from __future__ import annotations

from .stored import N_, stored_text
from .texts import gettext, in_locale, lazy_gettext, ngettext, pgettext

__all__ = ["N_", "gettext", "in_locale", "lazy_gettext", "ngettext", "pgettext", "stored_text"]
