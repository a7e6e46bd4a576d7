"""The scripts that an entry script imports, for the page's <link rel="modulepreload">.

Without the links a browser finds a script only by reading the one that imports it: one round trip per level of imports.
"""

from __future__ import annotations

import re
from functools import cache

from flask import Flask

from . import static_files

IMPORTED = re.compile(r'^(?:import|export|\})(?:[^"\n]* from)? "\./([\w.-]+)";$', re.MULTILINE)


@cache
def imported_by(entry: str) -> tuple[str, ...]:
    """The names of all scripts that `entry` imports, also indirectly, each once and nearest first."""
    found: dict[str, None] = {}
    level = [entry]
    while level:
        imports = [name for script in level for name in IMPORTED.findall((static_files.FOLDER / script).read_text())]
        level = [name for name in dict.fromkeys(imports) if name not in found and name != entry]
        found.update(dict.fromkeys(level))
    return tuple(found)


def init_app(app: Flask) -> None:
    """Install `imported_by` for templates."""
    app.jinja_env.globals["imported_by"] = imported_by
