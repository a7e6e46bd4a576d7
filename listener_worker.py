"""The listener process: `python listener_worker.py`."""

from __future__ import annotations

import os
import signal
import sys

from webapp.config import CANNOT_START, Config, ConfigError
from webapp.config.config import LISTENER
from webapp.listener.listener import Listener
from webapp.observability import logs
from webapp.observability.metrics import listener as metrics
from webapp.relay.wake import RelayWake

log = logs.get("listener")


def main() -> None:
    logs.configure(os.environ)
    try:
        config = Config.from_env(os.environ, LISTENER)
        metrics.serve_if_asked(config)
        relay = RelayWake(config)
        listener = Listener(config, relay.wake)
    except ConfigError as error:
        print(error, file=sys.stderr)
        sys.exit(CANNOT_START)
    signal.signal(signal.SIGTERM, listener.stop)
    signal.signal(signal.SIGINT, listener.stop)
    relay.start()
    listener.run()
    log.info("stopped")


if __name__ == "__main__":
    main()
