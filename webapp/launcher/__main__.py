"""`python -m webapp.launcher` is `make run`; with `env` or `psql` it is `make env` and `make psql`."""

from __future__ import annotations

import os
import sys

from ..config import ConfigError
from ..embedded import EmbeddedError, psql
from .data_directory import DataDirectory, export_line
from .run import Launcher
from .settings import Refused, Settings, data_dir


def main(arguments: list[str]) -> int:
    command = arguments[0] if arguments else "run"
    try:
        if command == "run":
            return Launcher(Settings.from_env(os.environ)).run()
        directory = DataDirectory(data_dir(os.environ))
        addresses = directory.addresses()
        if command == "env":
            print(export_line(*addresses, os.environ.get("SECRET_KEY") or directory.secret_key()))
        elif command == "psql":
            psql(addresses[0])
        else:
            raise Refused(f"{command!r} is no command; allowed are run, env and psql.")
    except (Refused, ConfigError, EmbeddedError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
