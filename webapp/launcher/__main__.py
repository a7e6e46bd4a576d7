"""`python -m webapp.launcher` is `make run`; the arguments `env` and `psql` are `make env` and `make psql`."""

from __future__ import annotations

import os
import sys

from ..config import ConfigError
from ..config.env import EnvReader
from .data_directory import DataDirectory, export_line
from .interrupt import Interrupt
from .settings import LaunchRefused, Settings, data_dir


def main(arguments: list[str]) -> int:
    command = arguments[0] if arguments else "run"
    try:
        if command == "run":
            return run(Settings.from_env(os.environ))
        directory = DataDirectory(data_dir(EnvReader(os.environ)))
        addresses = directory.addresses()
        if command == "env":
            print(export_line(addresses, os.environ.get("SECRET_KEY") or directory.secret_key()))
        elif command == "psql":
            from .embedded_postgres import psql

            psql(addresses.database_url)
        else:
            raise LaunchRefused(f"{command!r} is not a command; allowed are run, env and psql.")
    except (LaunchRefused, ConfigError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def run(settings: Settings) -> int:
    """Check the directory and the port first, because the other imports take seconds."""
    interrupt, directory = Interrupt(), DataDirectory(settings.data_dir)
    with directory.held():
        # Processes of a killed launcher would still hold the port.
        directory.end_processes()
        settings.check_port()
        from .run import Launcher

        return Launcher(settings, directory, interrupt).run()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
