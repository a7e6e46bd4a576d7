"""One epoll for all sockets that are written to directly: who hung up, and who can be written to again.

gevent has a watcher a socket for that; ten thousand of them cost memory, and a greenlet would have to wait in each. An epoll
is a descriptor itself, so gevent watches that one.
"""

from __future__ import annotations

import select
from collections.abc import Callable
from typing import Any

from ..observability import logs

HUNG_UP = 0x2000 | 0x10 | 0x8  # EPOLLRDHUP | EPOLLHUP | EPOLLERR: a page that sends no more reads no more
WRITABLE = 0x4  # EPOLLOUT
AT_ONCE = 256  # sockets looked after before other greenlets have their turn

log = logs.get("hub")


class EpollWatcher:
    """`ready(fd, hung_up)` is called for each event, in a greenlet of its own; it must not wait."""

    def __init__(self, ready: Callable[[int, bool], None]) -> None:
        import gevent
        from gevent import monkey

        epoll = monkey.get_original("select", "epoll") if monkey.is_module_patched("select") else select.epoll
        self._epoll: Any = epoll()  # gevent takes it out of `select`, because poll() would hold up everybody
        self._ready = ready
        gevent.spawn(self._run)

    def add(self, fd: int) -> None:
        self._epoll.register(fd, HUNG_UP)

    def change(self, fd: int, writable: bool) -> None:
        self._epoll.modify(fd, HUNG_UP | WRITABLE if writable else HUNG_UP)

    def remove(self, fd: int) -> None:
        self._epoll.unregister(fd)

    def _run(self) -> None:
        import gevent

        hub = gevent.get_hub()
        watcher = hub.loop.io(self._epoll.fileno(), 1)
        while True:
            hub.wait(watcher)
            for fd, events in self._epoll.poll(0, AT_ONCE):
                try:
                    self._ready(fd, bool(events & HUNG_UP))
                except Exception:
                    log.exception("a stream's socket failed", fd=fd)
