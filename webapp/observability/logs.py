"""Logging of all processes, in logfmt for machines or as text for people.

Each process calls `configure` once; the `flask` commands do not, and keep their output. `get` returns one of our loggers;
lines of libraries have the same format. observability/incidents.py reduces an outage to one line per minute.
"""

from __future__ import annotations

import logging
import os
import re
import sys
import threading
import time
from collections.abc import Mapping, MutableMapping
from typing import Any

import structlog
from cachetools import TTLCache
from structlog.stdlib import BoundLogger, ProcessorFormatter

from ..config.config import LOG_FORMATS, LOG_LEVELS
from ..config.env import EnvReader

# The parent of all our loggers.
OURS = "doorbell"
REPEAT_SECONDS = 60.0
# Libraries that log the same line at each attempt during an outage of Redis.
REPEATING = ("celery.beat", "celery.worker.consumer", "kombu", "redis")

_FIRST = ["at", "level", "log", "pid", "event"]
_URL_PASSWORD = re.compile(r"(\w://[^\s:/@]{0,64}:)[^\s@]{1,256}@")
_DSN_PASSWORD = re.compile(r"(password=)\S+")
_EMAIL = re.compile(r"(?<![\w.+/:-])[\w.+-]{1,64}@[\w-]{1,64}\.[\w.-]{1,190}")
# Addresses that are secrets: of a TV, and of a link in a mail.
_TOKEN = re.compile(r"(/(?:tv|password-reset|invitation)/)[\w-]{20,}")
_SECRET_SIGNS = ("@", "password=", "/tv/", "/password-reset/", "/invitation/")
# All control characters but tab and line feed, line separators, and the marks that turn the direction of a text.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")


class LogLine(dict[str, Any]):
    """The keys and values of a log line. `str` is for processes without `configure`: a `flask` command or a test."""

    def __str__(self) -> str:
        rest = (f"{key}={value!r}" for key, value in self.items() if key not in ("event", "level", "log", "exc_info"))
        return " ".join([str(self.get("event")), *rest])


class RepeatFilter(logging.Filter):
    """Passes the same line of a library at most once per minute, so an outage is not one line per attempt."""

    def __init__(self, clock: Any = time.monotonic) -> None:
        super().__init__()
        self._lock = threading.Lock()
        # Bounded, because lines that never repeat must not fill the memory.
        self._logged: TTLCache[tuple[str, int, str], None] = TTLCache(100, REPEAT_SECONDS, clock)

    def filter(self, record: logging.LogRecord) -> bool:
        if not record.name.startswith(REPEATING):
            return True
        # The message without its values.
        key = (record.name, record.levelno, str(record.msg)[:80])
        with self._lock:
            if key in self._logged:
                return False
            self._logged[key] = None
        return True


def get(name: str) -> BoundLogger:
    """One of our loggers: `log.warning("redis is away", cause="subscription")`. `name` is the line's `log`."""
    logger = structlog.wrap_logger(
        logging.getLogger(f"{OURS}.{name}"),
        processors=[structlog.stdlib.filter_by_level, structlog.stdlib.add_log_level, _add_name, _to_logging],
        wrapper_class=BoundLogger,
        context_class=dict,
    )
    bound: BoundLogger = logger.bind()
    return bound


def configure(env: Mapping[str, str], libraries: int | None = None) -> None:
    """Send all logs to stderr in the format that `env` asks for. A second call replaces the first.

    LOG_LEVEL (INFO) is for our own lines. `libraries` is the minimum level for those of libraries: by default WARNING or
    LOG_LEVEL, whichever is higher. A value that is not valid counts as unset here; Config reports it with all other faults.
    """
    level = logging.getLevelName(EnvReader(env).one_of("LOG_LEVEL", LOG_LEVELS) or "INFO")
    handler = logging.StreamHandler(sys.stderr)
    handler.set_name(OURS)
    handler.setFormatter(formatter(env))
    handler.addFilter(RepeatFilter())
    root = logging.getLogger()
    for old in [old for old in root.handlers if old.get_name() == OURS]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(max(level, logging.WARNING) if libraries is None else libraries)
    logging.getLogger(OURS).setLevel(level)


def formatter(env: Mapping[str, str]) -> logging.Formatter:
    """The formatter of LOG_FORMAT; by default console for a demo or a terminal, else logfmt."""
    read, terminal = EnvReader(env), sys.stderr.isatty()
    is_for_people = read.switch("DOORBELL_DEMO", False) or terminal
    chosen = read.one_of("LOG_FORMAT", LOG_FORMATS) or ("console" if is_for_people else "logfmt")
    before: list[Any] = [ProcessorFormatter.remove_processors_meta, structlog.processors.format_exc_info, _mask]
    if chosen == "console":
        # Without the time, which `make run` writes before each line.
        shown: Any = structlog.dev.ConsoleRenderer(
            colors=terminal, sort_keys=False, pad_event_to=0, exception_formatter=structlog.dev.plain_traceback
        )
    else:
        stamp = structlog.processors.TimeStamper(fmt="iso", utc=True, key="at")
        if chosen == "json":
            # Keys without a value are left out, as in logfmt.
            shown = structlog.processors.JSONRenderer(ensure_ascii=False, default=str)
        else:
            shown = structlog.processors.LogfmtRenderer(key_order=_FIRST, drop_missing=True, bool_as_flag=False)
        before += [stamp, _add_pid, _in_one_line, *([_drop_missing] if chosen == "json" else [])]
    return ProcessorFormatter(
        processors=[*before, shown], foreign_pre_chain=[structlog.stdlib.add_log_level, _add_name]
    )


def _drop_missing(_logger: Any, _method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    return {key: value for key, value in line.items() if value is not None}


def _add_name(logger: Any, _method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    record = line.get("_record")
    name = record.name if record else logger.name
    line["log"] = name.removeprefix(f"{OURS}.")
    return line


def _add_pid(_logger: Any, _method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    line["pid"] = os.getpid()
    return line


def _to_logging(logger: Any, method: str, line: MutableMapping[str, Any]) -> tuple[tuple[LogLine], dict[str, Any]]:
    """Pass the line to `logging`; without our formatter it is written as plain text."""
    (_, keywords) = ProcessorFormatter.wrap_for_formatter(logger, method, line)
    return (LogLine(line),), keywords


def _mask(_logger: Any, _method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Replace e-mail addresses, tokens of TVs, and passwords in URLs; texts of libraries' errors have them."""
    for key, value in line.items():
        if isinstance(value, str | BaseException) and any(sign in (text := str(value)) for sign in _SECRET_SIGNS):
            text = _TOKEN.sub(r"\1[token]", text)
            text = _DSN_PASSWORD.sub(r"\1***", _URL_PASSWORD.sub(r"\1***@", text))
            line[key] = _EMAIL.sub("[e-mail]", text)
    return line


def _in_one_line(_logger: Any, _method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Escape control characters, which break lines and terminals; the renderer escapes line feeds."""
    for key, value in line.items():
        if isinstance(value, str):
            line[key] = _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", value.strip())
    return line
