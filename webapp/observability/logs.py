"""What the processes say: one line an incident, in logfmt for machines or as text for people.

`configure` is called once by each process; the `flask` commands do not call it and keep their output. `get` gives a logger
of ours; what libraries log goes through the same format. An incident's one line is the work of observability/incidents.py.
"""

from __future__ import annotations

import logging
import os
import re
import sys
import time
from collections.abc import Mapping, MutableMapping
from typing import Any

import structlog
from structlog.stdlib import BoundLogger, ProcessorFormatter

from ..config.config import LOG_FORMATS, LOG_LEVELS

OURS = "doorbell"  # the standard library's logger above all of ours
REPEAT_SECONDS = 60.0
# Libraries that say the same at every try while Redis is away.
REPEATING = ("celery.beat", "celery.worker.consumer", "kombu", "redis")

_FIRST = ["at", "level", "log", "pid", "event"]
_URL_PASSWORD = re.compile(r"(\w://[^\s:/@]{0,64}:)[^\s@]{1,256}@")
_DSN_PASSWORD = re.compile(r"(password=)\S+")
_EMAIL = re.compile(r"(?<![\w.+/:-])[\w.+-]{1,64}@[\w-]{1,64}\.[\w.-]{1,190}")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\x85\u2028\u2029]")  # all but tab and line feed


class LogLine(dict[str, Any]):
    """A log line's keys and values. As text where nobody has called `configure`: in a `flask` command or a test."""

    def __str__(self) -> str:
        rest = (f"{key}={value!r}" for key, value in self.items() if key not in ("event", "level", "log", "exc_info"))
        return " ".join([str(self.get("event")), *rest])


class Once(logging.Filter):
    """Lets a library say the same at most once a minute, so that an outage is a line a minute and not one a try."""

    def __init__(self, clock: Any = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._said: dict[tuple[str, int, str], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        if not record.name.startswith(REPEATING):
            return True
        what = (record.name, record.levelno, str(record.msg)[:80])  # the text before its values are put in
        now = self._clock()
        if now - self._said.get(what, -REPEAT_SECONDS) < REPEAT_SECONDS:
            return False
        if len(self._said) > 100:  # texts that are never the same again
            self._said.clear()
        self._said[what] = now
        return True


def get(name: str) -> BoundLogger:
    """A logger of ours: `log.warning("redis is away", cause="subscription")`. Its name is the line's `log`."""
    logger = structlog.wrap_logger(
        logging.getLogger(f"{OURS}.{name}"),
        processors=[structlog.stdlib.filter_by_level, structlog.stdlib.add_log_level, _add_name, _hand_on],
        wrapper_class=BoundLogger,
        context_class=dict,
    )
    bound: BoundLogger = logger.bind()
    return bound


def configure(env: Mapping[str, str], libraries: int | None = None) -> None:
    """Send all logs to stderr in the format that `env` asks for. Called again it replaces what it did before.

    LOG_LEVEL (INFO) is for our own lines; libraries speak from `libraries` on, by default from WARNING or LOG_LEVEL,
    whichever is higher. A wrong value counts as unset here: it is Config that refuses it, with all other faults.
    """
    level = logging.getLevelName(_allowed(env, "LOG_LEVEL", LOG_LEVELS) or "INFO")
    handler = logging.StreamHandler(sys.stderr)
    handler.set_name(OURS)
    handler.setFormatter(formatter(env))
    handler.addFilter(Once())
    root = logging.getLogger()
    for old in [old for old in root.handlers if old.get_name() == OURS]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(max(level, logging.WARNING) if libraries is None else libraries)
    logging.getLogger(OURS).setLevel(level)


def formatter(env: Mapping[str, str]) -> logging.Formatter:
    """LOG_FORMAT, else console for a person (a demo or a terminal) and logfmt for a machine."""
    terminal = sys.stderr.isatty()
    demo = env.get("DOORBELL_DEMO", "").strip().lower() in ("1", "true", "yes", "on")
    chosen = _allowed(env, "LOG_FORMAT", LOG_FORMATS) or ("console" if demo or terminal else "logfmt")
    before: list[Any] = [ProcessorFormatter.remove_processors_meta, structlog.processors.format_exc_info, _mask]
    if chosen == "console":  # no time: the terminal's reader sees it, and `make run` writes it before each line
        shown: Any = structlog.dev.ConsoleRenderer(
            colors=terminal, sort_keys=False, pad_event_to=0, exception_formatter=structlog.dev.plain_traceback
        )
    else:
        stamp = structlog.processors.TimeStamper(fmt="iso", utc=True, key="at")
        shown = structlog.processors.LogfmtRenderer(key_order=_FIRST, drop_missing=True, bool_as_flag=False)
        before += [stamp, _add_pid, _in_one_line]
    return ProcessorFormatter(
        processors=[*before, shown], foreign_pre_chain=[structlog.stdlib.add_log_level, _add_name]
    )


def _allowed(env: Mapping[str, str], name: str, allowed: tuple[str, ...]) -> str | None:
    value = env.get(name, "").strip().lower()
    return next((spelling for spelling in allowed if spelling.lower() == value), None)


def _add_name(logger: Any, _method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    record = line.get("_record")
    name = record.name if record else logger.name
    line["log"] = name.removeprefix(f"{OURS}.")
    return line


def _add_pid(_logger: Any, _method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    line["pid"] = os.getpid()
    return line


def _hand_on(logger: Any, method: str, line: MutableMapping[str, Any]) -> tuple[tuple[LogLine], dict[str, Any]]:
    """To the standard library, whose handler has our formatter; where it has not, the line is text all the same."""
    (_, keywords) = ProcessorFormatter.wrap_for_formatter(logger, method, line)
    return (LogLine(line),), keywords


def _mask(_logger: Any, _method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Passwords of addresses and e-mails, which come with the texts of other people's errors."""
    for key, value in line.items():
        if isinstance(value, str | BaseException) and ("@" in (text := str(value)) or "password=" in text):
            text = _DSN_PASSWORD.sub(r"\1***", _URL_PASSWORD.sub(r"\1***@", text))
            line[key] = _EMAIL.sub("[e-mail]", text)
    return line


def _in_one_line(_logger: Any, _method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """What would break a line or a terminal is spelled out; the renderer does so with line feeds."""
    for key, value in line.items():
        if isinstance(value, str):
            line[key] = _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", value.strip())
    return line
