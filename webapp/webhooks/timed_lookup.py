"""Look-ups of hosts with a limit of time. The system's resolver has none: it can take a minute, and cannot be interrupted."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from ..language import gettext as _
from .addresses import Resolve, lookup

# Look-ups that run at once, those without a waiting caller included: domains of name servers that do not answer.
MAX_LOOKUPS = 200
_slots = threading.BoundedSemaphore(MAX_LOOKUPS)


class _Lookup:
    """One look-up in a thread of its own, which goes on when its caller has left."""

    def __init__(self, resolve: Resolve, host: str, port: int) -> None:
        self._resolve, self._host, self._port = resolve, host, port
        self._found: Sequence[str] = ()
        self._error: Exception | None = None
        self._done = threading.Event()

    def run(self) -> None:
        try:
            self._found = self._resolve(self._host, self._port)
        except Exception as error:
            self._error = error
        finally:
            _slots.release()
            self._done.set()

    def wait(self, seconds: float) -> Sequence[str]:
        if not self._done.wait(seconds):
            raise TimeoutError(_("the look-up takes too long"))
        if self._error is not None:
            raise self._error
        return self._found


def lookup_within(seconds: float, host: str, port: int, resolve: Resolve = lookup) -> Sequence[str]:
    """The addresses of a host. Raises TimeoutError after `seconds`, and the errors of `resolve`."""
    if not _slots.acquire(timeout=seconds):
        raise TimeoutError(_("%(max_lookups)s other look-ups take too long", max_lookups=MAX_LOOKUPS))
    started = _Lookup(resolve, host, port)
    try:
        threading.Thread(target=started.run, name="webhook-lookup", daemon=True).start()
    except RuntimeError:
        _slots.release()
        raise
    return started.wait(seconds)
