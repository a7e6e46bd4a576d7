"""One epoll for all sockets that are written to directly: which peers disconnected, and which sockets are writable again.

gevent would use one watcher per socket: ten thousand of them cost memory, and each needs a waiting greenlet. An epoll is itself
a descriptor, so gevent watches only that one.
"""

from __future__ import annotations

import select
from collections.abc import Callable
from typing import Any

from ..observability import logs

# EPOLLRDHUP | EPOLLHUP | EPOLLERR. A client that shuts down its sending side counts as disconnected.
HUNG_UP = 0x2000 | 0x10 | 0x8
WRITABLE = 0x4  # EPOLLOUT
MAX_EVENTS = 256  # handled before other greenlets run

log = logs.get("hub")


class EpollWatcher:
    """Calls `ready(fd, hung_up)` for each event, in its own greenlet; `ready` must not wait."""

    def __init__(self, ready: Callable[[int, bool], None]) -> None:
        import gevent
        from gevent import monkey

        # gevent removes `epoll` from `select`, because its poll() would block all greenlets.
        epoll = monkey.get_original("select", "epoll") if monkey.is_module_patched("select") else select.epoll
        self._epoll: Any = epoll()
        self._ready = ready
        gevent.spawn(self._run)

    def add(self, fd: int) -> None:
        self._epoll.register(fd, HUNG_UP)

    def want_write(self, fd: int, wanted: bool) -> None:
        """Whether to report when `fd` is writable."""
        self._epoll.modify(fd, HUNG_UP | WRITABLE if wanted else HUNG_UP)

    def remove(self, fd: int) -> None:
        self._epoll.unregister(fd)

    def _run(self) -> None:
        import gevent

        hub = gevent.get_hub()
        watcher = hub.loop.io(self._epoll.fileno(), 1)
        while True:
            hub.wait(watcher)
            for fd, events in self._epoll.poll(0, MAX_EVENTS):
                try:
                    self._ready(fd, bool(events & HUNG_UP))
                except Exception:
                    log.exception("failed to handle a socket event", fd=fd)
