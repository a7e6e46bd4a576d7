"""A model of quiet mode (docs/doorbell.md): writers, two listeners and crashes, in every order of steps.

`steps` gives every state that may follow a state. The safety drain, which finds a lost change after 5 s, is not in the
model, so a protocol that passes does not depend on it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

LISTENERS = (0, 1)


@dataclass(frozen=True)
class Protocol:
    """The default is Doorbell's protocol; each other value of a field is a plausible mistake."""

    grace: str = "until no older writer is left"  # or "none", "one drain"
    # Or "a snapshot's xmax", which is one more than the newest id that has ended.
    older_than: str = "an id of its own"
    # A new leader's; or "grace", "asleep".
    first_state: str = "waking"
    # Or "a row", which a writer sees as its snapshot shows it.
    quiet_is: str = "a lock"
    # The writer has its transaction id before it tries the lock.
    write_first: bool = True


class Writer(NamedTuple):
    """One transaction. `saw_quiet` is what its snapshot shows when quiet mode is a row."""

    # idle, open, written (has its id), ready (has tried the lock), committed, rolled back
    at: str = "idle"
    saw_quiet: bool = False
    tried: bool = False
    rings: bool = False

    @property
    def has_id(self) -> bool:
        return self.at in ("written", "ready")


class Listener(NamedTuple):
    """One process. `read` is its cursor: the transactions that it has read."""

    # standing by, reading, publishing, saving, deciding, waiting, dying, dead
    at: str = "standing by"
    state: str = ""
    read: frozenset[int] = frozenset()
    found: frozenset[int] = frozenset()
    older: frozenset[int] = frozenset()  # must end before it sleeps
    open_then: frozenset[int] = frozenset()  # open at the last read
    rung: bool = False  # a ring has arrived


class State(NamedTuple):
    """The whole system. When a listener dies, its locks are freed one after the other, in either order."""

    writers: tuple[Writer, ...]
    listeners: tuple[Listener, ...]
    leads: int | None = None
    quiet: int | None = None
    saved: frozenset[int] = frozenset()
    published: frozenset[int] = frozenset()
    crashes: int = 0
    ids: tuple[int, ...] = ()  # writers in order of their ids

    @property
    def committed(self) -> frozenset[int]:
        return frozenset(n for n, writer in enumerate(self.writers) if writer.at == "committed")

    @property
    def open(self) -> frozenset[int]:
        return frozenset(n for n, writer in enumerate(self.writers) if writer.has_id)

    @property
    def open_below_xmax(self) -> frozenset[int]:
        """The open transactions that a snapshot can list as in progress."""
        ended = [place for place, n in enumerate(self.ids) if n not in self.open]
        return frozenset(self.ids[: max(ended, default=-1) + 1]) & self.open


def start(writers: int, crashes: int) -> State:
    return State((Writer(),) * writers, (Listener(),) * len(LISTENERS), crashes=crashes)


def steps(state: State, protocol: Protocol) -> Iterator[State]:
    for n in range(len(state.writers)):
        yield from _write(state, n, protocol)
    for n in LISTENERS:
        yield from _listen(state, n, protocol)
        yield from _die(state, n)


def _write(state: State, n: int, protocol: Protocol) -> Iterator[State]:
    writer = state.writers[n]
    if writer.at == "idle":
        yield _with_writer(state, n, writer._replace(at="open", saw_quiet=state.quiet is not None))
    elif writer.at == "open":
        if protocol.write_first or writer.tried:
            written = writer._replace(at="ready" if writer.tried else "written")
            yield _with_writer(state._replace(ids=(*state.ids, n)), n, written)
        else:
            yield _with_writer(state, n, _try_lock(state, writer, protocol))
    elif writer.at == "written":
        yield _with_writer(state, n, _try_lock(state, writer, protocol)._replace(at="ready"))
    elif writer.at == "ready":
        yield _with_writer(state, n, writer._replace(at="rolled back"))
        committed = _with_writer(state, n, writer._replace(at="committed"))
        yield _ring(committed) if writer.rings else committed


def _try_lock(state: State, writer: Writer, protocol: Protocol) -> Writer:
    quiet = state.quiet is not None if protocol.quiet_is == "a lock" else writer.saw_quiet
    return writer._replace(tried=True, rings=not quiet)


def _ring(state: State) -> State:
    """Only the leader receives a ring, because a standby does not LISTEN."""
    if state.leads is None or state.listeners[state.leads].at == "dying":
        return state
    return _with_listener(state, state.leads, state.listeners[state.leads]._replace(rung=True))


