"""The port on which a process without HTTP of its own answers Prometheus."""

from __future__ import annotations

from prometheus_client import disable_created_metrics, start_http_server

from ..config import ConfigError


def serve_if_asked(setting: str, port: int, host: str) -> int | None:
    """Serve where the operator gave a port; 0 is none. Returns the port that is served."""
    return serve(port, host, setting) if port else None


def serve(port: int, host: str = "127.0.0.1", setting: str = "the metrics' port") -> int:
    """Answer `GET /metrics` from a thread, until the process ends. Returns the port, which the system chooses for 0.

    Raises ConfigError when it cannot be had: `setting` is the variable that the operator gave it in.
    """
    disable_created_metrics()  # a second series for each, which nobody asks for
    try:
        server, _thread = start_http_server(port, addr=host)
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or error
        fault = f"{setting} is {port}, which cannot be had on {host!r} ({reason})."
        raise ConfigError([f"{fault} Choose a free port, or 0 for no metrics; METRICS_HOST is the address."]) from error
    return int(server.server_port)
