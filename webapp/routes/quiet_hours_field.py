"""The two fields of quiet hours: times of day as a browser sends them, "22:00"."""

from __future__ import annotations

import re
from datetime import time

from ..language import gettext as _
from ..queries.notification_preferences import QuietTimes

# Some browsers add seconds.
_TIME = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])(:[0-5][0-9])?")


class QuietHoursInvalid(Exception):
    """The message has what was typed and what to do, for the user."""


def parse_quiet_hours(starts: str, ends: str) -> QuietTimes | None:
    """None for two empty fields. Raises QuietHoursInvalid."""
    starts, ends = starts.strip(), ends.strip()
    if not starts and not ends:
        return None
    if not starts or not ends:
        raise QuietHoursInvalid(_("Enter both times of the quiet hours, or leave both empty."))
    quiet = QuietTimes(_time(starts), _time(ends))
    if quiet.starts == quiet.ends:
        raise QuietHoursInvalid(
            _("Quiet hours cannot begin and end at %(time)s. Enter two different times.", time=starts)
        )
    return quiet


def _time(text: str) -> time:
    found = _TIME.fullmatch(text)
    if found is None:
        raise QuietHoursInvalid(_("'%(text)s' is not a time. Enter it like 22:00.", text=text[:20]))
    return time(int(found[1]), int(found[2]))