def _listen(state: State, n: int, protocol: Protocol) -> Iterator[State]:
    me = state.listeners[n]
    if me.at == "standing by" and state.leads is None:
        fresh = Listener("reading", protocol.first_state, read=state.saved)
        yield _with_listener(state._replace(leads=n), n, fresh)
    elif me.at == "reading":
        found = state.committed - me.read
        after = me._replace(found=found, read=state.committed, open_then=state.open)
        yield _with_listener(state, n, after._replace(at="publishing" if found else "deciding"))
    elif me.at == "publishing":
        yield _with_listener(state._replace(published=state.published | me.found), n, me._replace(at="saving"))
    elif me.at == "saving":
        yield _with_listener(state._replace(saved=me.read), n, me._replace(at="deciding"))
    elif me.at == "deciding":
        yield from decide(state, n, protocol)
    elif me.at == "waiting" and (me.rung or me.state != "asleep"):
        yield _with_listener(state, n, me._replace(at="reading", rung=False, found=frozenset()))


def decide(state: State, n: int, protocol: Protocol) -> Iterator[State]:
    """webapp/doorbell/quiet_mode.py, with one empty drain instead of three."""
    me = state.listeners[n]._replace(at="waiting")
    if me.state == "awake":
        yield _enter_grace(state, n, protocol) if not me.found else _with_listener(state, n, me)
    elif me.found or me.state == "waking":
        yield _with_listener(state, n, me._replace(state="waking"))  # a writer shares the lock
        if state.quiet is None:
            yield _with_listener(state._replace(quiet=n), n, me._replace(state="awake"))
    elif me.state == "grace":
        over = not me.older & me.open_then or protocol.grace == "one drain"
        yield _with_listener(state, n, me._replace(state="asleep" if over else "grace"))
    else:
        yield _with_listener(state, n, me)


def _enter_grace(state: State, n: int, protocol: Protocol) -> State:
    after = "asleep" if protocol.grace == "none" else "grace"
    older = state.open if protocol.older_than == "an id of its own" else state.open_below_xmax
    me = state.listeners[n]._replace(at="waiting", state=after, older=older)
    return _with_listener(state._replace(quiet=None), n, me)


def _die(state: State, n: int) -> Iterator[State]:
    me = state.listeners[n]
    if me.at not in ("dying", "dead") and state.crashes:
        yield _with_listener(state._replace(crashes=state.crashes - 1), n, Listener("dying"))
    elif me.at == "dying":
        if state.leads == n:
            yield state._replace(leads=None)
        if state.quiet == n:
            yield state._replace(quiet=None)
        if n not in (state.leads, state.quiet):
            yield _with_listener(state, n, Listener("standing by"))


def faults(state: State) -> str | None:
    """The fault of a state, as text; None when it has none."""
    if not state.saved <= state.published:
        return "the cursor has passed a change that was never published"
    writers_are_done = all(writer.at in ("committed", "rolled back") for writer in state.writers)
    for me in state.listeners:
        asleep = me.at == "waiting" and me.state == "asleep" and not me.rung
        if writers_are_done and asleep and state.committed - state.published:
            return "the leader is asleep, and no ring will come for a change that it has not read"
    return None


@dataclass(frozen=True)
class Explored:
    """The number of states that can be reached, or the shortest path to the first one with a fault."""

    states: int
    fault: str | None
    path: tuple[State, ...]


def explore(protocol: Protocol, writers: int, crashes: int) -> Explored:
    came_from: dict[State, State | None] = {}
    for state in _reached(protocol, writers, crashes, came_from):
        if fault := faults(state):
            return Explored(len(came_from), fault, _path(state, came_from))
    return Explored(len(came_from), None, ())


def ways_to_decisions(protocol: Protocol, writers: int, crashes: int) -> Iterator[tuple[tuple[State, ...], int]]:
    """The shortest path to each state in which a leader decides, and which listener leads."""
    came_from: dict[State, State | None] = {}
    for state in _reached(protocol, writers, crashes, came_from):
        for n in LISTENERS:
            if state.listeners[n].at == "deciding":
                yield _path(state, came_from), n


def _reached(protocol: Protocol, writers: int, crashes: int, came_from: dict[State, State | None]) -> Iterator[State]:
    """All states that can be reached, nearest first. `came_from` gets the state before each."""
    first = start(writers, crashes)
    came_from[first] = None
    queue = deque([first])
    while queue:
        state = queue.popleft()
        yield state
        for after in steps(state, protocol):
            if after not in came_from:
                came_from[after] = state
                queue.append(after)


def _path(state: State | None, came_from: dict[State, State | None]) -> tuple[State, ...]:
    path: list[State] = []
    while state is not None:
        path.append(state)
        state = came_from[state]
    return tuple(reversed(path))


def _with_writer(state: State, n: int, writer: Writer) -> State:
    return state._replace(writers=(*state.writers[:n], writer, *state.writers[n + 1 :]))


def _with_listener(state: State, n: int, listener: Listener) -> State:
    return state._replace(listeners=(*state.listeners[:n], listener, *state.listeners[n + 1 :]))
